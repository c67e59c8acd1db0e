//! How far the numbers of a database that was put back from a backup must go on ahead of it.
//!
//! What was handed out after the backup was taken is not in it, and executors know of it: a run's number that is
//! given a second time would be refused by executors of our own, and logged into the first one's log by others; an
//! epoch that is lower than one that an executor has heard is refused. How much was handed out nobody knows any
//! more, so it is bounded: by how long ago the newest thing in the backup is, times more than there can have been.

use entity::Millis;
use entity::id_block::BLOCK;

/// Runs that all servers of an installation together start in a second, at most: three times what the fastest one
/// was measured with. A century of it is a thirtieth of all the numbers that there are.
pub const IDS_PER_SECOND: i64 = 100_000;
/// Numbers that are left out in any case: each start of a server takes 10,000.
pub const LEAST_IDS: i64 = 10_000_000;
/// How often a bucket changes its owner in a second, at most: it takes a renewal of a lease, each two seconds.
pub const EPOCHS_PER_SECOND: i64 = 10;
/// Epochs that are left out in any case.
pub const LEAST_EPOCHS: i64 = 1_000_000;
/// How far two clocks may be apart that are both right: the database may have been put back on another machine.
pub const CLOCKS_APART_MS: Millis = 60_000;

/// Half of the numbers that JavaScript knows: so many are not to be used up by leaving out.
const HIGHEST_ID: i64 = 1 << 52;
/// A fence is 16 times as high.
const HIGHEST_EPOCH: i64 = 1 << 48;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// When the newest thing in it was written: nothing was handed out before that and is missing.
    pub newest: Millis,
    /// The first number of the last block of run ids that was handed out; none where there was none.
    pub last_block: Option<i64>,
    pub highest_epoch: i64,
}

/// How far it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leap {
    /// The block of run ids that is to be the last one handed out. The next one begins [`BLOCK`] above it.
    pub last_block: i64,
    /// By how much each bucket's epoch grows.
    pub epochs: i64,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// The clock shows a time before the backup was taken: so it is wrong, or was then.
    FromTheFuture,
    /// The numbers would come too near to the last one that there is.
    TooHigh,
}

/// Decides for what was found, `now` by the database's clock.
///
/// # Errors
/// [`Impossible`], where no leap is surely far enough.
pub fn leap(found: Found, now: Millis) -> Result<Leap, Impossible> {
    let Found { newest, last_block, highest_epoch } = found;
    if newest > now + CLOCKS_APART_MS {
        return Err(Impossible::FromTheFuture);
    }
    let seconds = (now - newest + CLOCKS_APART_MS) / 1_000 + 1;
    let blocks = (seconds * IDS_PER_SECOND).max(LEAST_IDS) / BLOCK;
    let last_block = last_block.unwrap_or(0) + blocks * BLOCK;
    let epochs = (seconds * EPOCHS_PER_SECOND).max(LEAST_EPOCHS);
    match last_block > HIGHEST_ID || highest_epoch + epochs > HIGHEST_EPOCH {
        true => Err(Impossible::TooHigh),
        false => Ok(Leap { last_block, epochs }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;
    const NOW: Millis = 1_795_000_000_000;
    const FOUND: Found = Found { newest: NOW - HOUR, last_block: Some(70_000), highest_epoch: 9 };

    #[test]
    fn what_was_handed_out_at_the_highest_rate_since_the_backup_lies_below() {
        for age in [HOUR, 24 * HOUR, 100 * 365 * 24 * HOUR] {
            let leap = leap(Found { newest: NOW - age, ..FOUND }, NOW).unwrap();
            let handed_out = 70_000 + BLOCK + age / 1_000 * IDS_PER_SECOND;
            assert!(leap.last_block + BLOCK >= handed_out, "{age}: {leap:?}");
            assert!(leap.epochs >= age / 1_000 * EPOCHS_PER_SECOND, "{age}: {leap:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_whole_blocks_and_not_little_however_young_the_backup_is() {
        let young = leap(Found { newest: NOW, ..FOUND }, NOW).unwrap();
        assert_eq!(young, Leap { last_block: 70_000 + LEAST_IDS, epochs: LEAST_EPOCHS });
        let older = leap(FOUND, NOW).unwrap();
        assert_eq!(older.last_block % BLOCK, 0);
        assert!(older.last_block > young.last_block);
    }

    #[test]
    fn a_database_without_a_run_leaves_out_as_much() {
        let leap = leap(Found { last_block: None, newest: NOW, ..FOUND }, NOW).unwrap();
        assert_eq!(leap.last_block, LEAST_IDS);
    }

    #[test]
    fn clocks_may_be_a_minute_apart_and_no_more() {
        let apart = |by| leap(Found { newest: NOW + by, ..FOUND }, NOW);
        assert_eq!(apart(CLOCKS_APART_MS).unwrap().epochs, LEAST_EPOCHS);
        assert_eq!(apart(CLOCKS_APART_MS + 1), Err(Impossible::FromTheFuture));
    }

    #[test]
    fn a_thousand_times_put_back_a_day_later_leaves_numbers_enough() {
        let mut found = FOUND;
        for _ in 0..1_000 {
            let leap = leap(Found { newest: NOW - 24 * HOUR, ..found }, NOW).unwrap();
            (found.last_block, found.highest_epoch) =
                (Some(leap.last_block), found.highest_epoch + leap.epochs);
        }
        assert!(found.last_block.unwrap() < HIGHEST_ID / 100);
    }

    #[test]
    fn numbers_that_would_come_to_their_end_are_refused() {
        let ids = Found { last_block: Some(HIGHEST_ID - BLOCK), ..FOUND };
        let epochs = Found { highest_epoch: HIGHEST_EPOCH, ..FOUND };
        assert_eq!([leap(ids, NOW), leap(epochs, NOW)], [Err(Impossible::TooHigh); 2]);
    }
}
