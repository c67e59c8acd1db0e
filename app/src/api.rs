//! Server functions, one file per noun. Each extracts, delegates, converts.

pub mod account;
pub mod alert_rules;
pub mod api_docs;
pub mod approvals;
pub mod audit;
pub mod calendars;
pub mod channels;
pub mod deliveries;
pub mod executors;
pub mod freezes;
pub mod home;
pub mod jobs;
pub mod logs;
pub mod may;
pub mod namespaces;
pub mod preferences;
pub mod retention;
pub mod runs;
pub mod search;
pub mod servers;
pub mod statistics;
pub mod tokens;
pub mod topology;
pub mod users;
