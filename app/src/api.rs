//! Server functions, one file per noun. Each extracts, delegates, converts.

pub mod account;
pub mod calendars;
pub mod executors;
pub mod freezes;
pub mod home;
pub mod jobs;
pub mod logs;
pub mod preferences;
pub mod runs;
pub mod statistics;
pub mod topology;
