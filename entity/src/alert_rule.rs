//! An alert rule: what is told to whom.

use crate::Millis;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "alert_rule")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub namespace_id: i32,
    /// Unique in its namespace.
    pub name: String,
    /// Only this executor and its jobs; none = all of the namespace.
    pub executor_id: Option<i32>,
    /// Only this job; none = all of the executor or namespace.
    pub job_id: Option<i32>,
    /// [`Event`]s by their words, with commas between.
    pub events: String,
    /// A run that has not gone out so long after its time is late (s).
    pub late_s: i32,
    /// A run that has not ended so long after it went out is long (s).
    pub long_s: i32,
    /// A run that takes so much of what its job usually takes, and has not ended, is longer than usual (%).
    pub longer_pct: i32,
    /// When the job has to have started on each day on which it is due, on the clock of its zone: `06:00`, or
    /// `30:00` for that time of the day after; empty = not told.
    pub start_by: String,
    /// The same of its success.
    pub finish_by: String,
    /// The last of these times of which was told that the job had not started, and had not finished.
    pub start_told: Option<Millis>,
    pub finish_told: Option<Millis>,
    /// The channels' ids, with commas between.
    #[sea_orm(column_type = "String(StringLen::N(500))")]
    pub channels: String,
    /// What happens within so long of the first is one message (s); 0 = one message for each look.
    pub group_s: i32,
    /// Whether the first success afterwards is told, too.
    pub recovery: bool,
    /// Told to `escalate_channel` when it has lasted so long (s); 0 = never.
    pub escalate_s: i32,
    pub escalate_channel: Option<i32>,
    /// Nothing is told of what happens before.
    pub silent_until: Option<Millis>,
    /// When it was written: nothing that happened earlier is told.
    pub since: Millis,
    /// Grows with every edit: the optimistic lock.
    pub version: i32,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub updated_by: Option<i32>,
}

impl Model {
    pub fn event_list(&self) -> Vec<Event> {
        self.events.split(',').filter_map(Event::parse).collect()
    }

    /// The time of day by which something has to have happened, and the last such time that was told to have
    /// passed in vain; none for events that are not about that.
    pub fn time_of_day(&self, event: Event) -> Option<(&str, Option<Millis>)> {
        match event {
            Event::NotStarted => Some((&self.start_by, self.start_told)),
            Event::NotFinished => Some((&self.finish_by, self.finish_told)),
            _ => None,
        }
    }

    pub fn channel_ids(&self) -> Vec<i32> {
        self.channels.split(',').filter_map(|id| id.parse().ok()).collect()
    }

    /// Every channel that it names.
    pub fn all_channel_ids(&self) -> Vec<i32> {
        self.channel_ids().into_iter().chain(self.escalate_channel).collect()
    }
}

/// What may be told.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A run failed, and is not tried again.
    Failed = 1,
    TimedOut = 2,
    Lost = 3,
    /// A run was skipped that should have been executed: its time was missed, or nobody could take it.
    Missed = 4,
    /// A run waits long after its time.
    Late = 5,
    /// A run takes long.
    Long = 6,
    /// An executor has no instance any more.
    Offline = 7,
    /// A job was stopped after so many failures in a row.
    AutoPaused = 8,
    /// A run takes much longer than its job usually does.
    Longer = 9,
    /// A job has not started by a time of day.
    NotStarted = 10,
    /// A job has not succeeded by a time of day.
    NotFinished = 11,
}

impl Event {
    pub const ALL: [Self; 11] = [
        Self::Failed,
        Self::TimedOut,
        Self::Lost,
        Self::Missed,
        Self::Late,
        Self::Long,
        Self::Longer,
        Self::NotStarted,
        Self::NotFinished,
        Self::Offline,
        Self::AutoPaused,
    ];

    /// The word in forms and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
            Self::Missed => "missed",
            Self::Late => "late",
            Self::Long => "long",
            Self::Offline => "offline",
            Self::AutoPaused => "auto_paused",
            Self::Longer => "longer",
            Self::NotStarted => "not_started",
            Self::NotFinished => "not_finished",
        }
    }

    /// The event with that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
