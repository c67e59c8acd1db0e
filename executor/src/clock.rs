//! The only place that reads the wall clock.

use chrono::{DateTime, Local, TimeZone};

/// Now, in milliseconds UTC.
#[allow(clippy::disallowed_methods, reason = "this is the place the lint sends everybody else to")]
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A moment in the zone of this machine, by which log folders are named. A moment no calendar knows is 1970.
pub(crate) fn local(at_ms: i64) -> DateTime<Local> {
    Local.timestamp_millis_opt(at_ms).earliest().unwrap_or_else(|| DateTime::UNIX_EPOCH.with_timezone(&Local))
}
