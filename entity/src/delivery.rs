//! A delivery: one message on its way to one channel.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    pub alert_id: i32,
    /// An alert goes to a channel once.
    pub channel_id: i32,
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next, or, while a server is at it, when another may take over; none once it has
    /// ended.
    pub next_at: Option<Millis>,
    /// The title of the message.
    pub title: String,
    /// What the receiver answered, or why it could not be asked.
    #[sea_orm(column_type = "String(StringLen::N(1000))")]
    pub answer: String,
    pub created_at: Millis,
    /// When it was tried last.
    pub tried_at: Option<Millis>,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried, for the first time or again.
    Pending = 1,
    /// The receiver took it.
    Sent = 2,
    /// Tried for the last time, in vain.
    Failed = 3,
}

impl DeliveryState {
    /// Of both what says more about several messages together: that one failed, or else that one is on its way.
    pub fn worse(self, other: Self) -> Self {
        let order = [Self::Failed, Self::Pending];
        order.into_iter().find(|state| [self, other].contains(state)).unwrap_or(Self::Sent)
    }

    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The state with that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
