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
    /// Names this server; for people to read.
    pub address: String,
    /// Where other servers reach this one, for instance `http://10.0.0.11:8080`. Empty where none does.
    pub cluster_url: String,
    /// Where executors are: nothing goes anywhere else. Empty = wherever they register from.
    pub networks: Arc<Networks>,
    /// A server that did not renew for so long is dead.
    pub lease_ttl: Duration,
    pub lease_renewal: Duration,
    /// For how much longer the jobs of a dead server are left to it, in case it comes back.
    pub lease_grace: Duration,
    /// How much earlier than the lease the gate shuts.
    pub lease_margin: Duration,
    /// How often is looked for what nobody may have told of.
    pub poll_ms: Millis,
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
/// However long its lease is, a server renews it as often as this at least: it learns at its renewals who is there
/// and which buckets it got, and until then nobody plans what falls due in them.
const RENEWS_WITHIN: Duration = Duration::from_secs(2);
/// How long a server may take to read the jobs of buckets that it got.
const READING_MS: Millis = 1_000;
/// A server that stops hands its jobs over for so long at most: claiming ahead and giving them away takes a
/// moment, and what was claimed has to be sent. What is not sent by then is handed back, and the next owner sends
/// it.
pub(super) const HANDING_OVER: Duration = Duration::from_secs(4);
/// What is claimed no longer before its time than this is sent within that.
const SENT_IN_TIME_MS: Millis = 3_500;
/// Longest that connecting to an executor may take: then it is known that nothing arrived, before the executor
/// counts as silent.
const CONNECTS_WITHIN: Duration = Duration::from_secs(2);

/// How often a lease of this length is renewed.
pub fn renewal_of(ttl: Duration) -> Duration {
    (ttl / 3).min(RENEWS_WITHIN)
}

/// Who renews so often, and has not for this long, has missed a renewal.
pub fn silence_of(renewal: Duration) -> Duration {
    renewal * 3 / 2
}

impl EngineSettings {
    /// How long before a run is due the planner wakes for it. It claims whatever falls due within the lead:
    /// so jobs that are spread over the second are claimed some at a time, and not each in a transaction of
    /// its own.
    pub fn wake_ms(&self) -> Millis {
        self.lead_ms - GATHER_MS.min(self.lead_ms / 2)
    }

    /// How long before its time what falls due is claimed in a bucket that goes to another server: until that one
    /// has surely noticed and read it, and no longer than a server that stops has left to send it.
    pub fn ahead_ms(&self) -> Millis {
        let renewal = Millis::try_from(self.lease_renewal.as_millis()).unwrap_or(SENT_IN_TIME_MS);
        (self.lead_ms + renewal + READING_MS).min(SENT_IN_TIME_MS)
    }

    /// With a lease of this length. Two renewals may be missed, and the gate shuts well before somebody else may
    /// take over.
    pub fn with_lease(self, ttl: Duration) -> Self {
        Self { lease_ttl: ttl, lease_renewal: renewal_of(ttl), lease_margin: ttl / 6, ..self }
    }

    /// After how long without a renewal another server seems to have missed one.
    pub fn silent_after(&self) -> Duration {
        silence_of(self.lease_renewal)
    }

    /// How long connecting to an executor may take: a part of what the lease surely has left when
    /// it is renewed in time.
    pub fn connect_within(&self) -> Duration {
        let left = self.lease_ttl.saturating_sub(self.lease_margin).saturating_sub(self.lease_renewal);
        (left * 2 / 3).min(CONNECTS_WITHIN)
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            data_folder: None,
            address: String::new(),
            cluster_url: String::new(),
            networks: Arc::from([]),
            lease_ttl: Duration::from_secs(6),
            lease_renewal: Duration::from_secs(2),
            lease_grace: Duration::ZERO,
            lease_margin: Duration::from_secs(1),
            poll_ms: 1_000,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn leased(ms: u64) -> EngineSettings {
        EngineSettings::default().with_lease(Duration::from_millis(ms))
    }

    /// Renewal, silence, when the gate shuts, claiming ahead, connecting (ms) with a lease of so many ms.
    fn times(lease: u64) -> [u128; 5] {
        let settings = leased(lease);
        let open = settings.lease_ttl - settings.lease_margin;
        let ahead = settings.ahead_ms().cast_unsigned().into();
        let (renewal, silence) = (settings.lease_renewal.as_millis(), settings.silent_after().as_millis());
        [renewal, silence, open.as_millis(), ahead, settings.connect_within().as_millis()]
    }

    #[test]
    fn a_longer_lease_is_renewed_as_often_and_claims_no_further_ahead() {
        assert_eq!(times(1_000), [333, 499, 833, 1_483, 333]);
        assert_eq!(times(3_000), [1_000, 1_500, 2_500, 2_150, 1_000]);
        assert_eq!(times(6_000), [2_000, 3_000, 5_000, 3_150, 2_000]);
        assert_eq!(times(60_000), [2_000, 3_000, 50_000, 3_150, 2_000]);
        assert_eq!(times(600_000), [2_000, 3_000, 500_000, 3_150, 2_000]);
        let (usual, typed) = (EngineSettings::default(), leased(6_000));
        assert_eq!(
            (usual.lease_ttl, usual.lease_renewal, usual.lease_margin),
            (typed.lease_ttl, typed.lease_renewal, typed.lease_margin)
        );
    }

    #[test]
    fn what_is_claimed_ahead_is_known_to_the_next_owner_and_sent_before_a_server_that_stops_ends() {
        for (lease, lead_ms) in [(1_000, 0), (1_000, 2_000), (6_000, 0), (6_000, 2_000), (600_000, 2_000)] {
            let settings = EngineSettings { lead_ms, ..leased(lease) };
            let known_ms = Millis::try_from(settings.lease_renewal.as_millis()).unwrap() + READING_MS;
            let sent_ms = Millis::try_from(HANDING_OVER.as_millis()).unwrap();
            assert!((known_ms..sent_ms).contains(&settings.ahead_ms()), "{lease} {lead_ms}");
        }
        // Whoever renews less often claims no more than it can send all the same.
        let seldom = EngineSettings { lease_renewal: Duration::from_secs(20), ..leased(60_000) };
        assert_eq!(seldom.ahead_ms(), SENT_IN_TIME_MS);
    }
}
