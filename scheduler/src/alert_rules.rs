//! Alert rules: what is told to which channels.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise, visible};
use crate::fields::{Faults, is_taken};
use crate::rules::alerts::deadline::TimeOfDay;
use crate::store::{alert_rules as store, alerts, channels, executors, incidents, jobs, namespaces};
use crate::{Error, Result, Services};
use entity::alert_rule::{ActiveModel, Event, Model};
use entity::audit_entry::Verb;
use entity::fault::Fault;
use entity::{Millis, namespace};
use sea_orm::{DatabaseTransaction, Set};
use serde_json::json;
use std::collections::HashMap;

const NAME_LENGTH: u32 = 120;
/// Channels of a rule at most.
const MOST_CHANNELS: u32 = 3;
const DAY_S: i64 = 24 * 3_600;
/// The longest silence (ms).
const SILENCE_MS: Millis = 366 * DAY_S * 1_000;
/// Rows of a list at most.
pub const LIST_LENGTH: u64 = 1000;

/// What can be changed about a rule. The names of wrong fields are the names here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRuleEdit {
    pub name: String,
    /// None = all of the namespace.
    pub executor_id: Option<i32>,
    /// None = all of the executor or namespace.
    pub job_id: Option<i32>,
    pub events: Vec<Event>,
    /// As [`Model::late_s`]; heeded where [`Event::Late`] is told.
    pub late_s: i32,
    /// As [`Model::long_s`]; heeded where [`Event::Long`] is told.
    pub long_s: i32,
    /// As [`Model::longer_pct`]; heeded where [`Event::Longer`] is told.
    pub longer_pct: i32,
    /// As [`Model::start_by`]; heeded where [`Event::NotStarted`] is told, which needs a job.
    pub start_by: String,
    /// The same for [`Event::NotFinished`].
    pub finish_by: String,
    pub channels: Vec<i32>,
    pub group_s: i32,
    pub recovery: bool,
    /// 0 = never.
    pub escalate_s: i32,
    /// Needed where there is an escalation.
    pub escalate_channel: Option<i32>,
}

/// A rule with the names of what it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRuleRow {
    pub rule: Model,
    pub namespace: namespace::Model,
    /// Of [`Model::channels`], in their order.
    pub channels: Vec<String>,
}

/// The rules that the caller may see, by name; at most [`LIST_LENGTH`].
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<AlertRuleRow>> {
    let visible = visible(caller)?;
    let rules = store::list(services.db.reader(), &visible, LIST_LENGTH).await?;
    named(services, rules).await
}

pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<AlertRuleRow> {
    let rule = authorised(services, caller, Action::View, id).await?;
    named(services, vec![rule]).await?.pop().ok_or(Error::NotFound("alert rule"))
}

/// # Errors
/// [`Error::Invalid`] naming fields of [`AlertRuleEdit`], or `namespace_id`.
pub async fn create(
    services: &Services,
    caller: &Caller,
    namespace_id: i32,
    typed: &AlertRuleEdit,
) -> Result<Model> {
    authorise(caller, Action::ManageAlerts, Scope::Namespace { id: namespace_id, noun: "namespace" })?;
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    if namespaces::by_id(&transaction, namespace_id).await?.is_none() {
        return Err(Error::field("namespace_id", Fault::Unknown));
    }
    let checked = typed.checked(&transaction, namespace_id, None).await?;
    let row = ActiveModel {
        namespace_id: Set(namespace_id),
        silent_until: Set(None),
        start_told: Set(None),
        finish_told: Set(None),
        version: Set(1),
        created_at: Set(now),
        ..checked.columns(caller, now)
    };
    let rule = store::insert(&transaction, row).await.map_err(name_taken)?;
    audit::commit(services, caller, transaction, [Entry::created(&rule)]).await?;
    Ok(rule)
}

/// Changes a rule of which `version` was shown; its namespace never changes. What happened before is not told
/// by what it says now.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] as for [`create`].
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    typed: &AlertRuleEdit,
) -> Result<Model> {
    let stored = authorised(services, caller, Action::ManageAlerts, id).await?;
    let transaction = services.db.begin().await?;
    let before = store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("alert rule"))?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    let checked = typed.checked(&transaction, stored.namespace_id, Some(id)).await?;
    let changes = checked.columns(caller, services.clock.now());
    store::update(&transaction, id, version, changes).await.map_err(name_taken)?;
    let rule = store::by_id(&transaction, id).await?.ok_or(Error::NotFound("alert rule"))?;
    audit::commit(services, caller, transaction, [Entry::edited(&before, &rule)]).await?;
    Ok(rule)
}

