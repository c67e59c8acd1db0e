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
    /// The instances that were asked before one was chosen: [`Try`]s in order, as JSON.
    pub tries: Option<String>,
    /// What the executor answered to the request that it did not take.
    pub dispatch: Option<String>,
    /// The executor's result text.
    pub result: Option<String>,
    /// The text of a result that came after the final state.
    pub late_result: Option<String>,
}

/// One instance that was asked whether it may get a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    pub address: String,
    pub outcome: TryOutcome,
    /// The instance's or the connection's words; often empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What came of asking an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryOutcome {
    /// It is there (and idle, where that was asked): it got the run.
    Chosen,
    /// It executes or queues a run of the job.
    Busy,
    /// It answered with an error, or with something else than an answer.
    Refused,
    /// No connection.
    Unreachable,
    /// No answer in time.
    NoAnswer,
    /// It was not asked: of another run of the job nobody knows whether it runs there.
    InDoubt,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
