//! What the audit says about a change, and what it records of the things that are changed.

use crate::Result;
use crate::authority::Caller;
use crate::jobs::JobDraft;
use crate::rules::audit::Key;
use crate::rules::digest::hex;
use crate::store::job_children;
use entity::audit_entry::{Model, Noun, Verb};
use entity::grant::Role;
use entity::{
    Millis, alert_rule, api_token, approval, calendar, channel, delivery, executor, freeze, job, namespace,
    retention, run, user,
};
use sea_orm::DatabaseTransaction;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A change, before it has its place in the chain.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    noun: Noun,
    verb: Verb,
    object_id: i64,
    object: String,
    namespace_id: Option<i32>,
    before: Option<Value>,
    after: Option<Value>,
}

/// Which thing it is.
pub(crate) struct Object {
    id: i64,
    /// As people know it.
    name: String,
    namespace_id: Option<i32>,
}

impl Object {
    pub fn new(id: impl Into<i64>, name: impl Into<String>, namespace_id: Option<i32>) -> Self {
        Self { id: id.into(), name: name.into(), namespace_id }
    }
}

/// A thing whose changes are recorded.
pub(crate) trait Audited {
    const NOUN: Noun;

    fn object(&self) -> Object;

    /// All that a person can change about it, as a JSON object: no secrets, no bookkeeping.
    fn facts(&self) -> Value;
}

impl Entry {
    /// About nothing that has an id.
    pub fn about(noun: Noun, verb: Verb) -> Self {
        Self {
            noun,
            verb,
            object_id: 0,
            object: String::new(),
            namespace_id: None,
            before: None,
            after: None,
        }
    }

    /// Something was done with a thing.
    pub fn of<T: Audited>(verb: Verb, thing: &T) -> Self {
        let Object { id, name, namespace_id } = thing.object();
        Self { object_id: id, object: name, namespace_id, ..Self::about(T::NOUN, verb) }
    }

    /// Something was done with a thing, whose facts say what.
    pub fn done<T: Audited>(verb: Verb, thing: &T) -> Self {
        Self { after: Some(thing.facts()), ..Self::of(verb, thing) }
    }

    pub fn created<T: Audited>(thing: &T) -> Self {
        Self { after: Some(thing.facts()), ..Self::of(Verb::Create, thing) }
    }

    /// It was changed. Named as it was before.
    pub fn edited<T: Audited>(before: &T, after: &T) -> Self {
        Self::changed(Verb::Edit, before, after)
    }

    /// The same by another word.
    pub fn changed<T: Audited>(verb: Verb, before: &T, after: &T) -> Self {
        Self { before: Some(before.facts()), after: Some(after.facts()), ..Self::of(verb, before) }
    }

    pub fn deleted<T: Audited>(thing: &T) -> Self {
        Self { before: Some(thing.facts()), ..Self::of(Verb::Delete, thing) }
    }

    /// With particulars of what was done, a JSON object.
    pub fn with(self, particulars: Value) -> Self {
        Self { after: Some(particulars), ..self }
    }

    /// What was done with an approval: what it is about, and the digest of all that it holds.
    pub fn of_approval(verb: Verb, approval: &approval::Model) -> Self {
        Self { after: Some(approval.facts()), ..Self::of(verb, approval) }
    }

    pub fn noun(&self) -> Noun {
        self.noun
    }

    pub fn verb(&self) -> Verb {
        self.verb
    }

    pub fn object_id(&self) -> i64 {
        self.object_id
    }

    pub fn object(&self) -> &str {
        &self.object
    }

    pub fn namespace_id(&self) -> Option<i32> {
        self.namespace_id
    }

    /// The object before and after as JSON, of what is not done yet: without the run that it would make, which
    /// gets another number then.
    pub fn wished(mut self) -> (Option<String>, Option<String>) {
        if let Some(particulars) = self.after.as_mut().and_then(Value::as_object_mut)
            && matches!(self.verb, Verb::Run | Verb::Replay)
        {
            particulars.remove("run");
        }
        (self.before.map(|facts| facts.to_string()), self.after.map(|facts| facts.to_string()))
    }

    /// The row, but for its seal.
    pub(super) fn row(self, seq: i64, now: Millis, caller: &Caller, key: &Key) -> Model {
        Model {
            seq,
            at: now,
            actor_id: caller.account(),
            actor: caller.name.clone(),
            address: caller.address.clone(),
            noun: self.noun,
            verb: self.verb,
            object_id: self.object_id,
            object: self.object,
            namespace_id: self.namespace_id,
            before: self.before.map(|facts| facts.to_string()),
            after: self.after.map(|facts| facts.to_string()),
            key_id: key.id().to_owned(),
            mac: String::new(),
        }
    }
}

/// A row as JSON without these columns.
fn without(row: &impl Serialize, columns: &[&str]) -> Value {
    // Rows of numbers and texts always become JSON.
    let mut facts = serde_json::to_value(row).unwrap_or_default();
    if let Some(fields) = facts.as_object_mut() {
        fields.retain(|name, _| !columns.contains(&name.as_str()));
    }
    facts
}

/// What is kept of every edit beside what was edited.
const BOOKKEEPING: [&str; 6] = ["id", "namespace_id", "version", "created_at", "updated_at", "updated_by"];

/// A job with the jobs that its success starts, by id.
pub(crate) struct Definition<'a> {
    pub job: &'a job::Model,
    pub children: Vec<i32>,
}

impl<'a> Definition<'a> {
    /// As both are stored in this transaction.
    pub async fn stored(transaction: &DatabaseTransaction, job: &'a job::Model) -> Result<Self> {
        let children = job_children::of_parents(transaction, &[job.id]).await?;
        Ok(Self { job, children: children.into_iter().map(|link| link.child_id).collect() })
    }
}

