//! The engine's numbers, each with the value it is meant to run with.

use crate::rules::networks::Networks;
use entity::Millis;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How the engine behaves. Tests shorten times; an installation rarely needs anything but the
/// folder and the address.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Where the server's identity is kept. Without one every start is a new server, and what the
    /// one before left is taken over only after its lease ran out.
    pub data_folder: Option<PathBuf>,
    /// How other servers reach this one; for people to read.
    pub address: String,
    /// Where executors are: nothing goes anywhere else. Empty = wherever they register from.
    pub networks: Arc<Networks>,
    /// A server that did not renew for so long is dead.
    pub lease_ttl: Duration,
    pub lease_renewal: Duration,
    /// For how much longer the jobs of a dead server are left to it, in case it comes back.
    pub lease_grace: Duration,
    /// How much earlier than the lease the gate shuts.
    pub lease_margin: Duration,
    /// How long before its due time a run is claimed.
    pub lead_ms: Millis,
    /// Cursors moved in one transaction.
    pub batch: usize,
    /// Requests to one executor at the same time.
    pub permits: usize,
    /// Runs of one executor that may be claimed and not sent, while it answers.
    pub window: usize,
    /// An executor that does not answer for so long is silent, and its run in doubt.
    pub answer_within: Duration,
    /// An instance that is asked whether it may get a run, and does not answer in that time, does not
    /// get it. One that did not answer the last time has a quarter of it.
    pub probe_within: Duration,
    /// An accepted run may wait so long for its result, so that one write says both.
    pub coalesce_ms: Millis,
    /// Added to a job's own time-out, for the executor to report it first.
    pub deadline_grace_ms: Millis,
    /// The end of runs whose job has no time-out: no run stays running for ever.
    pub deadline_without_limit_ms: Millis,
    /// How long what a dead server may have sent is left alone before it is asked for.
    pub quarantine_ms: Millis,
    /// Between the two askings that have to agree.
    pub ask_again_ms: Millis,
    /// How long the result of a run that has ended by its log may take.
    pub result_wait_ms: Millis,
    /// What is not known after so long is lost.
    pub unknown_for_ms: Millis,
    /// Between two checks on runs that are running; one that is younger is not checked on.
    pub check_running_ms: Millis,
    /// An instance that did not register for so long is gone.
    pub instance_silence_ms: Millis,
    /// How long results of an instance that left are waited for.
    pub farewell_ms: Millis,
    /// How old a run's id is before it is entered into the way from jobs to runs.
    pub settle_after_ms: Millis,
}

/// Of the lead so much is spent waiting for what falls due soon after.
const GATHER_MS: Millis = 30;

/// How long the answer to a request may take before the executor counts as silent.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long a server may take to read the jobs of buckets that it got.
const READING_MS: Millis = 1_000;

impl EngineSettings {
    /// How long before a run is due the planner wakes for it. It claims whatever falls due within the lead:
    /// so jobs that are spread over the second are claimed some at a time, and not each in a transaction of
    /// its own.
    pub fn wake_ms(&self) -> Millis {
        self.lead_ms - GATHER_MS.min(self.lead_ms / 2)
    }

    /// How much earlier than else what falls due is claimed before its bucket goes to another server: until
    /// that one has surely noticed and read it.
    pub fn ahead_ms(&self) -> Millis {
        let renewal = Millis::try_from(self.lease_renewal.as_millis()).unwrap_or(Millis::MAX / 2);
        renewal + READING_MS
    }

    /// How long connecting to an executor may take: a part of what the lease surely has left when
    /// it is renewed in time.
    pub fn connect_within(&self) -> Duration {
        self.lease_ttl.saturating_sub(self.lease_margin).saturating_sub(self.lease_renewal) * 2 / 3
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            data_folder: None,
            address: String::new(),
            networks: Arc::from([]),
            lease_ttl: Duration::from_secs(6),
            lease_renewal: Duration::from_secs(2),
            lease_grace: Duration::ZERO,
            lease_margin: Duration::from_secs(1),
            lead_ms: 150,
            batch: 1_000,
            permits: 64,
            window: 20_000,
            answer_within: ANSWER_WITHIN,
            probe_within: Duration::from_secs(1),
            coalesce_ms: 200,
            deadline_grace_ms: 30_000,
            deadline_without_limit_ms: 24 * 3_600_000,
            quarantine_ms: 3_000,
            ask_again_ms: 5_000,
            result_wait_ms: 35_000,
            unknown_for_ms: 300_000,
            check_running_ms: 60_000,
            instance_silence_ms: crate::instances::SILENCE,
            farewell_ms: 10_000,
            settle_after_ms: 60_000,
        }
    }
}
