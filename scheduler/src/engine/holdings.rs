//! What this server holds at the moment: its lease and its buckets.

use crate::store::engine::{Authority, Lease, Renewal};
use entity::Millis;
use protocol::native::SENDS;
use std::collections::BTreeMap;

/// A snapshot; replaced as a whole by the lease's keeper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    pub lease: Option<Lease>,
    /// Own buckets and the epoch each is owned in.
    pub epochs: BTreeMap<i16, i64>,
    /// When the last of them was taken (ms UTC): what its owner before sent is older.
    pub since: Millis,
}

impl Holdings {
    pub fn of(lease: Lease, renewal: &Renewal, since: Millis) -> Self {
        let mine = renewal.buckets.iter().filter(|bucket| bucket.owner == Some(lease.server_id));
        Self { lease: Some(lease), epochs: mine.map(|bucket| (bucket.id, bucket.epoch)).collect(), since }
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

    /// The token of this life's claims; 0 without a lease.
    pub fn claim(&self) -> i64 {
        self.lease.map_or(0, |lease| lease.incarnation)
    }

    /// The fence of a first sending: grows with every epoch of the bucket.
    pub fn fence(&self, bucket: i16) -> i64 {
        self.epochs.get(&bucket).copied().unwrap_or(0) * SENDS + 1
    }
}