/// The SHA-256 of a job's source among its facts: the source itself is up to a megabyte, and has versions of
/// its own.
pub(crate) const SOURCE_DIGEST: &str = "source_sha256";

impl Audited for Definition<'_> {
    const NOUN: Noun = Noun::Job;

    fn object(&self) -> Object {
        Object::new(self.job.id, self.job.name.clone(), Some(self.job.namespace_id))
    }

    /// As somebody would type it.
    fn facts(&self) -> Value {
        let mut facts = without(&JobDraft::of(self.job, self.children.clone()), &["source"]);
        if !self.job.source.is_empty() {
            facts[SOURCE_DIGEST] = json!(hex(&Sha256::digest(&self.job.source)));
        }
        facts
    }
}

/// For what leaves its definition alone.
impl Audited for job::Model {
    const NOUN: Noun = Noun::Job;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        json!({"state": self.state})
    }
}

impl Audited for executor::Model {
    const NOUN: Noun = Noun::Executor;

    fn object(&self) -> Object {
        Object::new(self.id, self.app_name.clone(), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        json!({
            "app_name": self.app_name,
            "title": self.title,
            "registration": self.registration,
            "addresses": self.addresses,
            "max_parallel": self.max_parallel,
        })
    }
}

impl Audited for calendar::Model {
    const NOUN: Noun = Noun::Calendar;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        without(self, &BOOKKEEPING)
    }
}

impl Audited for retention::Model {
    const NOUN: Noun = Noun::Retention;

    fn object(&self) -> Object {
        Object::new(self.id, String::new(), None)
    }

    fn facts(&self) -> Value {
        without(self, &BOOKKEEPING)
    }
}

impl Audited for freeze::Model {
    const NOUN: Noun = Noun::Freeze;

    fn object(&self) -> Object {
        Object::new(
            self.id,
            self.reason.clone(),
            (self.namespace_id != freeze::EVERYWHERE).then_some(self.namespace_id),
        )
    }

    fn facts(&self) -> Value {
        json!({"reason": self.reason})
    }
}

impl Audited for namespace::Model {
    const NOUN: Noun = Noun::Namespace;

    fn object(&self) -> Object {
        Object::new(self.id, self.title(), Some(self.id))
    }

    fn facts(&self) -> Value {
        without(self, &BOOKKEEPING)
    }
}

impl Audited for approval::Model {
    const NOUN: Noun = Noun::Approval;

    fn object(&self) -> Object {
        Object::new(self.id, format!("#{} {}", self.id, self.object), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        json!({
            "noun": self.noun,
            "verb": self.verb,
            "object_id": self.object_id,
            "object_version": self.object_version,
            "sha256": self.digest,
        })
    }
}

impl Audited for user::Model {
    const NOUN: Noun = Noun::User;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), None)
    }

    fn facts(&self) -> Value {
        json!({"name": self.name, "email": self.email, "role": self.role})
    }
}

impl Audited for channel::Model {
    const NOUN: Noun = Noun::Channel;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), Some(self.namespace_id))
    }

    /// Of the target no more than that it is another one: it is a key by itself.
    fn facts(&self) -> Value {
        json!({
            "name": self.name,
            "kind": self.kind,
            "target_sha256": hex(&Sha256::digest(&self.target)),
            "is_signed": !self.secret.is_empty(),
            "mentions": self.mentions,
            "language": self.language,
            "zone": self.zone,
        })
    }
}

impl Audited for alert_rule::Model {
    const NOUN: Noun = Noun::AlertRule;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        without(self, &[&BOOKKEEPING[..], &["silent_until"]].concat())
    }
}

impl Audited for delivery::Model {
    const NOUN: Noun = Noun::Delivery;

    fn object(&self) -> Object {
        Object::new(self.id, format!("#{}", self.id), Some(self.namespace_id))
    }

    fn facts(&self) -> Value {
        json!({"state": self.state})
    }
}

/// What somebody may do in a namespace; no role = nothing.
pub(crate) struct Rights<'a> {
    pub namespace: &'a namespace::Model,
    pub user: &'a user::Model,
    pub role: Option<Role>,
}

impl Audited for Rights<'_> {
    const NOUN: Noun = Noun::Grant;

    /// By the id of the user.
    fn object(&self) -> Object {
        Object::new(
            self.user.id,
            format!("{} · {}", self.user.name, self.namespace.title()),
            Some(self.namespace.id),
        )
    }

    fn facts(&self) -> Value {
        json!({"role": self.role})
    }
}

impl Audited for api_token::Model {
    const NOUN: Noun = Noun::ApiToken;

    fn object(&self) -> Object {
        Object::new(self.id, self.name.clone(), None)
    }

    fn facts(&self) -> Value {
        json!({"name": self.name, "role": self.role, "namespaces": self.namespaces, "expires_at": self.expires_at})
    }
}

/// A run with what it belongs to, as far as that is still there.
pub(crate) struct RunOfJob<'a> {
    pub run: &'a run::Model,
    pub job: Option<&'a job::Model>,
    pub namespace_id: Option<i32>,
}

impl Audited for RunOfJob<'_> {
    const NOUN: Noun = Noun::Run;

    fn object(&self) -> Object {
        Object::new(self.run.id, self.job.map(|job| job.name.clone()).unwrap_or_default(), self.namespace_id)
    }

    fn facts(&self) -> Value {
        json!({"state": self.run.state, "nominal_at": self.run.nominal_at})
    }
}