/// Tells nothing of what happens before `until`; none ends the silence now.
///
/// # Errors
/// [`Error::Invalid`] naming `until` when it is past, or more than a year away.
pub async fn silence(services: &Services, caller: &Caller, id: i32, until: Option<Millis>) -> Result<()> {
    let rule = authorised(services, caller, Action::ManageAlerts, id).await?;
    let now = services.clock.now();
    match until {
        Some(until) if until <= now => return Err(Error::field("until", Fault::Past)),
        Some(until) if until > now + SILENCE_MS => return Err(Error::field("until", Fault::DateTime)),
        _ => {}
    }
    // What happened in a silence that is ended early stays untold.
    let was_silent = rule.silent_until.is_some_and(|until| until > now);
    let until = until.or(was_silent.then_some(now));
    let changes =
        ActiveModel { silent_until: Set(until), updated_by: Set(caller.account()), ..Default::default() };
    let transaction = services.db.begin().await?;
    if !store::update(&transaction, id, rule.version, changes).await? {
        return Err(Error::Conflict(rule.version + 1));
    }
    audit::commit(
        services,
        caller,
        transaction,
        [Entry::of(Verb::Silence, &rule).with(json!({"until": until}))],
    )
    .await
}

/// Deletes a rule, with what it gathers and what it waits for.
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    let rule = authorised(services, caller, Action::ManageAlerts, id).await?;
    let transaction = services.db.begin().await?;
    store::by_id_locked(&transaction, id).await?.ok_or(Error::NotFound("alert rule"))?;
    alerts::forget_rule(&transaction, id).await?;
    incidents::delete_of_rule(&transaction, id).await?;
    store::delete(&transaction, id).await?;
    audit::commit(services, caller, transaction, [Entry::deleted(&rule)]).await
}

impl AlertRuleEdit {
    /// In the form that is stored, after everything that it names was found in the namespace.
    async fn checked(
        &self,
        transaction: &DatabaseTransaction,
        namespace_id: i32,
        own_id: Option<i32>,
    ) -> Result<Self> {
        let mut faults = Faults::default();
        let mut checked = self.checked_alone(&mut faults);
        if let Some(holder) = store::id_by_name(transaction, namespace_id, &checked.name).await?
            && Some(holder) != own_id
        {
            faults.add("name", Fault::Taken { id: Some(holder.into()) });
        }
        let named: Vec<i32> = checked.channels.iter().copied().chain(checked.escalate_channel).collect();
        let found = channels::by_ids(transaction, named).await?;
        let exists = |id: i32| found.iter().any(|found| found.id == id && found.namespace_id == namespace_id);
        if !checked.channels.iter().all(|id| exists(*id)) {
            faults.add("channels", Fault::Unknown);
        }
        if checked.escalate_channel.is_some_and(|id| !exists(id)) {
            faults.add("escalate_channel", Fault::Unknown);
        }
        if let Some(id) = checked.executor_id {
            let executor = executors::by_id(transaction, id).await?;
            if executor.is_none_or(|found| found.namespace_id != namespace_id) {
                faults.add("executor_id", Fault::Unknown);
            }
        }
        if let Some(id) = checked.job_id {
            let job = jobs::by_id(transaction, id).await?.filter(|job| job.namespace_id == namespace_id);
            match job {
                Some(job) if checked.executor_id.is_none_or(|id| id == job.executor_id) => {}
                _ => faults.add("job_id", Fault::Unknown),
            }
        }
        faults.into_result()?;
        checked.events.sort_unstable();
        checked.events.dedup();
        Ok(checked)
    }

