//! What the pages about runs show.

use crate::api::may::May;
use entity::delivery::DeliveryState;
use entity::job::{Routing, RunMode, ScheduleKind};
use entity::run::{Model, Reason, RunKind, RunState};
use entity::run_text::Try;
use serde::{Deserialize, Serialize};

/// The filters of the list as they stand in its address; empty = any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunQuery {
    /// A job's id.
    pub job: String,
    /// An executor's id.
    pub executor: String,
    /// A state's name, or `attention` for those that a person should look at.
    pub state: String,
    /// What became of the messages that tell of it: `none`, `pending`, `sent`, `failed`.
    pub alert: String,
    /// Due at or after this time on the viewer's clock: `2026-03-06T14:28`.
    pub from: String,
    /// Due before this time on the viewer's clock.
    pub to: String,
    /// Where the page begins.
    pub after: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLines {
    pub rows: Vec<RunLine>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    pub id: i64,
    pub job_id: i32,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
    pub app_name: Option<String>,
    pub address: Option<String>,
    pub kind: RunKind,
    /// Which time of the schedule a run for a past time stands for; none for other kinds.
    pub past_time: Option<i64>,
    pub state: RunState,
    pub reason: Reason,
    pub code: i32,
    /// The beginning of what it reported, or of why it was refused.
    pub remark: Option<String>,
    pub due_at: i64,
    pub sent_at: Option<i64>,
    pub accepted_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// How many missed fires the line stands for; 0 for one.
    pub span_count: i32,
}

/// One run with all that its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    pub run: Model,
    pub may: May,
    /// None when the job has been deleted.
    pub job: Option<RunFacts>,
    pub app_name: Option<String>,
    pub address: Option<String>,
    /// Who started it by hand.
    pub started_by: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// What the handler was given.
    pub parameter: Option<String>,
    /// Whether `parameter` was typed for this run.
    pub parameter_typed: bool,
    /// The instances that were asked before one was chosen, in order.
    pub tries: Vec<Try>,
    /// What the executor answered to the request that it did not take.
    pub dispatch: Option<String>,
    pub result: Option<String>,
    pub late_result: Option<String>,
    /// Its retry, or what its success started.
    pub follow_ups: Vec<FollowUp>,
    /// Of a run that was split.
    pub shards: Option<ShardsView>,
    /// What somebody did about it, once it had gone wrong.
    pub dealt: Option<DealtView>,
    /// Whether somebody should replay or dismiss it.
    pub is_open: bool,
    /// The run that it replays.
    pub replay_of: Option<i64>,
    /// What became of the messages that tell of it, the worst of it.
    pub alert: Option<DeliveryState>,
}

/// How a run that went wrong was dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealtView {
    pub at: i64,
    /// None where it was no account.
    pub by: Option<String>,
    /// What was started in its stead; none = it was dismissed.
    pub replay_id: Option<i64>,
}

/// How far a split run is, and its shards in order, each by its last attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardsView {
    pub total: u32,
    /// How many in a hundred have ended.
    pub percent: u32,
    pub ended: u32,
    pub waiting: u32,
    pub running: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub other: u32,
    /// The first ones of many.
    pub rows: Vec<ShardLine>,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLine {
    /// Of the run that is its last attempt.
    pub id: i64,
    pub index: i32,
    pub address: Option<String>,
    pub state: RunState,
    pub reason: Reason,
    /// The beginning of what it reported, or of why it was refused.
    pub remark: Option<String>,
    pub attempt: i32,
    pub sent_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// A run that followed another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub id: i64,
    pub kind: RunKind,
    pub job_id: i32,
    /// None when the job has been deleted.
    pub job_name: Option<String>,
}

/// What a run's page tells of its job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    pub name: String,
    pub schedule_kind: ScheduleKind,
    pub schedule: String,
    pub zone: String,
    pub run_mode: RunMode,
    pub handler: String,
    pub routing: Routing,
    pub retries: i32,
    /// By how much the spread delays each of its fires.
    pub delay_ms: i64,
    pub version: i32,
}

#[cfg(feature = "ssr")]
mod from_services {
    use super::*;
    use crate::error::{AppError, Message};
    use chrono::{NaiveDateTime, TimeZone};
    use chrono_tz::Tz;
    use scheduler::authority::Caller;
    use scheduler::rules::alerts::decide::event_of;
    use scheduler::rules::spread::delay_ms;
    use scheduler::runs::{self, RunDetail, RunFilter, RunPage, RunRow, Told};

    impl RunQuery {
        /// The filter; times are read on the clock of `zone`, an IANA name. An id that is no number
        /// matches nothing.
        pub(in crate::api) fn filter(&self, zone: &str) -> Result<RunFilter, AppError> {
            let id = |text: &str| (!text.is_empty()).then(|| text.trim().parse().unwrap_or(0));
            let state = serde_json::from_value(self.state.as_str().into()).ok();
            Ok(RunFilter {
                job_id: id(&self.job),
                executor_id: id(&self.executor),
                states: state.into_iter().collect(),
                attention: self.state == "attention",
                alert: match &*self.alert {
                    "none" => Some(Told::Nothing),
                    word => DeliveryState::parse(word).map(Told::Something),
                },
                from: moment("from", &self.from, zone)?,
                to: moment("to", &self.to, zone)?,
            })
        }

        pub(in crate::api) fn after(&self) -> Option<&str> {
            (!self.after.is_empty()).then_some(self.after.as_str())
        }
    }

