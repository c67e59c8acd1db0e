//! From what is known of a host to what its charts show.

use super::{ChartKind, ChartView, HistoryQuery, HistoryRow, HistoryView, HostChoice, HostSample};
use crate::charts::{self, Line};
use crate::components::quantity::{UNITS, scale, unit_of};
use crate::i18n::*;
use crate::ssr::request_locale;
use crate::zoned::{full_hours, moment};
use entity::instance;
use scheduler::host_metrics::{History, HostNow, SPAN};
use scheduler::rules::host_metrics::Point;

/// Instances to choose from at most.
const MOST_CHOICES: usize = 200;
/// Milliseconds of a row of the table.
const ROW: i64 = 300_000;
/// From this share of what it may hold on, a process' memory is drawn against that; else against itself.
const NEAR_LIMIT: f64 = 0.5;

/// Which three hours are asked for.
pub(super) struct Asked {
    pub until: i64,
    is_now: bool,
    is_wrong: bool,
    zone: String,
}

impl Asked {
    pub fn of(query: &HistoryQuery, zone: &str, now: i64) -> Self {
        let typed = (!query.until.is_empty()).then(|| moment(&query.until, zone));
        // What lies ahead has not been reported yet.
        let until = typed.flatten().filter(|until| *until < now);
        let is_wrong = typed == Some(None);
        Self { until: until.unwrap_or(now), is_now: until.is_none(), is_wrong, zone: zone.to_owned() }
    }

    pub fn without_instance(self) -> HistoryView {
        HistoryView {
            choices: Vec::new(),
            chosen: None,
            from: self.until - SPAN,
            until: self.until,
            is_now: self.is_now,
            is_until_wrong: self.is_wrong,
            charts: Vec::new(),
            rows: Vec::new(),
        }
    }

    pub fn with(
        self,
        choices: Vec<HostChoice>,
        chosen: i32,
        history: &History,
        last: Option<HostSample>,
    ) -> HistoryView {
        let charts = match last.filter(|_| !history.parts.is_empty()) {
            Some(last) => self.charts(history, &last),
            None => Vec::new(),
        };
        let rows = if charts.is_empty() { Vec::new() } else { rows(history) };
        HistoryView { choices, chosen: Some(chosen), charts, rows, ..self.without_instance() }
    }

    fn charts(&self, history: &History, last: &HostSample) -> Vec<ChartView> {
        let draw = Draw { history, hours: full_hours(history.from, history.until, &self.zone) };
        let peak = peak(history, |point| point.process_memory as f64);
        let limit = last.process.memory_limit as f64;
        let is_near = limit > 0.0 && peak >= limit * NEAR_LIMIT;
        let most = if is_near { limit } else { peak };
        vec![
            draw.cpu(last.cpu.cores),
            draw.memory(ChartKind::ProcessMemory, limit, most, is_near, |point| point.process_memory),
            draw.memory(
                ChartKind::HostMemory,
                last.memory.total as f64,
                last.memory.total as f64,
                true,
                |point| point.memory,
            ),
        ]
    }
}

/// The instances that have reported, those that are there first.
pub(super) fn choices(instances: Vec<instance::Model>, hosts: &[HostNow]) -> Vec<HostChoice> {
    let has_reported = |instance: &instance::Model| hosts.iter().any(|host| host.instance_id == instance.id);
    let found = instances.into_iter().filter(has_reported).take(MOST_CHOICES);
    found.map(|instance| HostChoice { id: instance.id, address: instance.address }).collect()
}

/// The one that is asked for, else the first.
pub(super) fn chosen(query: &HistoryQuery, choices: &[HostChoice]) -> Option<i32> {
    let asked = query.instance.parse().ok();
    let found = choices.iter().find(|choice| Some(choice.id) == asked);
    found.or_else(|| choices.first()).map(|choice| choice.id)
}

/// What all charts of a host share.
struct Draw<'a> {
    history: &'a History,
    /// Where the axis is labelled.
    hours: Vec<i64>,
}

