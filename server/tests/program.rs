//! The program as whoever operates it sees it: a process of its own that is started, stopped and
//! killed, with executors beside it that behave as badly as executors do.

#[cfg(test)]
#[path = "program/bad_executors.rs"]
mod bad_executors;
#[cfg(test)]
#[path = "program/bad_input.rs"]
mod bad_input;
#[cfg(test)]
#[path = "program/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "program/executor.rs"]
mod executor;
#[cfg(test)]
#[path = "program/start.rs"]
mod start;
#[cfg(test)]
#[path = "program/support.rs"]
mod support;
