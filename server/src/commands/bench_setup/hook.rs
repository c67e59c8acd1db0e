//! Somebody who is told and never answers: of a job that fails each second, and of an approval.

use super::{Fires, create};
use crate::config::Settings;
use crate::lifecycle::alerts;
use anyhow::{Result, bail};
use entity::alert_rule::Event;
use entity::channel::{ChannelKind, Language};
use entity::user::UserRole;
use scheduler::alert_rules::{self, AlertRuleEdit};
use scheduler::authority::Caller;
use scheduler::channels::{self, ChannelEdit};
use scheduler::jobs::{self, JobDraft};
use scheduler::namespaces::{self, NamespaceEdit};
use scheduler::users::{self, UserDraft};
use scheduler::{Error, Services, sessions};

/// Nobody listens there: every request fails at once.
const NOBODY: &str = "http://127.0.0.1:9";

/// Makes a channel of `url`, tells it of failures, of which there is one each second, and of a change that waits for
/// approval.
pub async fn tell(settings: &Settings, services: &Services, url: &str) -> Result<()> {
    let operator = Caller::operator();
    let (job, _) = create(services, Fires::Burst, 0, NOBODY).await?;
    let channel = ChannelEdit {
        name: "hangs".to_owned(),
        kind: ChannelKind::Webhook,
        target: url.to_owned(),
        secret: String::new(),
        unsign: false,
        mentions: String::new(),
        language: Language::En,
        zone: "UTC".to_owned(),
    };
    let outgoing = alerts::open(settings, services)?;
    let channel = channels::create(&outgoing, &operator, job.namespace_id, &channel).await?;
    let rule = AlertRuleEdit {
        name: "failures".to_owned(),
        events: vec![Event::Failed],
        channels: vec![channel.id],
        ..AlertRuleEdit::default()
    };
    alert_rules::create(services, &operator, job.namespace_id, &rule).await?;
    let namespace = namespaces::get(services, &operator, job.namespace_id).await?;
    let edit = NamespaceEdit {
        approve_definitions: true,
        approval_channel_id: Some(channel.id),
        ..NamespaceEdit::default()
    };
    namespaces::edit(services, &operator, namespace.id, namespace.version, &edit).await?;
    let draft = UserDraft { name: "submitter".to_owned(), email: String::new(), role: UserRole::SuperAdmin };
    let (submitter, _) = users::create(services, &operator, draft).await?;
    // The one-time password has not been changed yet.
    let submitter = Caller { must_change_password: false, ..sessions::caller(services, submitter.id).await? };
    let changed = JobDraft { timeout_s: 60, ..JobDraft::of(&job, Vec::new()) };
    match jobs::edit(services, &submitter, job.id, job.version, changed).await {
        Err(Error::Held(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => bail!("the change did not wait"),
    }
}
