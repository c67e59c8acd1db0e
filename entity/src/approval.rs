//! A change that waits for somebody else to approve it, and what became of it.

use crate::Millis;
use crate::audit_entry::{Noun, Verb};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "approval")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    pub state: ApprovalState,
    pub noun: Noun,
    pub verb: Verb,
    /// The object's id in its own table; 0 for what is not there yet.
    pub object_id: i64,
    /// As the object is called.
    pub object: String,
    /// The version of the object that is to be changed: of another one, nothing is approved. 0 for what has none.
    pub object_version: i32,
    /// What is to be done, as JSON: `scheduler::approvals::Request`.
    #[sea_orm(column_type = "Text")]
    pub request: String,
    /// The object as JSON, without secrets; none for what is to be created.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// The object as it would be, or the particulars of what is to be done; none for what is to be deleted.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
    /// SHA-256 over all of that, in hexadecimal: what the approver saw is what happens.
    pub digest: String,
    pub submitted_by: i32,
    /// As the account was called then.
    pub submitter: String,
    pub submitted_at: Millis,
    /// From then on nobody can approve it any more.
    pub expires_at: Millis,
    /// Whether it takes the code that the namespace's hook was told.
    pub needs_code: bool,
    /// The message that tells the channel of it; none where nobody is told.
    pub alert_id: Option<i32>,
    /// Of the code that was told last (Argon2id); none before the first one is.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub code_hash: Option<String>,
    /// How many wrong codes were entered.
    pub tries: i32,
    /// Who ended it; none for the server.
    pub decided_by: Option<i32>,
    /// As the account was called then.
    pub decider: String,
    pub decided_at: Option<Millis>,
    /// Why it was rejected, in the words of who did it; or, as [`Void::code`], why it is void.
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub remark: String,
}

/// How far it has come. All but the first are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    Waiting,
    /// Approved, and done in the same instant.
    Applied,
    Rejected,
    /// Taken back by the submitter.
    Cancelled,
    Expired,
    /// It could not be done any more: see [`Void`].
    Void,
    /// Too many wrong codes were entered.
    Locked,
}

/// Why an approved change could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Void {
    /// The object was changed meanwhile.
    Changed,
    /// The object, or what it needs, is gone.
    Gone,
    /// Its content is not valid any more: a name was taken, a time has passed.
    Invalid,
    /// The state of things does not allow it.
    Refused,
    /// The submitter may not do it any more.
    NotAllowed,
}

impl Void {
    pub const ALL: [Self; 5] = [Self::Changed, Self::Gone, Self::Invalid, Self::Refused, Self::NotAllowed];

    pub fn code(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::NotAllowed => "not_allowed",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|void| void.code() == code)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