    /// What can be said without the database.
    fn checked_alone(&self, faults: &mut Faults) -> Self {
        let mut checked =
            Self { name: faults.required_line("name", &self.name, NAME_LENGTH), ..self.clone() };
        if self.events.is_empty() {
            faults.add("events", Fault::Required);
        }
        checked.channels.sort_unstable();
        checked.channels.dedup();
        match checked.channels.len() {
            0 => faults.add("channels", Fault::Required),
            number if number > MOST_CHANNELS as usize => {
                faults.add("channels", Fault::TooMany { max: MOST_CHANNELS });
            }
            _ => {}
        }
        if self.events.contains(&Event::Late) {
            faults.range("late_s", self.late_s.into(), 1, 7 * DAY_S);
        }
        if self.events.contains(&Event::Long) {
            faults.range("long_s", self.long_s.into(), 1, 7 * DAY_S);
        }
        if self.events.contains(&Event::Longer) {
            faults.range("longer_pct", self.longer_pct.into(), 110, 10_000);
        }
        checked.start_by = self.time_of_day(Event::NotStarted, "start_by", &self.start_by, faults);
        checked.finish_by = self.time_of_day(Event::NotFinished, "finish_by", &self.finish_by, faults);
        faults.range("group_s", self.group_s.into(), 0, 3_600);
        faults.range("escalate_s", self.escalate_s.into(), 0, 7 * DAY_S);
        match (self.escalate_s, self.escalate_channel) {
            (0, _) => checked.escalate_channel = None,
            (_, None) => faults.add("escalate_channel", Fault::Required),
            _ => {}
        }
        checked
    }

    /// The time by which something of one job has to have happened, where that is told.
    fn time_of_day(&self, event: Event, field: &str, typed: &str, faults: &mut Faults) -> String {
        let is_told = self.events.contains(&event);
        if is_told && self.job_id.is_none() {
            faults.add("job_id", Fault::Required);
        }
        match TimeOfDay::parse(typed) {
            Ok(time) => time.text(),
            Err(fault) => {
                if is_told {
                    faults.add(field, fault);
                }
                String::new()
            }
        }
    }

    fn columns(self, caller: &Caller, now: Millis) -> ActiveModel {
        let words: Vec<&str> = self.events.iter().map(|event| event.as_str()).collect();
        let channels: Vec<String> = self.channels.iter().map(i32::to_string).collect();
        ActiveModel {
            name: Set(self.name),
            executor_id: Set(self.executor_id),
            job_id: Set(self.job_id),
            events: Set(words.join(",")),
            late_s: Set(self.late_s),
            long_s: Set(self.long_s),
            longer_pct: Set(self.longer_pct),
            start_by: Set(self.start_by),
            finish_by: Set(self.finish_by),
            channels: Set(channels.join(",")),
            group_s: Set(self.group_s),
            recovery: Set(self.recovery),
            escalate_s: Set(self.escalate_s),
            escalate_channel: Set(self.escalate_channel),
            since: Set(now),
            updated_at: Set(now),
            updated_by: Set(caller.account()),
            ..Default::default()
        }
    }
}

/// Adds the names; rules of a namespace that has gone meanwhile are left out.
async fn named(services: &Services, rules: Vec<Model>) -> Result<Vec<AlertRuleRow>> {
    let reader = services.db.reader();
    let ids = rules.iter().flat_map(Model::channel_ids).collect();
    let names: HashMap<i32, String> =
        channels::by_ids(reader, ids).await?.into_iter().map(|found| (found.id, found.name)).collect();
    let mut rows = Vec::with_capacity(rules.len());
    let mut known: HashMap<i32, namespace::Model> = HashMap::new();
    for rule in rules {
        if !known.contains_key(&rule.namespace_id)
            && let Some(found) = namespaces::by_id(reader, rule.namespace_id).await?
        {
            known.insert(found.id, found);
        }
        let Some(namespace) = known.get(&rule.namespace_id).cloned() else { continue };
        let channels = rule.channel_ids().iter().filter_map(|id| names.get(id).cloned()).collect();
        rows.push(AlertRuleRow { rule, namespace, channels });
    }
    Ok(rows)
}

/// The stored rule, if the caller may do that with it.
async fn authorised(services: &Services, caller: &Caller, action: Action, id: i32) -> Result<Model> {
    visible(caller)?;
    let rule = store::by_id(services.db.reader(), id).await?.ok_or(Error::NotFound("alert rule"))?;
    authorise(caller, action, Scope::Namespace { id: rule.namespace_id, noun: "alert rule" })?;
    Ok(rule)
}

/// Two people may take the same name at the same moment: the unique index tells.
fn name_taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("name", Fault::Taken { id: None }) } else { error.into() }
}
