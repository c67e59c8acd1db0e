//! From counts to what the pages show.

use super::{Counts, DayRow, Drawing, STATES, StatisticsCharts, StatisticsQuery, StatisticsView, TodayView};
use crate::api::executors::NamespaceChoice;
use crate::charts::bars::{self, Bars, Share, Stack};
use crate::i18n::*;
use crate::ssr::request_locale;
use chrono::{DateTime, Timelike};
use chrono_tz::Tz;
use entity::run::RunState;
use scheduler::rules::statistics::{Day, Ends, HOUR, Range, date_of};
use scheduler::statistics::{Statistics, StatisticsFilter, Today};

/// What is asked for, understood.
pub(super) struct Asked {
    pub filter: StatisticsFilter,
    is_range_wrong: bool,
}

/// An IANA name; what is none is UTC.
pub(super) fn zone_of(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

impl Asked {
    pub fn of(query: &StatisticsQuery, zone: &str) -> Self {
        let free = || Some(Range::Free(query.from.parse().ok()?, query.to.parse().ok()?));
        let range = match query.range.as_str() {
            "today" => Some(Range::Today),
            "yesterday" => Some(Range::Yesterday),
            "30d" => Some(Range::Month),
            "month" => Some(Range::ThisMonth),
            "last-month" => Some(Range::LastMonth),
            "free" => free(),
            _ => Some(Range::Week),
        };
        let filter = StatisticsFilter {
            namespace_id: query.namespace,
            range: range.unwrap_or_default(),
            zone: zone_of(zone),
        };
        Self { filter, is_range_wrong: range.is_none() }
    }

    pub fn with(
        self,
        found: Statistics,
        namespaces: Vec<entity::namespace::Model>,
        now: i64,
    ) -> StatisticsView {
        let zone = self.filter.zone;
        let today = date_of(now, zone);
        let date = |day: Option<&(Day, Ends)>| day.map(|(day, _)| day.date.to_string()).unwrap_or_default();
        let row = |(day, ends): &(Day, Ends)| DayRow {
            date: day.date.to_string(),
            is_today: day.date == today,
            counts: counts(ends),
        };
        let has_runs = found.total.total() + found.under_way.unwrap_or_default() > 0;
        StatisticsView {
            namespaces: namespaces.into_iter().map(NamespaceChoice::from).collect(),
            first: date(found.days.first()),
            last: date(found.days.last()),
            is_range_wrong: self.is_range_wrong,
            is_off_hour: is_off_hour(now, zone),
            charts: has_runs.then(|| charts(&found, today)),
            days: found.days.iter().map(row).collect(),
            total: counts(&found.total),
            before: found.before.total(),
            under_way: found.under_way,
            jobs_on: found.jobs_on,
            jobs: found.jobs,
            executors_online: found.executors_online,
            executors: found.executors,
            instances: found.instances,
        }
    }
}

/// Whether a zone's clock shows other minutes than UTC's.
fn is_off_hour(now: i64, zone: Tz) -> bool {
    let full = DateTime::from_timestamp_millis(now - now.rem_euclid(HOUR)).unwrap_or_default();
    full.with_timezone(&zone).minute() != 0
}

fn counts(ends: &Ends) -> Counts {
    [ends.succeeded, ends.failed, ends.timed_out, ends.lost, ends.killed, ends.skipped]
}

/// The word and the colour of a state, wherever it is drawn.
fn look(state: RunState) -> (&'static str, &'static str) {
    let locale = request_locale();
    match state {
        RunState::Succeeded => (td_string!(locale, states.succeeded), "ok-mark"),
        RunState::Failed => (td_string!(locale, states.failed), "fail-mark"),
        RunState::TimedOut => (td_string!(locale, states.timed_out), "late-mark"),
        RunState::Lost => (td_string!(locale, states.lost), "unk-mark"),
        RunState::Killed => (td_string!(locale, states.killed), "kill-mark"),
        RunState::Skipped => (td_string!(locale, states.skipped), "idle-mark"),
        _ => (td_string!(locale, states.running), "run-mark"),
    }
}

/// What `ends` has of each way of ending, as parts of bars; ways that never came are left out.
fn stacks<'a>(ends: impl Iterator<Item = &'a Ends> + Clone) -> Vec<(RunState, Stack)> {
    let stack = |(place, state): (usize, RunState)| {
        let values: Vec<u64> =
            ends.clone().map(|ends| counts(ends).get(place).copied().unwrap_or_default()).collect();
        let (word, colour) = look(state);
        let is_below = state != RunState::Succeeded;
        values
            .iter()
            .any(|value| *value > 0)
            .then(|| (state, Stack { name: word.to_owned(), colour, is_below, values }))
    };
    STATES.into_iter().enumerate().filter_map(stack).collect()
}

fn drawing(labels: Vec<String>, stacks: Vec<(RunState, Stack)>, compared: Option<Stack>) -> Drawing {
    let (states, stacks): (Vec<RunState>, Vec<Stack>) = stacks.into_iter().unzip();
    let bars = Bars { labels, stacks, compared };
    let outlines = states.into_iter().zip(bars::outlines(&bars)).collect();
    Drawing { option: bars::option(&bars), outlines }
}

