//! What the audit says of a part of the history that was cleaned up.

use crate::Result;
use crate::audit::{Audited, Object};
use crate::store::{executors, jobs};
use entity::audit_entry::Noun;
use entity::cleaning::Model;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};

/// With the names of what it was of.
pub(super) struct Cleaned {
    pub cleaning: Model,
    name: String,
}

impl Cleaned {
    pub async fn stored(transaction: &DatabaseTransaction, cleaning: Model) -> Result<Self> {
        let app = executors::by_ids(transaction, cleaning.executor_id.into_iter().collect()).await?;
        let job = jobs::names(transaction, cleaning.job_id.into_iter().collect()).await?;
        let names = app.into_iter().map(|app| app.app_name).chain(job.into_iter().map(|(_, name)| name));
        Ok(Self { name: names.collect::<Vec<_>>().join(" · "), cleaning })
    }
}

impl Audited for Cleaned {
    const NOUN: Noun = Noun::Cleaning;

    fn object(&self) -> Object {
        let name = match self.name.is_empty() {
            true => format!("#{}", self.cleaning.id),
            false => self.name.clone(),
        };
        Object::new(self.cleaning.id, name, self.cleaning.namespace_id)
    }

    /// What was asked for, and what came of it.
    fn facts(&self) -> Value {
        json!({
            "executor_id": self.cleaning.executor_id,
            "job_id": self.cleaning.job_id,
            "what": self.cleaning.what,
            "due_before": self.cleaning.due_before,
            "runs": self.cleaning.gone,
        })
    }
}
