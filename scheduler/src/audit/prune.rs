//! Deleting accesses that are too old. First an entry says so, then they go: whoever verifies the audit knows
//! that they are no more missing than that entry says, also when a server stops in between.

use super::Entry;
use crate::authority::Caller;
use crate::store::audit as store;
use crate::{Result, Services, retention};
use entity::Millis;
use entity::audit_entry::{Noun, Verb};
use serde_json::{Value, json};

/// Accesses deleted in one transaction.
const SLICE: u64 = 1_000;
/// So much too old is the oldest before any go: then there is an entry a day and not one a minute (ms).
const DAY_MS: Millis = 24 * 3_600_000;
/// In the entry: the accesses that this entry and those before it sealed are gone.
const SEALED_UP_TO: &str = "sealed_up_to";

/// Deletes accesses that are too old by the policy, as far as they are sealed, all that one entry sealed
/// together; how many. Call it every minute or so.
pub async fn prune_accesses(services: &Services) -> Result<u64> {
    let policy = retention::current(services).await?;
    let before = services.clock.now() - Millis::from(policy.access_days) * DAY_MS;
    let reader = services.db.reader();
    if !store::has_sealed_before(reader, before - DAY_MS).await? {
        return Ok(0);
    }
    let Some(up_to) = store::sealed_up_to(reader, before).await? else { return Ok(0) };
    let count = store::count_sealed_up_to(reader, up_to).await?;
    if count == 0 {
        return Ok(0);
    }
    let told = Entry::about(Noun::Access, Verb::Prune).with(json!({"count": count, SEALED_UP_TO: up_to}));
    super::commit(services, &Caller::server(), services.db.begin().await?, [told]).await?;
    let mut deleted = 0;
    loop {
        let transaction = services.db.begin().await?;
        let gone = store::delete_sealed_up_to(&transaction, up_to, SLICE).await?;
        transaction.commit().await?;
        deleted += gone;
        if gone < SLICE {
            return Ok(deleted);
        }
    }
}

/// The last entry whose accesses may be missing; 0 where none may.
pub(super) async fn pruned_up_to(services: &Services) -> Result<i64> {
    let last = store::last_of(services.db.reader(), Noun::Access, Verb::Prune).await?;
    let said = last.and_then(|entry| serde_json::from_str::<Value>(&entry.after?).ok());
    Ok(said.and_then(|said| said[SEALED_UP_TO].as_i64()).unwrap_or(0))
}
