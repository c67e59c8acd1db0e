//! Instances whose addresses a person typed.

use super::draft::Settings;
use crate::Result;
use crate::store::instances::{self, Announced};
use entity::instance::{self, Client};
use entity::{Millis, executor};
use sea_orm::{DatabaseTransaction, Set};

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
    for typed in instances::manual_of(transaction, executor_id).await? {
        if settings.addresses.iter().all(|(address, _)| *address != typed.address) {
            instances::mark_gone(transaction, executor_id, &typed.address, now).await?;
            instances::set_manual(transaction, typed.id, false).await?;
        }
    }
    for (address, labels) in &settings.addresses {
        match instances::by_address(transaction, executor_id, address).await? {
            None => {
                drop(instances::insert(transaction, new_manual(executor_id, address, labels, now)).await?)
            }
            Some(known) if known.gone_at.is_some() => {
                // Who typed an address does not know which process answers there.
                let announced = Announced { labels, client: known.client, life: "" };
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

fn new_manual(executor_id: i32, address: &str, labels: &str, now: Millis) -> instance::ActiveModel {
    instance::ActiveModel {
        executor_id: Set(executor_id),
        address: Set(address.to_owned()),
        labels: Set(labels.to_owned()),
        client: Set(Client::Other),
        life: Set(String::new()),
        generation: Set(1),
        manual: Set(true),
        registered_at: Set(now),
        seen_at: Set(now),
        gone_at: Set(None),
        ..Default::default()
    }
}
