//! `[logs]`

use scheduler::engine::ended::Wanted;
use scheduler::logs::LogSettings;
use serde::Deserialize;

const MIB: u64 = 1 << 20;

/// What is kept of runs' logs, and how fast.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    keep: Keep,
    per_second: u32,
    queue: u32,
    run_mib: u32,
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
    pub(super) fn bounds(&self) -> [(&'static str, u64, u64, u64); 3] {
        [
            ("logs.per_second", self.per_second.into(), 1, 1_000),
            ("logs.queue", self.queue.into(), 1, 1_000_000),
            ("logs.run_mib", self.run_mib.into(), 1, 1_024),
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
            ..LogSettings::default()
        }
    }
}
