//! `[logs]`

use scheduler::engine::ended::Wanted;
use scheduler::logs::LogSettings;
use serde::Deserialize;

const MIB: u64 = 1 << 20;
const DAY_MS: i64 = 24 * 3_600_000;

/// What is kept of runs' logs, and how fast.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    keep: Keep,
    per_second: u32,
    queue: u32,
    run_mib: u32,
    days: u32,
    total_mib: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Keep {
    All,
    Failed,
    None,
}

impl Logs {
    /// Each number with its bounds.
    pub(super) fn bounds(&self) -> [(&'static str, u64, u64, u64); 5] {
        [
            ("logs.per_second", self.per_second.into(), 1, 1_000),
            ("logs.queue", self.queue.into(), 1, 1_000_000),
            ("logs.run_mib", self.run_mib.into(), 1, 1_024),
            ("logs.days", self.days.into(), 1, 36_500),
            ("logs.total_mib", self.total_mib.into(), 1, 1 << 30),
        ]
    }

    pub fn in_force(&self) -> LogSettings {
        LogSettings {
            keep: match self.keep {
                Keep::All => Wanted::All,
                Keep::Failed => Wanted::Failed,
                Keep::None => Wanted::Nothing,
            },
            per_second: self.per_second as usize,
            queue: self.queue as usize,
            run_bytes: (u64::from(self.run_mib) * MIB) as usize,
            age_ms: i64::from(self.days) * DAY_MS,
            total_bytes: i64::from(self.total_mib) * MIB as i64,
            ..LogSettings::default()
        }
    }
}
