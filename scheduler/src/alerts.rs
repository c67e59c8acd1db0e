//! Alerts: looking for what is to be told, and telling it. Two loops on the web's runtime, none of the
//! engine's: [`watch`] decides and writes down what is to be sent, on the server that has the cluster's
//! duties; [`deliver`] sends it, on every server. Between them lie rows: what was decided is sent, whatever
//! stops in between. See `docs/alerts.md`.

pub(crate) mod asking;
mod deadlines;
pub mod deliver;
mod gather;
mod incidents;
mod look;
pub mod watch;

use crate::mail::Mailer;
use crate::outgoing::Outgoing;
use crate::rules::alerts::content::Content;
use crate::rules::alerts::mentions::Mentions;
use crate::rules::alerts::message::{Alert, Message, Wording, cut};
use crate::rules::alerts::post::{Post, Receiver, beginning};
use crate::rules::alerts::{dingtalk, email, feishu, slack, webhook, wecom};
use crate::store::{alerts as store, deliveries, namespaces};
use crate::{Error, Result, Services};
use chrono_tz::Tz;
use entity::channel::{ChannelKind, Model as Channel};
use entity::delivery::{self, DeliveryState};
use entity::{Millis, alert};
use sea_orm::{DatabaseTransaction, Set};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Characters of the columns.
const TITLE: usize = 500;
const ANSWER: usize = 1_000;

/// All that has to do with alerts. Cheap to clone.
#[derive(Clone)]
pub struct Alerts {
    services: Services,
    outgoing: Outgoing,
    mailer: Option<Mailer>,
    /// The console's address, for links in messages.
    console: Option<String>,
}

impl Alerts {
    /// Without a mailer no letters are sent, and without the console's address messages have no links.
    pub fn new(
        services: Services,
        outgoing: Outgoing,
        mailer: Option<Mailer>,
        console: Option<String>,
    ) -> Self {
        Self { services, outgoing, mailer, console }
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// Whether letters can be sent.
    pub fn has_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Sends a test at once; once, whatever comes of it.
    pub(crate) async fn send_test(&self, channel: &Channel) -> Result<delivery::Model> {
        let now = self.services.clock.now();
        let namespace = namespaces::by_id(self.services.db.reader(), channel.namespace_id).await?;
        let alert = Alert::test(namespace.ok_or(Error::NotFound("namespace"))?.title());
        let content = Content::Alert(alert);
        let sent = self.send(channel, &content, now).await;
        let (state, answer) = match sent {
            Ok(answer) => (DeliveryState::Sent, answer),
            Err(answer) => (DeliveryState::Failed, answer),
        };
        let transaction = self.services.db.begin().await?;
        let row = store::insert(&transaction, row(channel.namespace_id, None, &content, now)?).await?;
        let delivery = delivery::ActiveModel {
            state: Set(state),
            attempts: Set(1),
            next_at: Set(None),
            answer: Set(kept(&answer)),
            tried_at: Set(Some(now)),
            ..pending(&row, &content, channel, now)
        };
        let delivery = deliveries::insert(&transaction, delivery).await?;
        transaction.commit().await?;
        Ok(delivery)
    }

    /// Sends something to a channel: what the receiver answered.
    ///
    /// # Errors
    /// Why it did not take it, or could not be asked, in words.
    async fn send(&self, channel: &Channel, content: &Content, now: Millis) -> Result<String, String> {
        let message = content.message(&wording(channel, self.console.clone()));
        if channel.kind == ChannelKind::Email {
            let mailer = self.mailer.as_ref().ok_or("this server has no mail server")?;
            let to = email::addresses(&channel.target).unwrap_or_default();
            return mailer.send(&email::letter(to, &message)).await;
        }
        let (post, check) = posted(channel, content, &message, now);
        let answer = self.outgoing.post(&post.url, &post.headers, post.body).await;
        let answer = answer.map_err(|failure| failure.to_string())?;
        check(answer.status, &answer.body)?;
        Ok(beginning(&answer.body))
    }
}

/// Writes down that something goes to these channels at once.
async fn tell(
    transaction: &DatabaseTransaction,
    row: &alert::Model,
    content: &Content,
    channels: &[Channel],
    now: Millis,
) -> Result<()> {
    for channel in channels {
        deliveries::insert(transaction, pending(row, content, channel, now)).await?;
    }
    Ok(())
}

/// The same of something new; its id.
async fn tell_new(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    rule_id: Option<i32>,
    content: &Content,
    channels: &[Channel],
    now: Millis,
) -> Result<i32> {
    let row = store::insert(transaction, row(namespace_id, rule_id, content, now)?).await?;
    tell(transaction, &row, content, channels, now).await?;
    Ok(row.id)
}

/// How a channel is told; without the console's address there are no links.
fn wording(channel: &Channel, console: Option<String>) -> Wording {
    let zone = channel.zone.parse().unwrap_or(Tz::UTC);
    Wording { language: channel.language, zone, console }
}

/// The delivery of something to a channel, to be sent at `now`.
fn pending(row: &alert::Model, content: &Content, channel: &Channel, now: Millis) -> delivery::ActiveModel {
    let title = content.message(&wording(channel, None)).title;
    delivery::ActiveModel {
        namespace_id: Set(row.namespace_id),
        alert_id: Set(row.id),
        channel_id: Set(channel.id),
        state: Set(DeliveryState::Pending),
        attempts: Set(0),
        next_at: Set(Some(now)),
        title: Set(title.chars().take(TITLE).collect()),
        answer: Set(String::new()),
        created_at: Set(now),
        tried_at: Set(None),
        ..Default::default()
    }
}

/// Whether an answer, by its status and body, says that the message was taken.
type Check = fn(u16, &str) -> Result<(), String>;

/// The request of a channel's kind, and what reads its answer. E-mail has none; it is never asked.
fn posted(channel: &Channel, content: &Content, message: &Message, now: Millis) -> (Post, Check) {
    let mentions = Mentions::parse(&channel.mentions).unwrap_or_default();
    let to = Receiver { url: channel.target.clone(), secret: channel.secret.clone(), mentions };
    match channel.kind {
        ChannelKind::Wecom => (wecom::post(&to, message), wecom::check),
        ChannelKind::Dingtalk => (dingtalk::post(&to, message, now), dingtalk::check),
        ChannelKind::Feishu => (feishu::post(&to, message, now), feishu::check),
        ChannelKind::Slack => (slack::post(&to, message), slack::check),
        ChannelKind::Webhook | ChannelKind::Email => {
            (webhook::post(&to, content, message, now), webhook::check)
        }
    }
}

/// The row of what gathers nothing any more.
fn row(
    namespace_id: i32,
    rule_id: Option<i32>,
    content: &impl Serialize,
    now: Millis,
) -> Result<alert::ActiveModel> {
    Ok(alert::ActiveModel {
        namespace_id: Set(namespace_id),
        rule_id: Set(rule_id),
        gathers_for: Set(None),
        due_at: Set(now),
        content: Set(written(content)?),
        created_at: Set(now),
        ..Default::default()
    })
}

fn written(content: &impl Serialize) -> Result<String> {
    serde_json::to_string(content).map_err(|error| Error::Internal(format!("an alert as JSON: {error}")))
}

fn read<T: DeserializeOwned>(content: &str) -> Result<T> {
    serde_json::from_str(content).map_err(|error| Error::Internal(format!("an alert from JSON: {error}")))
}

/// What is kept of an answer.
fn kept(answer: &str) -> String {
    cut(&beginning(answer), ANSWER)
}
