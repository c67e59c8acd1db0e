//! Sending what is to be sent. Each channel gets one message at a time, each in a task of its own: a hook that
//! hangs delays nobody but itself.

use super::asking::{with_code, without_code};
use super::{Alerts, kept, read};
use crate::Result;
use crate::rules::alerts::content::Content;
use crate::rules::alerts::retry;
use crate::store::{alerts as store, channels, deliveries};
use entity::Millis;
use entity::channel::Model as Channel;
use entity::delivery::{DeliveryState, Model};
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long nobody else sends what one server has taken (ms): longer than any sending takes.
const LEASE_MS: Millis = 60_000;
/// Messages under way at the same time.
const WIDTH: usize = 64;
/// Rows of a look.
const MOST: u64 = 500;

/// The loop's state.
pub struct Deliverer {
    alerts: Alerts,
    under_way: JoinSet<i32>,
    /// Channels that something is under way to.
    busy: HashSet<i32>,
}

impl Deliverer {
    pub fn new(alerts: Alerts) -> Self {
        Self { alerts, under_way: JoinSet::new(), busy: HashSet::new() }
    }

    /// Begins to send what is due, and does not wait for the answers; how many.
    pub async fn tick(&mut self) -> Result<usize> {
        while let Some(ended) = self.under_way.try_join_next() {
            self.free(ended);
        }
        let now = self.alerts.services.clock.now();
        let reader = self.alerts.services.db.reader();
        let busy: Vec<i32> = self.busy.iter().copied().collect();
        let mut begun = 0;
        for due in deliveries::due(reader, now, busy, MOST).await? {
            let is_free = self.busy.len() < WIDTH && !self.busy.contains(&due.channel_id);
            if is_free && self.claim(&due, now).await? {
                begun += 1;
                self.busy.insert(due.channel_id);
                let (alerts, channel) = (self.alerts.clone(), due.channel_id);
                self.under_way.spawn(async move {
                    if let Err(error) = alerts.attempt(due).await {
                        tracing::warn!(%error, "what came of a message could not be noted; it is sent again");
                    }
                    channel
                });
            }
        }
        Ok(begun)
    }

    /// Waits for everything that is under way.
    pub async fn settle(&mut self) {
        while let Some(ended) = self.under_way.join_next().await {
            self.free(ended);
        }
    }

    /// After a panic nobody knows whose task it was: nobody is busy that way for ever.
    fn free(&mut self, ended: Result<i32, tokio::task::JoinError>) {
        match ended {
            Ok(channel) => drop(self.busy.remove(&channel)),
            Err(error) => {
                tracing::error!(%error, "sending a message broke off");
                self.busy.clear();
            }
        }
    }

    async fn claim(&self, due: &Model, now: Millis) -> Result<bool> {
        let transaction = self.alerts.services.db.begin().await?;
        let claimed = deliveries::claim(&transaction, due, now, now + LEASE_MS).await?;
        transaction.commit().await?;
        Ok(claimed)
    }

    /// Ticks until it is told to end; what is under way then is sent again by whoever comes next.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.tick()).await {
                tracing::warn!(%error, "messages could not be sent; trying again");
            }
        }
        let last = tokio::time::timeout(Duration::from_millis(500), self.settle()).await;
        if last.is_err() {
            tracing::debug!("messages were still on their way");
        }
    }
}

impl Alerts {
    /// As [`Alerts::send`]; whatever comes back is without the code of an approval.
    async fn send_masked(&self, channel: &Channel, content: &Content) -> Result<String, String> {
        let sent = self.send(channel, content, self.services.clock.now()).await;
        sent.map(|answer| without_code(content, answer)).map_err(|answer| without_code(content, answer))
    }

    /// Sends a delivery that was claimed, and notes what came of it.
    async fn attempt(&self, due: Model) -> Result<()> {
        let reader = self.services.db.reader();
        let alert = store::by_id(reader, due.alert_id).await?;
        let channel = channels::by_id(reader, due.channel_id).await?;
        let attempt = due.attempts + 1;
        let (sent, is_last) = match alert.zip(channel) {
            Some((alert, channel)) => match with_code(&self.services, read(&alert.content)?).await? {
                Some(content) => (self.send_masked(&channel, &content).await, false),
                None => (Err("the approval has ended".to_owned()), true),
            },
            None => (Err("the channel has been deleted".to_owned()), true),
        };
        let now = self.services.clock.now();
        let (state, next_at, answer) = match sent {
            Ok(answer) => (DeliveryState::Sent, None, answer),
            Err(answer) => match retry::next_at(attempt, now).filter(|_| !is_last) {
                Some(at) => (DeliveryState::Pending, Some(at), answer),
                None => (DeliveryState::Failed, None, answer),
            },
        };
        let transaction = self.services.db.begin().await?;
        deliveries::finish(&transaction, due.id, attempt, state, next_at, kept(&answer)).await?;
        transaction.commit().await?;
        Ok(())
    }
}
