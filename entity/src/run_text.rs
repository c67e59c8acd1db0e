//! The texts of a run, present only where there are any.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "run_text")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: i64,
    /// The parameter typed for this run; none = the job's.
    pub parameter: Option<String>,
    /// Who started it by hand.
    pub started_by: Option<i32>,
    /// Who killed it.
    pub ended_by: Option<i32>,
    /// How it was routed and what the executor answered to the request.
    pub dispatch: Option<String>,
    /// The executor's result text.
    pub result: Option<String>,
    /// The text of a result that came after the final state.
    pub late_result: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
