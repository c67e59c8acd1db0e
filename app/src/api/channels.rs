//! Channels: their list, forms and test.

use crate::api::executors::NamespaceChoice;
use crate::api::may::May;
use crate::error::AppError;
use entity::channel::{ChannelKind, Language};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of a new channel, as its server function names it.
pub const NEW_FORM: &str = "channel-new";
/// The form of a channel that exists.
pub const EDIT_FORM: &str = "channel-edit";

/// A channel, without its key and secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelLine {
    pub may: May,
    pub id: i32,
    pub version: i32,
    pub namespace: String,
    pub name: String,
    pub kind: ChannelKind,
    /// Where it leads, without the key.
    pub target: String,
    pub signed: bool,
    pub mentions: String,
    pub language: Language,
    pub zone: String,
    /// Rules that name it.
    pub rules: u64,
    pub updated_at: i64,
}

impl ChannelLine {
    /// What the form's fields start with. The address of a hook is a key: it starts empty, and stays as it
    /// is when it is left so.
    pub fn values(&self) -> BTreeMap<String, String> {
        let target = if self.kind == ChannelKind::Email { self.target.clone() } else { String::new() };
        let values = [
            ("name", self.name.clone()),
            ("kind", self.kind.as_str().to_owned()),
            ("target", target),
            ("mentions", self.mentions.clone()),
            ("language", if self.language == Language::Zh { "zh" } else { "en" }.to_owned()),
            ("zone", self.zone.clone()),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A channel, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelForm {
    /// Of a new one.
    #[serde(default)]
    pub namespace_id: i32,
    pub name: String,
    pub kind: String,
    #[serde(default)]
    pub target: String,
    #[serde(default)]
    pub secret: String,
    #[serde(default)]
    pub unsign: bool,
    #[serde(default)]
    pub mentions: String,
    pub language: String,
    pub zone: String,
}

/// The channels, by name; at most 1,000.
#[server]
pub async fn list_channels() -> Result<Vec<ChannelLine>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::channels::list(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(|row| ChannelLine::new(row, &caller)).collect())
}

/// One channel.
#[server]
pub async fn channel(id: i32) -> Result<ChannelLine, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let row = scheduler::channels::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    Ok(ChannelLine::new(row, &caller))
}

/// The namespaces in which the viewer may create channels and rules.
#[server]
pub async fn alert_namespaces() -> Result<Vec<NamespaceChoice>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let action = scheduler::authority::Action::ManageAlerts;
    let namespaces =
        scheduler::namespaces::list_for(&services, &caller, action).await.map_err(ssr::refuse)?;
    Ok(namespaces.into_iter().map(NamespaceChoice::from).collect())
}

/// Creates a channel.
#[server]
pub async fn create_channel(form: ChannelForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (_, caller) = ssr::domain().map_err(ssr::refuse)?;
    let alerts = ssr::alerts().map_err(ssr::refuse)?;
    let created = match form.edit() {
        Ok(edit) => {
            let created = scheduler::channels::create(&alerts, &caller, form.namespace_id, &edit).await;
            created.map_err(AppError::from)
        }
        Err(wrong) => Err(wrong),
    };
    match created {
        Ok(channel) => {
            ssr::flash(Message::new("channel_created"));
            ssr::redirect(&routes::channel_edit(channel.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form.without_key(), error).await),
    }
}

/// Changes a channel of which `version` was shown.
#[server]
pub async fn edit_channel(id: i32, version: i32, form: ChannelForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (_, caller) = ssr::domain().map_err(ssr::refuse)?;
    let alerts = ssr::alerts().map_err(ssr::refuse)?;
    let edited = match form.edit() {
        Ok(edit) => {
            let edited = scheduler::channels::edit(&alerts, &caller, id, version, &edit).await;
            edited.map_err(AppError::from)
        }
        Err(wrong) => Err(wrong),
    };
    match edited {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::channels());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(EDIT_FORM, &form.without_key(), error).await),
    }
}

/// Sends a test message, and shows what was answered.
#[server]
pub async fn test_channel(id: i32) -> Result<(), AppError> {
    use crate::error::{ErrorKind, Message};
    use crate::{routes, ssr};
    use entity::delivery::DeliveryState;
    let (_, caller) = ssr::domain().map_err(ssr::refuse)?;
    let alerts = ssr::alerts().map_err(ssr::refuse)?;
    let delivery = scheduler::channels::test(&alerts, &caller, id).await.map_err(ssr::refuse)?;
    let message = match delivery.state {
        DeliveryState::Sent => Message::new("channel_tested").arg("answer", delivery.answer),
        _ => {
            let message = Message::new("channel_silent").arg("answer", delivery.answer);
            return Err(ssr::refuse(AppError::with_message(ErrorKind::Conflict, message)));
        }
    };
    ssr::flash(message);
    ssr::redirect(&routes::channel_edit(id));
    Ok(())
}

/// Deletes a channel that no rule names.
#[server]
pub async fn delete_channel(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::channels::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("channel_deleted"));
    ssr::redirect(&routes::channels());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::error::Message;
    use scheduler::authority::Caller;
    use scheduler::channels::{ChannelEdit, ChannelView};

    impl ChannelLine {
        pub(super) fn new(view: ChannelView, caller: &Caller) -> Self {
            Self {
                may: May::inside(caller, view.namespace.id),
                id: view.id,
                version: view.version,
                namespace: view.namespace.title(),
                name: view.name,
                kind: view.kind,
                target: view.target,
                signed: view.signed,
                mentions: view.mentions,
                language: view.language,
                zone: view.zone,
                rules: view.rules,
                updated_at: view.updated_at,
            }
        }
    }

    impl ChannelForm {
        pub(super) fn edit(&self) -> Result<ChannelEdit, AppError> {
            let choice = |field: &str| AppError::invalid_field(field, Message::new("choice"));
            Ok(ChannelEdit {
                name: self.name.clone(),
                kind: ChannelKind::parse(&self.kind).ok_or_else(|| choice("kind"))?,
                target: self.target.clone(),
                secret: self.secret.clone(),
                unsign: self.unsign,
                mentions: self.mentions.clone(),
                language: match &*self.language {
                    "zh" => Language::Zh,
                    "en" => Language::En,
                    _ => return Err(choice("language")),
                },
                zone: self.zone.clone(),
            })
        }

        /// What may be kept while the form is corrected: a hook's address is a key.
        pub(super) fn without_key(&self) -> Self {
            let is_email = self.kind == ChannelKind::Email.as_str();
            let target = if is_email { self.target.clone() } else { String::new() };
            Self { target, ..self.clone() }
        }
    }
}
