//! A channel: where messages of a namespace go, such as the robot of a group chat.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Holds the address, which is a key by itself, and the signing secret: therefore not serialisable.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    /// Unique in its namespace.
    pub name: String,
    pub kind: ChannelKind,
    /// The hook's URL; of an e-mail channel the addresses, one a line.
    #[sea_orm(column_type = "String(StringLen::N(2000))")]
    pub target: String,
    /// What messages are signed with; empty = they are not.
    pub secret: String,
    /// Whom a message mentions, one a line: `all`, phone numbers, user ids.
    #[sea_orm(column_type = "String(StringLen::N(2000))")]
    pub mentions: String,
    pub language: Language,
    /// The IANA time zone of the times in messages.
    pub zone: String,
    /// Grows with every edit: the optimistic lock.
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub updated_by: Option<i32>,
}

/// Who reads the messages, and in which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Wecom,
    Dingtalk,
    Feishu,
    Slack,
    /// Any receiver of JSON.
    Webhook,
    Email,
}

impl ChannelKind {
    pub const ALL: [Self; 6] =
        [Self::Wecom, Self::Dingtalk, Self::Feishu, Self::Slack, Self::Webhook, Self::Email];

    /// Whether its messages can be signed.
    pub fn signs(self) -> bool {
        matches!(self, Self::Dingtalk | Self::Feishu | Self::Webhook)
    }

    /// The word in forms and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wecom => "wecom",
            Self::Dingtalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
            Self::Email => "email",
        }
    }

    /// The kind with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// The language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(8))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Language {
    Zh,
    En,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
