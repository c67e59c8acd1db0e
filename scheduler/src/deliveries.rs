//! Deliveries, as people see them: what was sent where, and what came of it.

use crate::alerts::Alerts;
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::paging::{decode, encode};
use crate::store::{alerts as alert_store, channels, deliveries as store};
use crate::{Error, Refusal, Result, Services, runs};
use entity::audit_entry::Verb;
use entity::delivery::{DeliveryState, Model};
use std::collections::HashMap;

/// Rows of a page.
const PAGE: usize = 50;

/// A delivery and its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    pub delivery: Model,
    /// None when the channel has been deleted.
    pub channel: Option<String>,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    pub rows: Vec<DeliveryRow>,
    /// To be given as `after` for the next page; none on the last one.
    pub next: Option<String>,
}

/// The deliveries that the caller may see, the newest first. `after` is the `next` of the page before.
///
/// # Errors
/// [`Error::Invalid`] naming `after` when it is no such text.
pub async fn list(
    services: &Services,
    caller: &Caller,
    state: Option<DeliveryState>,
    after: Option<&str>,
) -> Result<DeliveryPage> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let before: Option<i32> = after.map(decode).transpose()?;
    let mut rows = store::list(reader, &visible, state, before, PAGE as u64 + 1).await?;
    let is_last = rows.len() <= PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| !is_last).map(|last| encode(&last.id));
    Ok(DeliveryPage { rows: named(services, rows).await?, next })
}

/// The deliveries that tell of a run; empty where nothing was told.
pub async fn of_run(services: &Services, caller: &Caller, run_id: i64) -> Result<Vec<DeliveryRow>> {
    runs::get(services, caller, run_id).await?;
    let reader = services.db.reader();
    let alerts = alert_store::of_run(reader, run_id).await?;
    let rows = match alerts.is_empty() {
        true => Vec::new(),
        false => store::of_alerts(reader, alerts).await?,
    };
    named(services, rows).await
}

/// Sends a failed one again, with as many attempts as a new one.
///
/// # Errors
/// [`Refusal::DeliveryNotFailed`].
pub async fn send_again(alerts: &Alerts, caller: &Caller, id: i32) -> Result<()> {
    let services = alerts.services();
    visible(caller)?;
    let found = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("delivery"))?;
    let scope = Scope::Namespace { id: found.namespace_id, noun: "delivery" };
    authorise(caller, Action::ManageAlerts, scope)?;
    let transaction = services.db.begin().await?;
    if !store::send_again(&transaction, id, services.clock.now()).await? {
        return Err(Error::Refused(Refusal::DeliveryNotFailed));
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::SendAgain, &found)]).await
}

async fn named(services: &Services, rows: Vec<Model>) -> Result<Vec<DeliveryRow>> {
    let ids = rows.iter().map(|row| row.channel_id).collect();
    let found = channels::by_ids(services.db.reader(), ids).await?;
    let names: HashMap<i32, String> = found.into_iter().map(|found| (found.id, found.name)).collect();
    let row = |delivery: Model| DeliveryRow { channel: names.get(&delivery.channel_id).cloned(), delivery };
    Ok(rows.into_iter().map(row).collect())
}