fn charts(found: &Statistics, today: chrono::NaiveDate) -> StatisticsCharts {
    let labels = found.days.iter().map(|(day, _)| day.date.format("%m-%d").to_string()).collect();
    let mut parts = stacks(found.days.iter().map(|(_, ends)| ends));
    let mut shares: Vec<(RunState, u64)> = STATES.into_iter().zip(counts(&found.total)).collect();
    if let Some(under_way) = found.under_way.filter(|runs| *runs > 0) {
        let (word, colour) = look(RunState::Running);
        let values =
            found.days.iter().map(|(day, _)| if day.date == today { under_way } else { 0 }).collect();
        let stack = Stack { name: word.to_owned(), colour, is_below: false, values };
        parts.push((RunState::Running, stack));
        shares.push((RunState::Running, under_way));
    }
    let drawn = |(state, value): &(RunState, u64)| {
        let (word, colour) = look(*state);
        Share { name: word.to_owned(), colour, value: *value }
    };
    let ring: Vec<Share> = shares.iter().map(drawn).collect();
    let arcs =
        shares.iter().zip(bars::arcs(&ring)).map(|((state, _), (start, length))| (*state, start, length));
    StatisticsCharts { arcs: arcs.collect(), ring: bars::ring(&ring), bars: drawing(labels, parts, None) }
}

/// How today goes.
pub(super) fn today(found: &Today, zone: Tz, now: i64) -> TodayView {
    let over = usize::try_from((now - found.today.from).max(0) / HOUR).unwrap_or_default();
    let sum = |hours: &[Ends]| {
        hours
            .iter()
            .map(counts)
            .fold(Counts::default(), |sum, more| std::array::from_fn(|place| sum[place] + more[place]))
    };
    let label = |place: usize| {
        let at = found.today.from + i64::try_from(place).unwrap_or_default() * HOUR;
        DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).format("%H").to_string()
    };
    let labels: Vec<String> = (0..found.hours.len()).map(label).collect();
    let before: Vec<u64> =
        labels.iter().zip(found.week_before.iter()).map(|(_, ends)| ends.total()).collect();
    let has_runs = found.hours.iter().chain(&found.week_before).any(|ends| ends.total() > 0);
    let rows = labels.iter().zip(&found.hours).enumerate().map(|(place, (label, ends))| {
        let before = before.get(place).copied().unwrap_or_default();
        (label.clone(), ends.total(), ends.not_succeeded(), before)
    });
    TodayView {
        today: sum(&found.hours),
        hours: over as u64,
        by_now: found.hours.iter().take(over).map(Ends::total).sum(),
        week_before: sum(&found.week_before[..over.min(found.week_before.len())]),
        rows: rows.collect(),
        bars: has_runs.then(|| {
            let name = td_string!(request_locale(), statistics.week_before).to_owned();
            let compared = Stack { name, colour: "muted", is_below: false, values: before.clone() };
            drawing(labels.clone(), stacks(found.hours.iter()), Some(compared))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scheduler::rules::statistics::days;

    fn asked(range: &str, from: &str, to: &str) -> Asked {
        let query =
            StatisticsQuery { range: range.into(), from: from.into(), to: to.into(), namespace: None };
        Asked::of(&query, "Asia/Shanghai")
    }

    #[test]
    fn a_range_is_read_from_the_address_and_what_is_none_is_the_week() {
        for (text, range) in [
            ("today", Range::Today),
            ("30d", Range::Month),
            ("last-month", Range::LastMonth),
            ("", Range::Week),
            ("nonsense", Range::Week),
        ] {
            assert_eq!(asked(text, "", "").filter.range, range, "{text}");
        }
        let free = asked("free", "2026-03-01", "2026-03-06");
        assert!(matches!(free.filter.range, Range::Free(..)) && !free.is_range_wrong);
        let wrong = asked("free", "2026-02-30", "x");
        assert_eq!((wrong.filter.range, wrong.is_range_wrong), (Range::Week, true));
        assert!(is_off_hour(0, Tz::Asia__Kathmandu) && !is_off_hour(0, Tz::Asia__Shanghai));
    }

    #[test]
    fn the_chart_has_every_day_and_sums_to_the_total() {
        let week = days("2026-03-01".parse().unwrap(), "2026-03-07".parse().unwrap(), Tz::UTC);
        let ends = Ends { succeeded: 5, failed: 1, ..Ends::default() };
        let total = Ends { succeeded: 35, failed: 7, ..Ends::default() };
        let now = week[6].from + HOUR;
        let found = Statistics {
            days: week.into_iter().map(|day| (day, ends)).collect(),
            total,
            before: Ends::default(),
            under_way: Some(2),
            jobs_on: 1,
            jobs: 2,
            executors_online: 1,
            executors: 1,
            instances: 1,
        };
        let view = asked("", "", "").with(found, Vec::new(), now);
        assert_eq!(
            (view.days.len(), view.first.as_str(), view.last.as_str()),
            (7, "2026-03-01", "2026-03-07")
        );
        assert!(view.days[6].is_today);
        let charts = view.charts.unwrap();
        let option: serde_json::Value = serde_json::from_str(&charts.bars.option).unwrap();
        let sum: f64 = option["series"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|series| series["data"].as_array().unwrap())
            .filter_map(|value| value.as_f64())
            .sum();
        assert_eq!(sum, 44.0, "with those under way");
        assert!((charts.arcs.iter().map(|(_, _, length)| length).sum::<f64>() - 100.0).abs() < 0.1);
    }

    #[test]
    fn today_is_compared_by_the_hours_that_are_over() {
        let day = Day::of("2026-03-06".parse().unwrap(), Tz::UTC);
        let hour = |succeeded| Ends { succeeded, ..Ends::default() };
        let found = Today { today: day, hours: vec![hour(3); 24], week_before: vec![hour(2); 24] };
        let view = today(&found, Tz::UTC, day.from + 2 * HOUR + 1);
        assert_eq!((view.hours, view.by_now, view.week_before[0]), (2, 6, 4));
        assert_eq!((view.rows.len(), view.rows[5].clone()), (24, ("05".to_owned(), 3, 0, 2)));
    }
}
