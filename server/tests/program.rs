//! The program as whoever operates it sees it: a process of its own that is started, stopped and
//! killed, with executors beside it that behave as badly as executors do.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "program/backup.rs"]
mod backup;
#[path = "program/bad_executors.rs"]
mod bad_executors;
#[path = "program/bad_input.rs"]
mod bad_input;
#[path = "program/crash.rs"]
mod crash;
#[path = "program/demo.rs"]
mod demo;
#[path = "program/executor.rs"]
mod executor;
#[path = "program/own_executor.rs"]
mod own_executor;
#[path = "program/put_back.rs"]
mod put_back;
#[path = "program/schedule.rs"]
mod schedule;
#[path = "program/start.rs"]
mod start;
#[path = "program/support.rs"]
mod support;
