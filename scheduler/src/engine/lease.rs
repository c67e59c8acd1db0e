//! Keeping the lease: joining, renewing, watching the others, taking what nobody holds.
//!
//! The gate is open only as long as the last renewal that surely succeeded allows, counted from
//! before it was sent. A lease that ended is never prolonged: the server drops what it had in
//! memory and joins again as a new life.

use super::holdings::Holdings;
use super::identity::new_incarnation;
use super::shared::Shared;
use super::timekeeper::Heard;
use crate::Result;
use crate::rules::bucket::server_for;
use crate::store::engine::{Lease, Newcomer, Renewal, Told};
use entity::Millis;
use entity::server::{Model as Server, ServerState};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a free bucket is left to the server it is meant for; then anybody may take it.
const COURTESY: Duration = Duration::from_secs(2);

/// Keeps one server's lease.
pub struct Keeper {
    shared: Arc<Shared>,
    identity: String,
    lease: Option<Lease>,
    since: Millis,
    /// The others: their counter and since when it stands there, on our clock.
    others: HashMap<i32, (i64, i64, Instant)>,
    /// Free buckets and since when they are.
    free: HashMap<i16, Instant>,
}

/// What a renewal came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseReport {
    pub joined: bool,
    /// The lease was over; the next tick joins again.
    pub lost: bool,
    pub deposed: usize,
    pub buckets: usize,
}

/// What to do about the others and the free buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    pub depose: Vec<Server>,
    pub take: Vec<i16>,
}

impl Keeper {
    pub fn new(shared: Arc<Shared>, identity: String) -> Self {
        Self { shared, identity, lease: None, since: 0, others: HashMap::new(), free: HashMap::new() }
    }

    /// Joins if necessary, renews, deposes the dead, takes buckets. `now` is monotonic, read before
    /// the call.
    pub async fn tick(&mut self, now: Instant) -> Result<LeaseReport> {
        let mut report = LeaseReport::default();
        let lease = match self.lease {
            Some(lease) => lease,
            None => {
                report.joined = true;
                self.join().await?
            }
        };
        let Some(renewal) = self.renew(lease, now).await? else {
            self.drop_everything();
            return Ok(LeaseReport { lost: true, ..report });
        };
        let moves = self.decide(lease, &renewal, now);
        for dead in &moves.depose {
            if self.shared.store.depose(dead).await? {
                report.deposed += 1;
                tracing::warn!(
                    server = dead.id,
                    "a server stopped renewing its lease: its jobs are taken over"
                );
            }
        }
        if !moves.take.is_empty() {
            self.shared.store.take_buckets(lease, &moves.take).await?;
            self.renew(lease, now).await?;
        }
        report.buckets = self.shared.holdings().epochs.len();
        Ok(report)
    }

    /// Ends the lease in good order.
    pub async fn leave(&mut self) -> Result<()> {
        self.shared.gate.shut();
        if let Some(lease) = self.lease.take() {
            self.shared.store.leave(lease).await?;
        }
        self.drop_everything();
        Ok(())
    }

    async fn join(&mut self) -> Result<Lease> {
        let newcomer = Newcomer {
            identity: self.identity.clone(),
            incarnation: new_incarnation(),
            address: self.shared.settings.address.clone(),
            now: self.shared.now(),
        };
        let lease = self.shared.store.join(&newcomer).await?;
        self.shared.run_ids.belong_to(lease.server_id);
        self.lease = Some(lease);
        Ok(lease)
    }

    async fn renew(&mut self, lease: Lease, sent_at: Instant) -> Result<Option<Renewal>> {
        let renewal = self.shared.store.renew(lease).await?;
        if let Some(renewal) = &renewal {
            let settings = &self.shared.settings;
            let before = self.shared.holdings();
            let mut holdings = Holdings::of(lease, renewal, self.since);
            if holdings.epochs.iter().any(|(bucket, epoch)| before.epochs.get(bucket) != Some(epoch)) {
                self.since = self.shared.now();
                holdings.since = self.since;
            }
            self.shared.hold(holdings);
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

    /// Pure but for what it remembers of the others' counters.
    fn decide(&mut self, lease: Lease, renewal: &Renewal, now: Instant) -> Moves {
        let ttl = self.shared.settings.lease_ttl;
        let living = |server: &&Server| server.state == ServerState::Live && server.id != lease.server_id;
        let others: Vec<&Server> = renewal.servers.iter().filter(living).collect();
        self.others.retain(|id, _| others.iter().any(|server| server.id == *id));
        let mut moves = Moves::default();
        let mut live = vec![lease.server_id];
        for server in others {
            let seen = self.others.entry(server.id).or_insert((server.incarnation, server.counter, now));
            if (seen.0, seen.1) != (server.incarnation, server.counter) {
                *seen = (server.incarnation, server.counter, now);
            }
            match now.saturating_duration_since(seen.2) >= ttl {
                true => moves.depose.push(server.clone()),
                false => live.push(server.id),
            }
        }
        let free: Vec<i16> =
            renewal.buckets.iter().filter(|bucket| bucket.owner.is_none()).map(|bucket| bucket.id).collect();
        self.free.retain(|id, _| free.contains(id));
        for id in free {
            let since = *self.free.entry(id).or_insert(now);
            let anybody = now.saturating_duration_since(since) >= COURTESY;
            if anybody || server_for(id, &live) == Some(lease.server_id) {
                moves.take.push(id);
            }
        }
        moves
    }

    fn drop_everything(&mut self) {
        self.shared.gate.shut();
        self.shared.hold(Holdings::default());
        self.shared.lanes.clear();
        self.lease = None;
    }
}
