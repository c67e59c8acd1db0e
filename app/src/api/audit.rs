//! The audit: who changed what, and who came.

use crate::error::AppError;
use entity::audit_access::Event;
use entity::audit_entry::{Noun, Verb};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Filters as they stand in the address; empty = none. `from` and `to` are moments on the viewer's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    pub actor: String,
    pub object: String,
    pub noun: String,
    pub from: String,
    pub to: String,
    /// Where the page begins.
    pub after: String,
}

/// A change. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLine {
    pub seq: i64,
    pub at: i64,
    pub actor: String,
    /// Empty at the command line.
    pub address: String,
    pub noun: Noun,
    pub verb: Verb,
    pub object_id: i64,
    pub object: String,
    pub differences: Vec<DifferenceLine>,
    pub mac: String,
}

/// A field that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferenceLine {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A page of changes, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLines {
    pub lines: Vec<AuditLine>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Somebody who came, was turned away, or read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessLine {
    pub at: i64,
    pub actor: String,
    pub address: String,
    pub event: Event,
    pub about: String,
    /// The entry that holds its digest.
    pub sealed_by: Option<i64>,
}

/// A page of accesses, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessLines {
    pub lines: Vec<AccessLine>,
    pub next: Option<String>,
}

/// A page of the audit: who changed what.
#[server]
pub async fn list_audit(query: AuditQuery) -> Result<AuditLines, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let filter = query.filter(&ssr::visit_zone()).map_err(ssr::refuse)?;
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let page = scheduler::audit::list(&services, &caller, &filter, after).await.map_err(ssr::refuse)?;
    Ok(AuditLines { lines: page.entries.into_iter().map(AuditLine::from).collect(), next: page.after })
}

/// Who came, was turned away, or read.
#[server]
pub async fn list_accesses(after: String) -> Result<AccessLines, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let after = Some(after.as_str()).filter(|after| !after.is_empty());
    let (lines, next) = scheduler::audit::accesses(&services, &caller, after).await.map_err(ssr::refuse)?;
    Ok(AccessLines { lines: lines.into_iter().map(AccessLine::from).collect(), next })
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::{AccessLine, AuditLine, AuditQuery, DifferenceLine};
    use crate::error::{AppError, Message};
    use crate::zoned;
    use entity::{audit_access, audit_entry};
    use scheduler::audit::Filter;
    use scheduler::rules::audit::{Difference, differences};

    impl AuditQuery {
        /// What the services filter by.
        ///
        /// # Errors
        /// Names the field that is wrong.
        pub(super) fn filter(&self, zone: &str) -> Result<Filter, AppError> {
            let moment = |field: &str, text: &str| match text.trim() {
                "" => Ok(None),
                text => zoned::moment(text, zone)
                    .map(Some)
                    .ok_or_else(|| AppError::invalid_field(field, Message::new("choice"))),
            };
            let noun = match self.noun.as_str() {
                "" => None,
                word => {
                    let read = serde_json::from_value(serde_json::Value::from(word));
                    let wrong = |_| AppError::invalid_field("noun", Message::new("choice"));
                    Some(read.map_err(wrong)?)
                }
            };
            Ok(Filter {
                actor: self.actor.trim().to_owned(),
                object: self.object.trim().to_owned(),
                noun,
                from: moment("from", &self.from)?,
                until: moment("to", &self.to)?,
            })
        }
    }

    impl From<audit_entry::Model> for AuditLine {
        fn from(entry: audit_entry::Model) -> Self {
            let differences = differences(entry.before.as_deref(), entry.after.as_deref());
            Self {
                seq: entry.seq,
                at: entry.at,
                actor: entry.actor,
                address: entry.address,
                noun: entry.noun,
                verb: entry.verb,
                object_id: entry.object_id,
                object: entry.object,
                differences: differences.into_iter().map(DifferenceLine::from).collect(),
                mac: entry.mac,
            }
        }
    }

    impl From<Difference> for DifferenceLine {
        fn from(Difference { field, before, after }: Difference) -> Self {
            Self { field, before, after }
        }
    }

    impl From<audit_access::Model> for AccessLine {
        fn from(access: audit_access::Model) -> Self {
            let audit_access::Model { id: _, at, actor, address, event, about, sealed_by } = access;
            Self { at, actor, address, event, about, sealed_by }
        }
    }
}
