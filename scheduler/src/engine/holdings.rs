//! What this server holds at the moment: its lease and its buckets.

use crate::store::engine::{Authority, Lease, Renewal};
use entity::server::{Model as Server, ServerState};
use entity::{DUTY_BUCKET, Millis};
use protocol::native::{SENDS, epoch};
use std::collections::{BTreeMap, BTreeSet};

/// How long it is remembered when the life of another server ended: longer than anything of it is waited for.
const REMEMBERED_MS: Millis = 600_000;

/// A snapshot; replaced as a whole by the lease's keeper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    pub lease: Option<Lease>,
    /// Own buckets and the epoch each is owned in.
    pub epochs: BTreeMap<i16, i64>,
    /// When each of them was taken (ms UTC): what its owner before sent is older.
    taken_at: BTreeMap<i16, Millis>,
    /// The tokens of the lives that hold a lease, this one's included.
    living: BTreeSet<i64>,
    /// When lives ended (ms UTC), of those that ended while this server watched.
    ended_at: BTreeMap<i64, Millis>,
    /// Whether another server takes part, and does not drain.
    has_heirs: bool,
}

impl Holdings {
    /// What a renewal found, after what was held until `now`.
    pub fn followed_by(&self, lease: Lease, renewal: &Renewal, now: Millis) -> Self {
        let mine = || renewal.buckets.iter().filter(|bucket| bucket.owner == Some(lease.server_id));
        let taken_at = |bucket: i16, epoch: i64| match self.epochs.get(&bucket) == Some(&epoch) {
            true => self.taken_at.get(&bucket).copied().unwrap_or(now),
            false => now,
        };
        let alive = renewal.servers.iter().filter(|server| server.state.is_alive());
        let living: BTreeSet<i64> = alive.map(|server| server.incarnation).collect();
        let mut ended_at = self.ended_at.clone();
        ended_at.retain(|_, at| now - *at < REMEMBERED_MS);
        ended_at.extend(self.living.difference(&living).map(|claim| (*claim, now)));
        let is_heir = |server: &Server| server.id != lease.server_id && server.state == ServerState::Live;
        Self {
            lease: Some(lease),
            epochs: mine().map(|bucket| (bucket.id, bucket.epoch)).collect(),
            taken_at: mine().map(|bucket| (bucket.id, taken_at(bucket.id, bucket.epoch))).collect(),
            living,
            ended_at,
            has_heirs: renewal.servers.iter().any(is_heir),
        }
    }

    /// The same without these buckets.
    pub fn without(&self, buckets: &[i16]) -> Self {
        let mut rest = self.clone();
        rest.epochs.retain(|bucket, _| !buckets.contains(bucket));
        rest
    }

    /// The right to decide for these buckets; none unless all are held.
    pub fn authority(&self, buckets: impl IntoIterator<Item = i16>) -> Option<Authority> {
        let lease = self.lease?;
        let mut wanted: Vec<i16> = buckets.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let epochs = wanted.into_iter().map(|bucket| Some((bucket, *self.epochs.get(&bucket)?)));
        Some(Authority { lease, epochs: epochs.collect::<Option<_>>()? })
    }

    pub fn buckets(&self) -> Vec<i16> {
        self.epochs.keys().copied().collect()
    }

    /// Whether this server has the duties that only one may have: then it leads.
    pub fn has_duty(&self) -> bool {
        self.epochs.contains_key(&DUTY_BUCKET)
    }

    /// The token of this life's claims; 0 without a lease.
    pub fn claim(&self) -> i64 {
        self.lease.map_or(0, |lease| lease.incarnation)
    }

    /// The fence of a first sending: grows with every epoch of the bucket.
    pub fn fence(&self, bucket: i16) -> i64 {
        self.epochs.get(&bucket).copied().unwrap_or(0) * SENDS + 1
    }

    /// Whether what was sent with this fence is out of date: its bucket is not held any more, or in a later epoch.
    pub fn is_past(&self, bucket: i16, fence: i64) -> bool {
        self.epochs.get(&bucket).is_none_or(|held| *held > epoch(fence))
    }

    /// Whether there is another server that could have what this one has.
    pub fn has_heirs(&self) -> bool {
        self.has_heirs
    }

    /// Whether another server has this claim in its hands still: it gave the bucket away, not its requests.
    pub fn is_of_another(&self, claim: i64) -> bool {
        claim != self.claim() && self.living.contains(&claim)
    }

    /// Since when nobody sends what has this claim and lies in this bucket (ms UTC), as far as is known here.
    pub fn quiet_since(&self, bucket: i16, claim: i64) -> Millis {
        let taken_at = self.taken_at.get(&bucket).copied().unwrap_or(Millis::MAX);
        taken_at.max(self.ended_at.get(&claim).copied().unwrap_or(Millis::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::engine::Told;
    use entity::bucket;
    use std::time::Instant;

    const ME: Lease = Lease { server_id: 1, incarnation: 11 };

    fn server(id: i32, state: ServerState) -> Server {
        Server {
            id,
            identity: id.to_string(),
            incarnation: i64::from(id) * 10 + 1,
            counter: 1,
            state,
            address: String::new(),
            cluster_url: String::new(),
            lease_ms: 0,
            version: String::new(),
            freeze_seen: 0,
            started_at: 0,
            beat_at: 0,
            lateness_ms: 0,
            waiting: 0,
        }
    }

    fn renewal(other: ServerState, epochs: &[(i16, i64)]) -> Renewal {
        let buckets =
            epochs.iter().map(|(id, epoch)| bucket::Model { id: *id, owner: Some(1), epoch: *epoch });
        let told = Told { time: 0, asked: Instant::now(), answered: Instant::now() };
        Renewal {
            servers: vec![server(1, ServerState::Live), server(2, other)],
            buckets: buckets.collect(),
            told,
        }
    }

    #[test]
    fn a_bucket_is_quiet_since_it_was_taken_and_its_claim_since_its_life_ended() {
        let first = Holdings::default().followed_by(ME, &renewal(ServerState::Live, &[(7, 3)]), 1_000);
        assert_eq!((first.quiet_since(7, 5), first.is_of_another(21)), (1_000, true));
        assert!(first.has_heirs());
        let second = first.followed_by(ME, &renewal(ServerState::Draining, &[(7, 3), (8, 4)]), 2_000);
        assert_eq!((second.quiet_since(7, 5), second.quiet_since(8, 5)), (1_000, 2_000));
        assert!(second.is_of_another(21) && !second.is_of_another(11));
        assert!(!second.has_heirs(), "it drains, too");
        let third = second.followed_by(ME, &renewal(ServerState::Dead, &[(7, 3), (8, 5)]), 3_000);
        assert_eq!((third.quiet_since(7, 21), third.quiet_since(7, 5)), (3_000, 1_000));
        assert_eq!((third.quiet_since(8, 5), third.is_of_another(21)), (3_000, false));
    }

    #[test]
    fn what_is_not_held_gives_no_right() {
        let held = Holdings::default().followed_by(ME, &renewal(ServerState::Live, &[(7, 3), (8, 4)]), 0);
        assert_eq!(held.authority([8, 7, 8]).map(|right| right.epochs), Some(vec![(7, 3), (8, 4)]));
        assert_eq!(held.authority([7, 9]), None);
        assert_eq!(held.without(&[8]).authority([7, 8]), None);
    }
}
