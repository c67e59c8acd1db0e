//! What is too old goes, and what belongs to nobody any more: in slices, so that no transaction holds the
//! database for long. Any server may do it at any time.

use crate::rules::host_metrics::{EVERY, MINUTE};
use crate::store::host_metrics as store;
use crate::{Result, Services};
use entity::{Millis, retention};

const HOUR: Millis = 3_600_000;
/// Time in one transaction: about one row of each instance.
const SAMPLES: Millis = EVERY;
const MINUTES: Millis = MINUTE;
/// Transactions of a sweep for each of the two: the rest is left to the next one.
const MOST_SLICES: usize = 500;
/// Deleted instances of a sweep.
const MOST_INSTANCES: u64 = 20;

/// How long what is kept, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Single samples.
    pub samples: Millis,
    /// Whole minutes.
    pub minutes: Millis,
}

impl Kept {
    pub fn by(policy: &retention::Model) -> Self {
        Self {
            samples: Millis::from(policy.host_sample_hours) * HOUR,
            minutes: Millis::from(policy.host_minute_days) * 24 * HOUR,
        }
    }
}

/// Deletes what is older than it is kept, and what is left of deleted instances; call it every minute or so.
/// How many rows.
pub async fn sweep(services: &Services, kept: Kept) -> Result<u64> {
    let now = services.clock.now();
    let mut deleted = samples(services, now - kept.samples).await?;
    deleted += minutes(services, now - kept.minutes).await?;
    for instance in store::deleted_instances(services.db.reader(), MOST_INSTANCES).await? {
        let transaction = services.db.begin().await?;
        deleted += store::delete_of_instance(&transaction, instance).await?;
        transaction.commit().await?;
    }
    let transaction = services.db.begin().await?;
    deleted += store::delete_states(&transaction, now - kept.minutes).await?;
    transaction.commit().await?;
    Ok(deleted)
}

async fn samples(services: &Services, cutoff: Millis) -> Result<u64> {
    let mut deleted = 0;
    for _ in 0..MOST_SLICES {
        let Some(until) = slice(store::oldest_sample(services.db.reader()).await?, SAMPLES, cutoff) else {
            break;
        };
        let transaction = services.db.begin().await?;
        deleted += store::delete_samples(&transaction, until).await?;
        transaction.commit().await?;
    }
    Ok(deleted)
}

async fn minutes(services: &Services, cutoff: Millis) -> Result<u64> {
    let mut deleted = 0;
    for _ in 0..MOST_SLICES {
        let Some(until) = slice(store::oldest_minute(services.db.reader()).await?, MINUTES, cutoff) else {
            break;
        };
        let transaction = services.db.begin().await?;
        deleted += store::delete_minutes(&transaction, until).await?;
        transaction.commit().await?;
    }
    Ok(deleted)
}

/// Until when the next slice goes; none when nothing is too old.
fn slice(oldest: Option<Millis>, length: Millis, cutoff: Millis) -> Option<Millis> {
    oldest.filter(|oldest| *oldest < cutoff).map(|oldest| (oldest + length).min(cutoff))
}

#[cfg(test)]
mod tests {
    use super::slice;

    #[test]
    fn a_slice_ends_at_the_cutoff() {
        assert_eq!(slice(None, 15, 100), None);
        assert_eq!(slice(Some(100), 15, 100), None);
        assert_eq!(slice(Some(99), 15, 100), Some(100));
        assert_eq!(slice(Some(10), 15, 100), Some(25));
    }
}
