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
    pub created_at: Millis,
    /// Grows with each edit; the form says which one it showed.
    pub version: i32,
    /// Of the last edit; 0 while there was none.
    pub updated_at: Millis,
    /// None for the operator at the command line.
    pub updated_by: Option<i32>,
}

impl Model {
    /// `business:service`, as people write it.
    pub fn title(&self) -> String {
        format!("{}:{}", self.business, self.service)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
