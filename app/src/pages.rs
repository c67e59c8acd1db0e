//! The pages, each found from its address: `/jobs/:id/edit` is `jobs/edit.rs`.

pub mod account;
pub mod api_docs;
pub mod approvals;
pub mod audit;
pub mod calendars;
pub mod executors;
pub mod freezes;
pub mod home;
pub mod jobs;
pub mod login;
pub mod namespaces;
pub mod runs;
pub mod search;
pub mod servers;
pub mod settings;
pub mod statistics;
pub mod topology;
pub mod users;
