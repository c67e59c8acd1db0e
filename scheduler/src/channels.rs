//! Channels: where the messages of a namespace go. Their addresses and secrets can be written and not read
//! again: whoever may see a channel sees where it leads, not with which key.

use crate::alerts::Alerts;
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::outgoing::Outgoing;
use crate::rules::alerts::email;
use crate::rules::alerts::mentions::Mentions;
use crate::store::{alert_rules, channels as store, namespaces};
use crate::{Error, Refusal, Result, Services};
use chrono_tz::Tz;
use entity::channel::{ActiveModel, ChannelKind, Language, Model};
use entity::fault::Fault;
use entity::{Millis, delivery, namespace};
use sea_orm::{DatabaseTransaction, Set};
use std::collections::HashMap;

const NAME_LENGTH: u32 = 120;
const SECRET_LENGTH: u32 = 255;
const TEXT_LENGTH: u32 = 2_000;
/// Rows of a list at most.
pub const LIST_LENGTH: u64 = 1000;

/// What can be changed about a channel. The names of wrong fields are the names here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelEdit {
    pub name: String,
    pub kind: ChannelKind,
    /// As [`Model::target`]; empty = as it is.
    pub target: String,
    /// Empty = as it is, where the kind stays the same.
    pub secret: String,
    /// Messages are not signed any more.
    pub unsign: bool,
    /// As [`Model::mentions`].
    pub mentions: String,
    pub language: Language,
    pub zone: String,
}

/// A channel without what must not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    pub id: i32,
    pub namespace: namespace::Model,
    pub name: String,
    pub kind: ChannelKind,
    /// The hook without its key; of an e-mail channel the addresses.
    pub target: String,
    pub signed: bool,
    pub mentions: String,
    pub language: Language,
    pub zone: String,
    pub version: i32,
    pub updated_at: Millis,
    /// How many rules name it.
    pub rules: u64,
}

/// The channels that the caller may see, by name; at most [`LIST_LENGTH`].
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<ChannelView>> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let channels = store::list(reader, &visible, LIST_LENGTH).await?;
    let namespaces = namespaces::list(reader, &visible).await?;
    let namespaces: HashMap<_, _> = namespaces.into_iter().map(|found| (found.id, found)).collect();
    let mut uses: HashMap<i32, u64> = HashMap::new();
    for rule in alert_rules::list(reader, &visible, LIST_LENGTH).await? {
        rule.all_channel_ids().into_iter().for_each(|id| *uses.entry(id).or_default() += 1);
    }
    let view = |channel: Model| {
        let namespace = namespaces.get(&channel.namespace_id)?.clone();
        let rules = uses.get(&channel.id).copied().unwrap_or(0);
        Some(ChannelView::new(channel, namespace, rules))
    };
    Ok(channels.into_iter().filter_map(view).collect())
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<ChannelView> {
    let channel = authorised(services, caller, Action::View, id).await?;
    let reader = services.db.reader();
    let namespace = namespaces::by_id(reader, channel.namespace_id).await?;
    let rules = alert_rules::of_namespace(reader, channel.namespace_id).await?;
    let rules = rules.iter().filter(|rule| rule.all_channel_ids().contains(&id)).count() as u64;
    Ok(ChannelView::new(channel, namespace.ok_or(Error::NotFound("namespace"))?, rules))
}

/// # Errors
/// [`Error::Invalid`] naming `namespace_id`, `name`, `target`, `secret`, `mentions`, `zone`.
pub async fn create(
    alerts: &Alerts,
    caller: &Caller,
    namespace_id: i32,
    typed: &ChannelEdit,
) -> Result<Model> {
    let services = alerts.services();
    authorise(caller, Action::ManageAlerts, Scope::Namespace { id: namespace_id, noun: "namespace" })?;
    let checked = typed.checked(alerts, None)?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    if namespaces::by_id(&transaction, namespace_id).await?.is_none() {
        return Err(Error::field("namespace_id", Fault::Unknown));
    }
    check_name_free(&transaction, namespace_id, &checked.name, None).await?;
    let row = ActiveModel {
        namespace_id: Set(namespace_id),
        version: Set(1),
        created_at: Set(now),
        ..checked.columns(caller, now)
    };
    let channel = store::insert(&transaction, row).await.map_err(name_taken)?;
    audit::commit(services, caller, transaction, [Entry::created(&channel)]).await?;
    Ok(channel)
}

/// Changes a channel of which `version` was shown; its namespace never changes.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] as for [`create`];
/// [`Refusal::ChannelTellsApprovals`].
pub async fn edit(
    alerts: &Alerts,
    caller: &Caller,
    id: i32,
    version: i32,
    typed: &ChannelEdit,
) -> Result<Model> {
    let services = alerts.services();
    let stored = authorised(services, caller, Action::ManageAlerts, id).await?;
    let checked = typed.checked(alerts, Some(&stored))?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("channel"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    check_tells_nobody(&transaction, &before).await?;
    check_name_free(&transaction, stored.namespace_id, &checked.name, Some(id)).await?;
    let changes = checked.columns(caller, services.clock.now());
    store::update(&transaction, id, version, changes).await.map_err(name_taken)?;
    let channel = store::by_id(&transaction, id).await?.ok_or(Error::NotFound("channel"))?;
    audit::commit(services, caller, transaction, [Entry::edited(&before, &channel)]).await?;
    Ok(channel)
}

/// # Errors
/// [`Refusal::ChannelHasRules`] while rules name it; [`Refusal::ChannelTellsApprovals`].
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let channel = authorised(services, caller, Action::ManageAlerts, id).await?;
    let transaction = services.db.begin().await?;
    store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("channel"))?;
    check_tells_nobody(&transaction, &channel).await?;
    let rules = alert_rules::of_namespace(&transaction, channel.namespace_id).await?;
    match rules.iter().filter(|rule| rule.all_channel_ids().contains(&id)).count() {
        0 => {}
        rules => return Err(Error::Refused(Refusal::ChannelHasRules(rules as u64))),
    }
    store::delete(&transaction, id).await?;
    audit::commit(services, caller, transaction, [Entry::deleted(&channel)]).await
}