    /// `2026-03-06T14:28` on the clock of `zone`; a time that the clocks skip is the first after it.
    fn moment(field: &str, text: &str, zone: &str) -> Result<Option<i64>, AppError> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || AppError::invalid_field(field, Message::new("time"));
        let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .ok_or_else(wrong)?;
        let zone: Tz = zone.parse().unwrap_or(chrono_tz::UTC);
        let in_gap = || zone.from_local_datetime(&(local + chrono::TimeDelta::hours(1))).earliest();
        let time = zone.from_local_datetime(&local).earliest().or_else(in_gap).ok_or_else(wrong)?;
        Ok(Some(time.timestamp_millis()))
    }

    impl From<RunPage> for RunLines {
        fn from(page: RunPage) -> Self {
            Self { rows: page.rows.into_iter().map(RunLine::from).collect(), next: page.next }
        }
    }

    impl From<RunRow> for RunLine {
        fn from(row: RunRow) -> Self {
            Self {
                id: row.run.id,
                job_id: row.run.job_id,
                job_name: row.job_name,
                app_name: row.app_name,
                address: row.instance_address,
                kind: row.run.kind,
                past_time: (row.run.kind == RunKind::Backfill).then_some(row.run.nominal_at),
                state: row.run.state,
                reason: row.run.reason,
                code: row.run.code,
                remark: row.remark,
                due_at: row.run.due_at,
                sent_at: row.run.sent_at,
                accepted_at: row.run.accepted_at,
                ended_at: row.run.ended_at,
                span_count: row.run.span_count,
            }
        }
    }

    impl RunView {
        pub(in crate::api) fn new(detail: RunDetail, caller: &Caller) -> Self {
            // A run whose executor is gone belongs to no namespace.
            let namespace_id = detail.executor.as_ref().map_or(0, |executor| executor.namespace_id);
            let text = detail.text;
            let typed = text.as_ref().and_then(|text| text.parameter.clone());
            // The parameter of an edited job is no longer what this run was given.
            let stored = detail.job.as_ref().filter(|job| job.version == detail.run.job_version);
            Self {
                may: May::inside(caller, namespace_id),
                parameter_typed: typed.is_some(),
                parameter: typed.or_else(|| stored.map(|job| job.parameter.clone())),
                tries: detail.tries,
                dispatch: text.as_ref().and_then(|text| text.dispatch.clone()),
                result: text.as_ref().and_then(|text| text.result.clone()),
                late_result: text.and_then(|text| text.late_result),
                job: detail.job.map(|job| RunFacts {
                    name: job.name,
                    schedule_kind: job.schedule_kind,
                    schedule: job.schedule,
                    zone: job.zone,
                    run_mode: job.run_mode,
                    handler: job.handler,
                    routing: job.routing,
                    retries: job.retries,
                    delay_ms: delay_ms(job.id, job.spread_s),
                    version: job.version,
                }),
                app_name: detail.executor.map(|executor| executor.app_name),
                address: detail.instance.map(|instance| instance.address),
                started_by: detail.started_by,
                ended_by: detail.ended_by,
                follow_ups: detail.follow_ups.into_iter().map(FollowUp::from).collect(),
                shards: detail.shards.map(ShardsView::from),
                dealt: detail.dealing.map(|dealing| DealtView {
                    at: dealing.dealt_at,
                    by: detail.dealt_by,
                    replay_id: dealing.replay_id,
                }),
                is_open: event_of(&detail.run).is_some(),
                replay_of: detail.replay_of,
                alert: None,
                run: detail.run,
            }
        }
    }

    impl From<runs::Shards> for ShardsView {
        fn from(runs::Shards { progress, rows }: runs::Shards) -> Self {
            Self {
                total: progress.total,
                percent: progress.percent(),
                ended: progress.ended,
                waiting: progress.waiting,
                running: progress.running,
                succeeded: progress.succeeded,
                failed: progress.failed,
                other: progress.other,
                rows: rows.into_iter().map(ShardLine::from).collect(),
            }
        }
    }

    impl From<runs::ShardRow> for ShardLine {
        fn from(runs::ShardRow { run, instance_address, remark }: runs::ShardRow) -> Self {
            Self {
                id: run.id,
                index: run.shard_index,
                address: instance_address,
                state: run.state,
                reason: run.reason,
                remark,
                attempt: run.attempt,
                sent_at: run.sent_at,
                ended_at: run.ended_at,
            }
        }
    }

    impl From<runs::FollowUp> for FollowUp {
        fn from(runs::FollowUp { run, job_name }: runs::FollowUp) -> Self {
            Self { id: run.id, kind: run.kind, job_id: run.job_id, job_name }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_time_is_read_on_the_viewers_clock() {
            let query = |from: &str| RunQuery { from: from.to_owned(), ..RunQuery::default() };
            let at = |from: &str, zone: &str| query(from).filter(zone).unwrap().from;
            assert_eq!(at("2026-03-06T14:28", "Asia/Shanghai"), Some(1_772_778_480_000));
            assert_eq!(
                at("2026-03-08T02:30", "America/New_York"),
                at("2026-03-08T03:30", "America/New_York")
            );
            assert_eq!(at("", "UTC"), None);
            assert_eq!(query("soon").filter("UTC").unwrap_err().fields[0].field, "from");
        }

        #[test]
        fn a_filter_that_is_no_number_matches_nothing_instead_of_everything() {
            let query = RunQuery { job: "x".to_owned(), state: "nonsense".to_owned(), ..RunQuery::default() };
            let filter = query.filter("UTC").unwrap();
            assert_eq!((filter.job_id, filter.states.len()), (Some(0), 0));
        }
    }
}
