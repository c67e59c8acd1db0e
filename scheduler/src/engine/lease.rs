//! Keeping the lease: joining, renewing, watching the others, taking what nobody holds.
//!
//! The gate is open only as long as the last renewal that surely succeeded allows, counted from
//! before it was sent. A lease that ended is never prolonged: the server drops what it had in
//! memory and joins again as a new life.

mod neighbours;

use super::holdings::Holdings;
use super::identity::new_incarnation;
use super::shared::Shared;
use super::timekeeper::Heard;
use crate::Result;
use crate::hints::Others;
use crate::signals::Change;
use crate::store::engine::{Assignment, Lease, Newcomer, Renewal, Told};
use entity::server::Model as Server;
use neighbours::{Moves, Neighbours, Patience};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A renewal is to be in time whatever becomes of others.
const DEPOSED_WITHIN: Duration = Duration::from_secs(1);

/// Keeps one server's lease.
pub struct Keeper {
    shared: Arc<Shared>,
    identity: String,
    /// With what this life has seen of the others.
    lease: Option<(Lease, Neighbours)>,
}

/// What a renewal came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseReport {
    pub joined: bool,
    /// The lease was over; the next tick joins again.
    pub lost: bool,
    pub deposed: usize,
    /// Buckets that went to other servers.
    pub given: usize,
    pub buckets: usize,
}

impl Keeper {
    pub fn new(shared: Arc<Shared>, identity: String) -> Self {
        Self { shared, identity, lease: None }
    }

    /// Joins if necessary, renews, deposes the dead, takes buckets and gives some away. `now` is monotonic,
    /// read before the call.
    pub async fn tick(&mut self, now: Instant) -> Result<LeaseReport> {
        let mut report = LeaseReport { joined: self.lease.is_none(), ..LeaseReport::default() };
        let (lease, mut neighbours) = match self.lease.take() {
            Some(kept) => kept,
            None => (self.join().await?, Neighbours::new(now)),
        };
        let kept = self.keep(lease, &mut neighbours, now, &mut report).await;
        match kept {
            Ok(true) | Err(_) => self.lease = Some((lease, neighbours)),
            Ok(false) => {
                self.drop_everything();
                self.shared.signals.outbox().know(Others::default());
                return Ok(LeaseReport { lost: true, ..report });
            }
        }
        report.buckets = self.shared.holdings().epochs.len();
        kept.map(|_| report)
    }

    /// False when the lease is over.
    async fn keep(
        &self,
        lease: Lease,
        neighbours: &mut Neighbours,
        now: Instant,
        report: &mut LeaseReport,
    ) -> Result<bool> {
        let Some(mut renewal) = self.renew(lease, now).await? else { return Ok(false) };
        let mut moves = self.moves(lease, neighbours, &renewal, now);
        report.deposed = self.depose(&moves.depose).await?;
        if report.deposed > 0 {
            let Some(after) = self.renew(lease, now).await? else { return Ok(false) };
            renewal = after;
            moves = self.moves(lease, neighbours, &renewal, now);
        }
        if !moves.take.is_empty() {
            self.shared.store.assign(&moves.take).await?;
            if self.renew(lease, now).await?.is_none() {
                return Ok(false);
            }
        }
        report.given = self.give(moves.give, now).await?;
        Ok(report.given == 0 || self.renew(lease, now).await?.is_some())
    }

    fn moves(&self, lease: Lease, neighbours: &mut Neighbours, renewal: &Renewal, now: Instant) -> Moves {
        let settings = &self.shared.settings;
        let patience = Patience {
            ttl: settings.lease_ttl,
            grace: settings.lease_grace,
            silence: settings.silent_after(),
        };
        neighbours.note(lease, renewal, now);
        neighbours.moves(lease, renewal, patience, now)
    }