/// Sends a test message at once; the delivery with the receiver's answer.
pub async fn test(alerts: &Alerts, caller: &Caller, id: i32) -> Result<delivery::Model> {
    let channel = authorised(alerts.services(), caller, Action::ManageAlerts, id).await?;
    alerts.send_test(&channel).await
}

impl ChannelView {
    fn new(channel: Model, namespace: namespace::Model, rules: u64) -> Self {
        Self {
            id: channel.id,
            namespace,
            name: channel.name,
            kind: channel.kind,
            target: shown(channel.kind, &channel.target),
            signed: !channel.secret.is_empty(),
            mentions: channel.mentions,
            language: channel.language,
            zone: channel.zone,
            version: channel.version,
            updated_at: channel.updated_at,
            rules,
        }
    }
}

/// Where a channel leads, without the key: everything behind the host is one, or may be.
fn shown(kind: ChannelKind, target: &str) -> String {
    if kind == ChannelKind::Email {
        return target.to_owned();
    }
    let host_at = target.find("://").map_or(0, |at| at + 3);
    let host_end = target[host_at..].find(['/', '?', '#']).map_or(target.len(), |at| host_at + at);
    format!("{}/***", &target[..host_end])
}

impl ChannelEdit {
    /// In the form that is stored; what is left empty is that of `stored`.
    fn checked(&self, alerts: &Alerts, stored: Option<&Model>) -> Result<Self> {
        let mut faults = Faults::default();
        let name = faults.required_line("name", &self.name, NAME_LENGTH);
        let target = match stored.filter(|stored| self.target.trim().is_empty() && stored.kind == self.kind) {
            Some(stored) => stored.target.clone(),
            None => checked_target(self.kind, &self.target, alerts.outgoing()).unwrap_or_else(|fault| {
                faults.add("target", fault);
                String::new()
            }),
        };
        if self.kind == ChannelKind::Email && !alerts.has_mail() {
            faults.add("kind", Fault::NoMailServer);
        }
        let kept = stored.filter(|stored| !self.unsign && stored.kind == self.kind);
        let secret = match (self.kind.signs(), faults.line("secret", &self.secret, SECRET_LENGTH), kept) {
            (false, ..) => String::new(),
            (true, typed, Some(stored)) if typed.is_empty() => stored.secret.clone(),
            (true, typed, _) => typed,
        };
        let mentions = faults.text("mentions", self.mentions.trim(), TEXT_LENGTH);
        if let Err(fault) = Mentions::parse(&mentions) {
            faults.add("mentions", fault);
        }
        let zone = self.zone.trim().to_owned();
        if zone.parse::<Tz>().is_err() {
            faults.add("zone", Fault::Zone);
        }
        faults.into_result()?;
        Ok(Self { name, target, secret, mentions, zone, ..self.clone() })
    }

    fn columns(self, caller: &Caller, now: Millis) -> ActiveModel {
        ActiveModel {
            name: Set(self.name),
            kind: Set(self.kind),
            target: Set(self.target),
            secret: Set(self.secret),
            mentions: Set(self.mentions),
            language: Set(self.language),
            zone: Set(self.zone),
            updated_at: Set(now),
            updated_by: Set(caller.account()),
            ..Default::default()
        }
    }
}

/// The hook's URL, or the addresses, one a line.
fn checked_target(kind: ChannelKind, typed: &str, outgoing: &Outgoing) -> Result<String, Fault> {
    match kind {
        ChannelKind::Email => {
            let addresses = email::addresses(typed)?.join("\n");
            let is_short = addresses.chars().count() <= TEXT_LENGTH as usize;
            if is_short { Ok(addresses) } else { Err(Fault::TooLong { max: TEXT_LENGTH }) }
        }
        _ => outgoing.check(typed),
    }
}

/// The stored channel, if the caller may do that with it.
async fn authorised(services: &Services, caller: &Caller, action: Action, id: i32) -> Result<Model> {
    visible(caller)?;
    let channel = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("channel"))?;
    authorise(caller, action, Scope::Namespace { id: channel.namespace_id, noun: "channel" })?;
    Ok(channel)
}

/// Whoever could lead the codes of approvals elsewhere could approve by himself: the namespace is given another
/// channel first, which is approved itself.
async fn check_tells_nobody(transaction: &DatabaseTransaction, channel: &Model) -> Result<()> {
    let namespace = namespaces::by_id_locked(transaction, channel.namespace_id).await?;
    match namespace.and_then(|namespace| namespace.approval_channel_id) {
        Some(id) if id == channel.id => Err(Error::Refused(Refusal::ChannelTellsApprovals)),
        _ => Ok(()),
    }
}

async fn check_name_free(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    name: &str,
    own_id: Option<i32>,
) -> Result<()> {
    match store::id_by_name(transaction, namespace_id, name).await? {
        Some(holder) if Some(holder) != own_id => {
            Err(Error::field("name", Fault::Taken { id: Some(holder.into()) }))
        }
        _ => Ok(()),
    }
}

/// Two people may take the same name at the same moment: the unique index tells.
fn name_taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("name", Fault::Taken { id: None }) } else { error.into() }
}
