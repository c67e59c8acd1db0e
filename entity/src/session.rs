//! A browser's session. The cookie holds a random id; the row holds only its hash.

use crate::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// SHA-256 of the session id, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id_hash: String,
    /// Who signed in; none before that (a form's one-time state needs a session too).
    pub user_id: Option<i32>,
    /// The session's data as JSON.
    pub data: String,
    pub created_at: Millis,
    pub expires_at: Millis,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