impl Draw<'_> {
    fn cpu(&self, cores: u32) -> ChartView {
        let locale = request_locale();
        let is_split = self.history.parts.iter().flatten().any(|point| point.cpu_user.is_some());
        let lines = match is_split {
            true => vec![
                self.line(td_string!(locale, hosts.system), "seq-6", |point| point.cpu_system),
                self.line(td_string!(locale, hosts.user), "seq-4", |point| point.cpu_user),
            ],
            false => vec![self.line(td_string!(locale, hosts.total), "seq-5", |point| Some(point.cpu))],
        };
        self.chart(ChartKind::Cpu, f64::from(cores), "%".to_owned(), 100.0, None, lines)
    }

    /// A size over time, of `whole`, on an axis that reaches to `most`; with a mark at nine tenths of it where
    /// that is the end of what there is.
    fn memory(
        &self,
        kind: ChartKind,
        whole: f64,
        most: f64,
        is_limit: bool,
        size: impl Fn(&Point) -> i64,
    ) -> ChartView {
        let unit = unit_of(most);
        // An axis has a length, even where nothing is held.
        let most = (most / scale(unit)).max(1.0);
        // In whole steps, of which there are four: a host of 23.5 GiB has an axis of 24.
        let axis = if is_limit { (most / 4.0).ceil() * 4.0 } else { charts::round_up(most) };
        let line = self.line(td_string!(request_locale(), hosts.used), "seq-5", |point| {
            Some(size(point) as f64 / scale(unit))
        });
        self.chart(kind, whole, UNITS[unit].to_owned(), axis, is_limit.then_some(most * 0.9), vec![line])
    }

    fn line(&self, name: &str, colour: &'static str, value: impl Fn(&Point) -> Option<f64>) -> Line {
        let part = |part: &Vec<Point>| {
            part.iter().map(|point| (point.at, value(point).map(charts::rounded))).collect()
        };
        Line { name: name.to_owned(), colour, parts: self.history.parts.iter().map(part).collect() }
    }

    fn chart(
        &self,
        kind: ChartKind,
        whole: f64,
        unit: String,
        most: f64,
        mark: Option<f64>,
        lines: Vec<Line>,
    ) -> ChartView {
        let frame = charts::Frame {
            from: self.history.from,
            until: self.history.until,
            ticks: &self.hours,
            most,
            mark,
        };
        let outlines = charts::outlines(&frame, &lines);
        ChartView { kind, whole, unit, most, option: charts::option(&frame, &lines), outlines }
    }
}

fn peak(history: &History, value: impl Fn(&Point) -> f64) -> f64 {
    history.parts.iter().flatten().map(value).fold(0.0, f64::max)
}

/// The points as averages of [`ROW`]s that begin at round times.
fn rows(history: &History) -> Vec<HistoryRow> {
    let first = history.from - history.from.rem_euclid(ROW);
    let starts = (first..history.until).step_by(usize::try_from(ROW).unwrap_or(1));
    starts
        .map(|at| {
            let points = history.parts.iter().flatten().filter(|point| (at..at + ROW).contains(&point.at));
            let points: Vec<&Point> = points.collect();
            let average = |value: &dyn Fn(&Point) -> Option<f64>| {
                let values: Vec<f64> = points.iter().filter_map(|point| value(point)).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            HistoryRow {
                at,
                cpu: average(&|point| Some(point.cpu)),
                cpu_user: average(&|point| point.cpu_user),
                cpu_system: average(&|point| point.cpu_system),
                process_memory: average(&|point| Some(point.process_memory as f64)),
                memory: average(&|point| Some(point.memory as f64)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-06T06:00:00Z.
    const NOON: i64 = 1_772_776_800_000;

    fn history(ats: &[&[i64]]) -> History {
        let point = |at: &i64| Point {
            at: NOON + at,
            cpu: 40.0,
            cpu_user: Some(30.0),
            cpu_system: Some(10.0),
            process_memory: 4 << 30,
            memory: 5 << 30,
        };
        let parts = ats.iter().map(|part| part.iter().map(point).collect()).collect();
        History { from: NOON, until: NOON + SPAN, parts }
    }

    #[test]
    fn an_end_is_read_on_the_viewers_clock_and_never_lies_ahead() {
        let asked = |until: &str| {
            let query = HistoryQuery { until: until.to_owned(), ..HistoryQuery::default() };
            let asked = Asked::of(&query, "Asia/Shanghai", NOON);
            (asked.until - NOON, asked.is_now, asked.is_wrong)
        };
        assert_eq!(asked(""), (0, true, false));
        assert_eq!(asked("2026-03-06T13:00"), (-3_600_000, false, false));
        assert_eq!(asked("2026-03-06T05:00Z"), (-3_600_000, false, false));
        assert_eq!(asked("2026-03-07T00:00"), (0, true, false));
        assert_eq!(asked("yesterday"), (0, true, true));
    }

    #[test]
    fn rows_are_averages_and_what_was_not_reported_is_missing() {
        let rows = rows(&history(&[&[0, 15_000], &[600_000]]));
        assert_eq!(rows.len(), 36);
        assert_eq!(
            (rows[0].at - NOON, rows[0].cpu, rows[0].memory),
            (0, Some(40.0), Some((5_u64 << 30) as f64))
        );
        assert_eq!((rows[1].cpu, rows[1].process_memory), (None, None));
        assert_eq!(rows[2].cpu_user, Some(30.0));
    }

    #[test]
    fn the_first_that_has_reported_is_shown_unless_another_is_asked_for() {
        let choices = [3, 5].map(|id| HostChoice { id, address: format!("http://h:{id}") });
        let asked = |instance: &str| {
            chosen(&HistoryQuery { instance: instance.to_owned(), ..HistoryQuery::default() }, &choices)
        };
        assert_eq!((asked(""), asked("5"), asked("7"), asked("x")), (Some(3), Some(5), Some(3), Some(3)));
        assert_eq!(chosen(&HistoryQuery::default(), &[]), None);
    }
}