    /// How many of these, which seem dead, are. Where somebody holds the row of one, the own lease is not to wait
    /// for that.
    async fn depose(&self, still: &[Server]) -> Result<usize> {
        let mut deposed = 0;
        for server in still {
            let id = server.id;
            let done = tokio::time::timeout(DEPOSED_WITHIN, self.shared.store.depose(server)).await;
            let Ok(done) = done else {
                tracing::warn!(server = id, "a server is silent, and its row is locked: trying again");
                continue;
            };
            if done? {
                deposed += 1;
                tracing::warn!(server = id, "a server stopped renewing its lease: its jobs are taken over");
            }
        }
        Ok(deposed)
    }

    /// Gives those away in which the planner claims nothing any more, or was waited for long enough.
    async fn give(&self, to: Vec<Assignment>, now: Instant) -> Result<usize> {
        let (ready, waiting): (Vec<_>, Vec<_>) = {
            let ready = self.shared.handover.ask(to.clone(), now);
            to.into_iter().partition(|to| ready.contains(to))
        };
        if ready.is_empty() {
            return Ok(0);
        }
        let moving = self.shared.handover.moving();
        let unprepared = ready.iter().filter(|to| moving.is_leaving(to.bucket)).count();
        if unprepared > 0 {
            tracing::warn!(
                buckets = unprepared,
                "jobs go to other servers though planning does not get on: what falls due may be late"
            );
        }
        let buckets: Vec<i16> = ready.iter().map(|to| to.bucket).collect();
        // Nothing is decided for them any more, before somebody else may.
        self.shared.hold(self.shared.holdings().without(&buckets));
        self.shared.store.assign(&ready).await?;
        self.shared.signals.publish_elsewhere(Change::Servers);
        self.shared.handover.ask(waiting, now);
        tracing::info!(buckets = ready.len(), "jobs were handed over to other servers");
        Ok(ready.len())
    }

    /// Ends the lease in good order. Whom there is to tell something is still known afterwards: that it left, and what
    /// it handed back.
    pub async fn leave(&mut self) -> Result<()> {
        self.shared.gate.shut();
        if let Some((lease, _)) = self.lease.take() {
            self.shared.store.leave(lease).await?;
            self.shared.signals.publish_elsewhere(Change::Servers);
        }
        self.drop_everything();
        Ok(())
    }

    async fn join(&self) -> Result<Lease> {
        let newcomer = Newcomer {
            identity: self.identity.clone(),
            incarnation: new_incarnation(),
            address: self.shared.settings.address.clone(),
            cluster_url: self.shared.settings.cluster_url.clone(),
            lease_ms: i32::try_from(self.shared.settings.lease_ttl.as_millis()).unwrap_or(i32::MAX),
            now: self.shared.now(),
        };
        let lease = self.shared.store.join(&newcomer).await?;
        self.shared.run_ids.belong_to(lease.server_id);
        Ok(lease)
    }

    async fn renew(&self, lease: Lease, sent_at: Instant) -> Result<Option<Renewal>> {
        let renewal = self.shared.store.renew(lease, self.shared.figures.vitals()).await?;
        if let Some(renewal) = &renewal {
            let settings = &self.shared.settings;
            let before = self.shared.holdings();
            let holdings = before.followed_by(lease, renewal, self.shared.now());
            let is_other = holdings.epochs != before.epochs;
            self.shared.signals.outbox().know(Others::beside(lease.server_id, renewal));
            self.shared.hold(holdings);
            if is_other {
                self.shared.handover.note_holdings();
            }
            let Told { time, asked, answered } = renewal.told;
            match self.shared.timekeeper.as_ref().map(|keeper| keeper.hear(time, asked, answered)) {
                Some(Heard::Doubted) => {
                    tracing::error!("the database's clock has jumped: nothing goes out until that is sure");
                    self.shared.gate.shut();
                }
                _ => {
                    let lasts = settings.lease_ttl.saturating_sub(settings.lease_margin);
                    self.shared.gate.open_until(sent_at + lasts);
                }
            }
        }
        Ok(renewal)
    }

    fn drop_everything(&mut self) {
        self.shared.gate.shut();
        self.shared.hold(Holdings::default());
        self.shared.lanes.clear();
        self.shared.handover.forget();
        self.lease = None;
    }
}
