//! Failed sign-ins, counted per user name and per client address, so that guessing gets slow.

use crate::Millis;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_guard")]
pub struct Model {
    /// `name:<user name in lower case>` or `from:<client address>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    pub failures: i32,
    /// Failures before this instant no longer count.
    pub counted_since: Millis,
    pub locked_until: Option<Millis>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
