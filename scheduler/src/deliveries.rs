//! Deliveries, as people see them: what was sent where, and what came of it.

use crate::alerts::Alerts;
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::paging::{decode, encode};
use crate::store::{alerts as alert_store, channels, deliveries as store};
use crate::{Error, Refusal, Result, Services, runs};
use entity::audit_entry::Verb;
use entity::delivery::{DeliveryState, Model};
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

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

/// What became of the messages that tell of a run; none where nothing is told of it.
pub async fn of_run(services: &Services, caller: &Caller, run_id: i64) -> Result<Option<DeliveryState>> {
    runs::get(services, caller, run_id).await?;
    Ok(of_runs(services, &[run_id]).await?.remove(&run_id))
}

/// The same of several, whoever asks; runs of which nothing is told are missing.
pub(crate) async fn of_runs(services: &Services, run_ids: &[i64]) -> Result<HashMap<i64, DeliveryState>> {
    let reader = services.db.reader();
    let told = alert_store::of_runs(reader, run_ids).await?;
    let alert_ids: BTreeSet<i32> = told.iter().map(|(_, alert_id)| *alert_id).collect();
    let progress = alert_store::progress(reader, &alert_ids.into_iter().collect::<Vec<_>>()).await?;
    let mut of_alerts: HashMap<i32, DeliveryState> = HashMap::new();
    for (alert_id, state) in progress {
        worsen(&mut of_alerts, alert_id, state);
    }
    let mut of_runs = HashMap::new();
    for (run_id, alert_id) in told {
        if let Some(state) = of_alerts.get(&alert_id) {
            worsen(&mut of_runs, run_id, *state);
        }
    }
    Ok(of_runs)
}

fn worsen<K: Hash + Eq>(known: &mut HashMap<K, DeliveryState>, key: K, state: DeliveryState) {
    let worst = known.entry(key).or_insert(state);
    *worst = worst.worse(state);
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
