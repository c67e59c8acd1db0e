//! Checkpoints of SQLite's write-ahead log: what was committed is copied into the database's file beside the
//! writer, and when it has least to do.

use crate::clock::{Clock, SystemClock};
use entity::Millis;
use sqlx::SqlitePool;
use std::time::Duration;

/// Pages of the log at which the writer copies them itself (64 MiB): only where the log could not be brought
/// to its end beside it.
pub const LONGEST_LOG: &str = "16384";
/// The pages that every burst changes are copied once for so many of them.
const EVERY_MS: Millis = 3_000;
/// Fires are due at whole seconds: half a second later there is most room.
const PHASE_MS: Millis = 500;

/// Makes a checkpoint every few seconds on a connection of its own, until the writer's pool is closed.
pub fn follow(writer: SqlitePool, own: SqlitePool) {
    tokio::spawn(async move {
        while !writer.is_closed() {
            tokio::time::sleep(until_next(SystemClock.now())).await;
            // It waits for nobody and goes as far as it may. Where the disk fails, the writer says so.
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&own).await {
                tracing::debug!(%error, "the log was not copied into the database's file");
            }
        }
        own.close().await;
    });
}

fn until_next(now: Millis) -> Duration {
    let since = (now - PHASE_MS).rem_euclid(EVERY_MS);
    Duration::from_millis((EVERY_MS - since).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_one_is_half_a_second_after_a_whole_one() {
        let wait = |now| until_next(now).as_millis();
        assert_eq!([wait(0), wait(499), wait(500), wait(501), wait(-1)], [500, 1, 3_000, 2_999, 501]);
    }
}
