//! How runs ended, by day and hour: from the counts that the engine adds up with each end, never from the runs
//! themselves.
//!
//! A run counts in the hour in which it ended, where it ran. Of a run that was split, its shards count and it does
//! not; each attempt counts. What an executor ran that has been deleted since is counted over all namespaces only.

use crate::authority::{Caller, Visible, visible};
use crate::rules::statistics::{Day, Ends, Range, date_of, days, per_day, per_hour};
use crate::store::{executors, instances, jobs, runs, stat_hours};
use crate::{Result, Services};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use entity::Millis;
use entity::job::JobState;

/// Executors whose runs are counted for somebody who does not see all of them.
const EXECUTORS: u64 = 1000;
/// Runs under way that are counted.
const UNDER_WAY: u64 = 1000;

/// What a report covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsFilter {
    /// None = all that the caller may see.
    pub namespace_id: Option<i32>,
    pub range: Range,
    /// The viewer's.
    pub zone: Tz,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Every day, the earliest first, with the runs that ended on it.
    pub days: Vec<(Day, Ends)>,
    /// All of them together.
    pub total: Ends,
    /// As many days just before.
    pub before: Ends,
    /// Runs under way now, at most 1,000; none where the days do not reach to the present.
    pub under_way: Option<u64>,
    /// Jobs that fire.
    pub jobs_on: u64,
    pub jobs: u64,
    /// Executors with an instance that is there.
    pub executors_online: u64,
    pub executors: u64,
    /// Instances that are there.
    pub instances: u64,
}

/// The report that the filter asks for. Six queries, five for days past, whatever the number of runs; they read a row
/// for each hour, executor, way of ending and server.
pub async fn statistics(
    services: &Services,
    caller: &Caller,
    filter: &StatisticsFilter,
    now: Millis,
) -> Result<Statistics> {
    let reader = services.db.reader();
    let visible = narrowed(visible(caller)?, filter.namespace_id);
    let ids = executors::visible_ids(reader, &visible, EXECUTORS).await?;
    let only = (visible != Visible::All).then_some(ids.as_slice());
    let today = date_of(now, filter.zone);
    let (first, last) = filter.range.dates(today);
    let asked = days(first, last, filter.zone);
    let before = days_before(first, asked.len(), filter.zone);
    let counts = stat_hours::by_hour(reader, only, span(&asked)).await?;
    let earlier = stat_hours::by_executor(reader, only, span(&before)).await?;
    let ends = per_day(&asked, &counts);
    let is_present = (first..=last).contains(&today);
    let states = jobs::state_counts(reader, &visible).await?;
    let online = instances::online_counts(reader, ids.clone()).await?;
    let count = |(_, jobs): &(JobState, i64)| jobs.unsigned_abs();
    Ok(Statistics {
        total: sum(counts.iter().map(|count| (count.state, count.runs))),
        before: sum(earlier.iter().map(|(_, state, runs)| (*state, *runs))),
        days: asked.into_iter().zip(ends).collect(),
        under_way: match is_present {
            true => Some(runs::under_way(reader, only.map(<[_]>::to_vec), UNDER_WAY).await?.len() as u64),
            false => None,
        },
        jobs_on: states.iter().filter(|(state, _)| *state == JobState::On).map(count).sum(),
        jobs: states.iter().map(count).sum(),
        executors_online: online.len() as u64,
        executors: ids.len() as u64,
        instances: online.values().sum(),
    })
}

/// How today goes, against the same day of the week before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Today {
    pub today: Day,
    /// What ended in each hour of today; those to come are zero.
    pub hours: Vec<Ends>,
    /// The same of the day a week before.
    pub week_before: Vec<Ends>,
}

/// The hours of the viewer's day. Two queries, three for somebody who does not see everything.
pub async fn today(services: &Services, caller: &Caller, zone: Tz, now: Millis) -> Result<Today> {
    let reader = services.db.reader();
    let visible = visible(caller)?;
    let ids = match visible {
        Visible::All => None,
        Visible::Only(_) => Some(executors::visible_ids(reader, &visible, EXECUTORS).await?),
    };
    let date = date_of(now, zone);
    let today = Day::of(date, zone);
    let before = Day::of(date.checked_sub_days(Days::new(7)).unwrap_or(date), zone);
    let hours = stat_hours::by_hour(reader, ids.as_deref(), today.from..today.until).await?;
    let week_before = stat_hours::by_hour(reader, ids.as_deref(), before.from..before.until).await?;
    Ok(Today { today, hours: per_hour(&today, &hours), week_before: per_hour(&before, &week_before) })
}

/// What of the visible is in this namespace.
pub(crate) fn narrowed(visible: Visible, namespace_id: Option<i32>) -> Visible {
    match namespace_id {
        Some(id) if visible.contains(id) => Visible::Only(vec![id]),
        Some(_) => Visible::Only(Vec::new()),
        None => visible,
    }
}

/// As many days as `count`, which end before `first`.
fn days_before(first: NaiveDate, count: usize, zone: Tz) -> Vec<Day> {
    let start = first.checked_sub_days(Days::new(count as u64)).unwrap_or(first);
    days(start, first.pred_opt().unwrap_or(first), zone)
}

fn span(days: &[Day]) -> std::ops::Range<Millis> {
    let from = days.first().map_or(0, |day| day.from);
    from..days.last().map_or(from, |day| day.until)
}

fn sum(counts: impl Iterator<Item = (entity::run::RunState, u64)>) -> Ends {
    let mut ends = Ends::default();
    counts.for_each(|(state, runs)| ends.add(state, runs));
    ends
}
