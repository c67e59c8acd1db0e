//! Instances whose addresses a person typed.

use super::draft::Settings;
use crate::Result;
use crate::store::instances::{self, Announced};
use entity::instance::Client;
use entity::{Millis, executor};
use sea_orm::DatabaseTransaction;

/// Makes the instances equal to the typed addresses; for automatic registration, lets the typed
/// ones go. Changing the way of registration ends the instances of the other way.
pub(super) async fn set_instances(
    transaction: &DatabaseTransaction,
    executor_id: i32,
    settings: &Settings,
    now: Millis,
) -> Result<()> {
    let is_manual = settings.registration == executor::Registration::Manual;
    if is_manual {
        instances::mark_all_gone(transaction, executor_id, false, now).await?;
    }
    for known in instances::manual_of(transaction, executor_id).await? {
        if settings.addresses.iter().all(|(address, _)| *address != known.address) {
            instances::mark_gone(transaction, executor_id, &known.address, now).await?;
            instances::set_manual(transaction, known.id, false).await?;
        }
    }
    for (address, labels) in &settings.addresses {
        match instances::by_address(transaction, executor_id, address).await? {
            None => {
                let announced = typed(labels, Client::Other);
                instances::insert(transaction, executor_id, address, announced, true, now).await?;
            }
            Some(known) if known.gone_at.is_some() => {
                let announced = typed(labels, known.client);
                instances::revive(transaction, known.id, announced, true, now).await?;
            }
            Some(known) if known.labels != *labels => {
                instances::relabel(transaction, known.id, labels, now).await?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Who typed an address does not know which process answers there, nor what that can do.
fn typed(labels: &str, client: Client) -> Announced<'_> {
    Announced { labels, client, life: "", about: None }
}
