//! The use cases on a real database, each rule as one test: SQLite, or the server whose URL is in
//! `ORRERY_TEST_SERVICES_URL`. The clock stands still until a test moves it.

#[cfg(test)]
#[path = "support/database.rs"]
mod database;
#[cfg(test)]
#[path = "support/servers.rs"]
mod servers;

#[cfg(test)]
mod services {
    mod alert_rules;
    mod alerts;
    mod alerts_by_time;
    mod alerts_of_runs;
    mod api_tokens;
    mod approvals;
    mod audit;
    mod backfill;
    mod calendars;
    mod channels;
    mod cleanings;
    mod crowd;
    mod executors;
    mod failures;
    mod freezes;
    mod grants;
    mod hooks;
    mod host_metrics;
    mod inbox;
    mod instances;
    mod job_children;
    mod job_history;
    mod job_list;
    mod job_sources;
    mod jobs;
    mod limits;
    mod log_follow;
    mod log_origin;
    mod logs;
    mod namespaces;
    mod pinning;
    mod queue;
    mod restored;
    mod retention;
    mod routing;
    mod runs;
    mod schedules;
    mod search;
    mod servers;
    mod sessions;
    mod shards;
    mod sign_in;
    mod statistics;
    mod summary;
    mod support;
    mod topology;
    mod turned_away;
    mod users;
}
