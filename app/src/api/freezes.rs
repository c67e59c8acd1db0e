//! Freezes: what stands still, why, and since when.

use super::executors::NamespaceChoice;
use crate::error::AppError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form that freezes.
pub const FORM: &str = "freeze";

/// A freeze. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FreezeLine {
    pub id: i32,
    /// `business:service`; none for everything.
    pub namespace: Option<String>,
    pub reason: String,
    /// None for the operator at the command line.
    pub frozen_by: Option<String>,
    pub frozen_at: i64,
    pub thawed_by: Option<String>,
    pub thawed_at: Option<i64>,
    /// Whether the viewer may thaw it.
    pub may_thaw: bool,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FreezeLines {
    /// The newest first.
    pub lines: Vec<FreezeLine>,
    /// Those that the viewer may freeze.
    pub namespaces: Vec<NamespaceChoice>,
}

/// As it is typed; `namespace` is an id, or empty for everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FreezeForm {
    #[serde(default)]
    pub namespace: String,
    pub reason: String,
}

/// The freezes that last.
#[server]
pub async fn lasting_freezes() -> Result<Vec<FreezeLine>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::freezes::list(&services, &caller, true).await.map_err(ssr::refuse)?;
    Ok(rows.into_iter().map(|row| FreezeLine::new(row, &caller)).collect())
}

/// The freezes that last and those before them, and what can be frozen.
#[server]
pub async fn list_freezes() -> Result<FreezeLines, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::freezes::list(&services, &caller, false).await.map_err(ssr::refuse)?;
    let action = scheduler::authority::Action::OperateJobs;
    let namespaces =
        scheduler::namespaces::list_for(&services, &caller, action).await.map_err(ssr::refuse)?;
    Ok(FreezeLines {
        lines: rows.into_iter().map(|row| FreezeLine::new(row, &caller)).collect(),
        namespaces: namespaces.into_iter().map(NamespaceChoice::from).collect(),
    })
}

/// Freezes a namespace, or everything, and answers when nothing of it goes out any more.
#[server]
pub async fn freeze(#[server(default)] namespace: String, reason: String) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let form = FreezeForm { namespace, reason };
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let frozen = match form.clone().try_into() {
        Ok(draft) => scheduler::freezes::freeze(&services, &caller, draft).await.map_err(AppError::from),
        Err(wrong) => Err(wrong),
    };
    match frozen {
        Ok(_) => {
            ssr::flash(Message::new("frozen"));
            ssr::redirect(&routes::freezes());
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(FORM, &form, error).await),
    }
}

/// Ends a freeze: what it holds goes on.
#[server]
pub async fn thaw(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::freezes::thaw(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("thawed"));
    ssr::redirect(&routes::freezes());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::{FreezeForm, FreezeLine};
    use crate::error::{AppError, Message};
    use scheduler::authority::Caller;
    use scheduler::freezes::{FreezeDraft, FreezeRow};

    impl FreezeLine {
        pub(super) fn new(row: FreezeRow, caller: &Caller) -> Self {
            let may_thaw = scheduler::freezes::may_thaw(caller, &row.freeze);
            let FreezeRow { freeze, namespace, frozen_by, thawed_by } = row;
            Self {
                may_thaw,
                id: freeze.id,
                namespace,
                reason: freeze.reason,
                frozen_by,
                frozen_at: freeze.frozen_at,
                thawed_by,
                thawed_at: freeze.thawed_at,
            }
        }
    }

    impl TryFrom<FreezeForm> for FreezeDraft {
        type Error = AppError;

        fn try_from(form: FreezeForm) -> Result<Self, AppError> {
            let namespace_id = match form.namespace.trim() {
                "" => None,
                id => {
                    let wrong = |_| AppError::invalid_field("namespace", Message::new("choice"));
                    Some(id.parse().map_err(wrong)?)
                }
            };
            Ok(Self { namespace_id, reason: form.reason })
        }
    }
}
