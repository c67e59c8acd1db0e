//! A grant: what a person may do in one namespace.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "grant")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    /// One grant for each person and namespace.
    pub user_id: i32,
    pub namespace_id: i32,
    pub role: Role,
    pub created_at: Millis,
    /// None for the operator at the command line.
    pub created_by: Option<i32>,
}

/// What a person may do in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at everything.
    Viewer,
    /// And run, kill, start, stop.
    Operator,
    /// And define: jobs, code, calendars, executors.
    Editor,
    /// Look at everything and approve what others want to change.
    Approver,
    /// All of it, and what alerts whom.
    Owner,
}

impl Role {
    /// From the smallest.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Operator, Self::Editor, Self::Approver, Self::Owner];

    /// Whether whoever has this role may do all that `other` may.
    pub fn includes(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Editor => matches!(other, Self::Viewer | Self::Operator | Self::Editor),
            Self::Operator => matches!(other, Self::Viewer | Self::Operator),
            Self::Approver => matches!(other, Self::Viewer | Self::Approver),
            Self::Viewer => other == Self::Viewer,
        }
    }

    /// Its name in the database, in forms and in keys of texts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::Approver => "approver",
            Self::Owner => "owner",
        }
    }

    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
