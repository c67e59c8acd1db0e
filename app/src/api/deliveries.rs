//! Deliveries: what was sent where, and what came of it.

use crate::api::may::May;
use crate::error::AppError;
use entity::delivery::Model;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The filters of the list, as they stand in its address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveryQuery {
    /// `pending`, `sent`, `failed`, or all.
    #[serde(default)]
    pub state: String,
    /// Where the page begins.
    #[serde(default)]
    pub after: String,
}

/// A delivery and its channel's name; none for a channel that was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryLine {
    pub may: May,
    pub delivery: Model,
    pub channel: Option<String>,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryLines {
    pub lines: Vec<DeliveryLine>,
    pub next: Option<String>,
}

/// A page of what was sent to channels, the newest first.
#[server]
pub async fn list_deliveries(query: DeliveryQuery) -> Result<DeliveryLines, AppError> {
    use crate::ssr;
    use entity::delivery::DeliveryState;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let state = DeliveryState::parse(&query.state);
    let after = Some(&*query.after).filter(|after| !after.is_empty());
    let page = scheduler::deliveries::list(&services, &caller, state, after).await.map_err(ssr::refuse)?;
    let line = |row: scheduler::deliveries::DeliveryRow| DeliveryLine {
        may: May::inside(&caller, row.delivery.namespace_id),
        delivery: row.delivery,
        channel: row.channel,
    };
    Ok(DeliveryLines { lines: page.rows.into_iter().map(line).collect(), next: page.next })
}

/// Sends a failed delivery again.
#[server]
pub async fn send_again(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, ssr};
    let (_, caller) = ssr::domain().map_err(ssr::refuse)?;
    let alerts = ssr::alerts().map_err(ssr::refuse)?;
    scheduler::deliveries::send_again(&alerts, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("sent_again"));
    Ok(())
}
