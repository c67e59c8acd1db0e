//! A part of the runs' history that somebody had cleaned up: what was asked for, and how far it is.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "cleaning")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    /// The executor's; none = of all executors, those that are gone among them.
    pub namespace_id: Option<i32>,
    pub executor_id: Option<i32>,
    /// Only the runs of this job; none = of all jobs, those that are gone among them.
    pub job_id: Option<i32>,
    pub what: What,
    /// Only runs due before this time.
    pub due_before: Millis,
    /// Of each job at each executor so many of these, the newest, stay.
    pub keep: i32,
    /// How many runs were to go when it was asked for; a run that was split counts once.
    pub expected: i64,
    /// How many have gone.
    pub gone: i64,
    /// Who asked; none for the operator.
    pub actor_id: Option<i32>,
    pub actor: String,
    pub address: String,
    pub asked_at: Millis,
    /// `asked_at` until it has ended.
    pub open_since: Option<Millis>,
    pub ended_at: Option<Millis>,
}

/// Which runs go: the nine ways that a person may choose, and the three of the retention policy.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(24))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Runs that were due so long ago.
    OverOneMonth,
    OverThreeMonths,
    OverSixMonths,
    OverOneYear,
    /// All but the last so many runs of each job.
    AllButThousand,
    AllButTenThousand,
    AllButThirtyThousand,
    AllButHundredThousand,
    All,
    /// By the policy: what is too old, what succeeded and is too old, and what is too much of a job.
    TooOld,
    SuccessTooOld,
    TooMany,
}

impl What {
    /// Those that a person may choose.
    pub const EACH: [Self; 9] = [
        Self::OverOneMonth,
        Self::OverThreeMonths,
        Self::OverSixMonths,
        Self::OverOneYear,
        Self::AllButThousand,
        Self::AllButTenThousand,
        Self::AllButThirtyThousand,
        Self::AllButHundredThousand,
        Self::All,
    ];

    /// The word in addresses and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OverOneMonth => "over_one_month",
            Self::OverThreeMonths => "over_three_months",
            Self::OverSixMonths => "over_six_months",
            Self::OverOneYear => "over_one_year",
            Self::AllButThousand => "all_but_thousand",
            Self::AllButTenThousand => "all_but_ten_thousand",
            Self::AllButThirtyThousand => "all_but_thirty_thousand",
            Self::AllButHundredThousand => "all_but_hundred_thousand",
            Self::All => "all",
            Self::TooOld => "too_old",
            Self::SuccessTooOld => "success_too_old",
            Self::TooMany => "too_many",
        }
    }

    /// The way with that word, if a person may choose it.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|what| what.as_str() == word)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
