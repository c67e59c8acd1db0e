//! A namespace: the wall between teams. Written `business:service`.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "namespace")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub business: String,
    pub service: String,
    pub remark: String,
    /// Which changes wait for somebody else's approval; none of these = approval is off.
    pub approve_definitions: bool,
    pub approve_switching: bool,
    pub approve_runs: bool,
    /// The channel that is told the code of each approval; none = approving takes no code.
    pub approval_channel_id: Option<i32>,
    pub created_at: Millis,
    /// Grows with each edit; the form says which one it showed.
    pub version: i32,
    /// Of the last edit; 0 while there was none.
    pub updated_at: Millis,
    /// None for the operator at the command line.
    pub updated_by: Option<i32>,
}

impl Model {
    /// Whether any change waits for approval.
    pub fn approves(&self) -> bool {
        self.approve_definitions || self.approve_switching || self.approve_runs
    }

    /// `business:service`, as people write it.
    pub fn title(&self) -> String {
        format!("{}:{}", self.business, self.service)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
