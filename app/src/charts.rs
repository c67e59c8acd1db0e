//! Lines over time (bars, rings and maps in files of their own), as options for ECharts: the one place where charts
//! take their look. Colours are tokens
//! (`var(--color-seq-5)`), which the browser puts in, anew when the theme changes; words of times and units come
//! from `app/scripts/line-chart.js`, for they are functions.

pub mod bars;
pub mod map;

use charming::Chart;
use charming::component::{Axis, Grid, Legend};
use charming::datatype::{CompositeValue, DataPoint};
use charming::element::{
    AreaStyle, AxisLabel, AxisPointer, AxisPointerType, AxisTick, AxisType, ItemStyle, Label, LabelPosition,
    LineStyle, LineStyleType, MarkLine, MarkLineData, MarkLineVariant, SplitLine, Symbol, TextStyle, Tooltip,
    Trigger,
};
use charming::series;
use std::fmt::Write;

const SMALL: f64 = 12.0;
/// Lines on the way from nothing to the most.
const STEPS: f64 = 4.0;
/// What outlines are drawn in.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 100.0;

/// What the lines of a chart share.
pub struct Frame<'a> {
    pub from: i64,
    pub until: i64,
    /// Where the axis of times is labelled.
    pub ticks: &'a [i64],
    /// The end of the axis of values.
    pub most: f64,
    /// A value that is drawn as a warning: 90 % of what there is.
    pub mark: Option<f64>,
}

/// One line; several stand on one another.
pub struct Line {
    pub name: String,
    /// A token without `--color-`.
    pub colour: &'static str,
    /// Between them there is nothing.
    pub parts: Vec<Vec<(i64, Option<f64>)>>,
}

/// The option, as JSON.
pub fn option(frame: &Frame<'_>, lines: &[Line]) -> String {
    let has_legend = lines.len() > 1;
    // Charts stand side by side: each has room for a legend.
    let mut chart = Chart::new()
        .animation(false)
        .grid(Grid::new().left(40).right(4).top(30).bottom(24))
        .tooltip(tooltip())
        .x_axis(times(frame))
        .y_axis(values(frame));
    if has_legend {
        chart = chart.legend(legend(lines));
    }
    for line in lines {
        chart = chart.series(series_of(frame, line, has_legend));
    }
    // Nothing in it can fail to be written.
    serde_json::to_string(&chart).unwrap_or_default()
}

fn token(name: &str) -> String {
    format!("var(--color-{name})")
}

fn tooltip() -> Tooltip {
    let line = LineStyle::new().color(token("edge").as_str());
    Tooltip::new()
        .trigger(Trigger::Axis)
        .background_color(token("raised").as_str())
        .border_color(token("edge").as_str())
        .axis_pointer(AxisPointer::new().type_(AxisPointerType::Line).line_style(line))
}

fn times(frame: &Frame<'_>) -> Axis {
    let label = AxisLabel::new().color(token("muted").as_str()).font_size(SMALL);
    Axis::new()
        .type_(AxisType::Time)
        .min(frame.from)
        .max(frame.until)
        .axis_tick(AxisTick::new().show(false).custom_values(frame.ticks.to_vec()))
        .axis_label(frame.ticks.iter().fold(label, |label, at| label.custom_values(*at)))
        .split_line(SplitLine::new().show(false))
}

fn values(frame: &Frame<'_>) -> Axis {
    Axis::new()
        .type_(AxisType::Value)
        .min(0)
        .max(frame.most)
        .interval(frame.most / STEPS)
        .axis_label(AxisLabel::new().color(token("muted").as_str()).font_size(SMALL))
        .split_line(SplitLine::new().line_style(LineStyle::new().color(token("line").as_str())))
}

fn legend(lines: &[Line]) -> Legend {
    legend_of(lines.iter().map(|line| line.name.clone()).collect())
}

fn legend_of(names: Vec<String>) -> Legend {
    Legend::new()
        .data(names)
        .left(0)
        .top(2)
        .item_width(10)
        .item_height(10)
        .item_gap(16)
        .text_style(TextStyle::new().color(token("muted").as_str()).font_size(SMALL))
}

fn series_of(frame: &Frame<'_>, line: &Line, is_stacked: bool) -> series::Line {
    let colour = token(line.colour);
    let series = series::Line::new()
        .name(line.name.clone())
        .symbol(Symbol::None)
        .line_style(LineStyle::new().color(colour.as_str()).width(1.5))
        .item_style(ItemStyle::new().color(colour.as_str()))
        .area_style(AreaStyle::new().color(colour.as_str()).opacity(0.1))
        .data(points(line));
    let series = if is_stacked { series.stack("all") } else { series };
    match frame.mark {
        Some(value) => series.mark_line(mark(value)),
        None => series,
    }
}

/// The points, and between two parts one that has no value.
fn points(line: &Line) -> Vec<DataPoint> {
    let point = |at: i64, value: Option<f64>| {
        DataPoint::from(CompositeValue::from(vec![CompositeValue::from(at), CompositeValue::from(value)]))
    };
    let mut points = Vec::new();
    for part in &line.parts {
        if let (false, Some((at, _))) = (points.is_empty(), part.first()) {
            points.push(point(at - 1, None));
        }
        points.extend(part.iter().map(|(at, value)| point(*at, *value)));
    }
    points
}

fn mark(value: f64) -> MarkLine {
    let line = LineStyle::new().color(token("fail-mark").as_str()).width(1).type_(LineStyleType::Dashed);
    let label = Label::new()
        .formatter("90 %")
        .position(LabelPosition::InsideEndTop)
        .color(token("fail-ink").as_str())
        .font_size(SMALL);
    let at = MarkLineVariant::Simple(MarkLineData::new().y_axis(value));
    MarkLine::new().silent(true).symbol(vec![Symbol::None]).line_style(line).label(label).data(vec![at])
}

/// The lines as paths in a field of 300 × 100, for those who have no scripts.
pub fn outlines(frame: &Frame<'_>, lines: &[Line]) -> Vec<String> {
    let mut below: std::collections::HashMap<i64, f64> = std::collections::HashMap::new();
    lines
        .iter()
        .map(|line| {
            let mut path = String::new();
            for part in &line.parts {
                let known = part.iter().filter_map(|(at, value)| Some((*at, (*value)?)));
                for (index, (at, value)) in known.enumerate() {
                    let sum = below.entry(at).or_default();
                    *sum += value;
                    let span = (frame.until - frame.from).max(1) as f64;
                    let x = (at - frame.from) as f64 / span * WIDTH;
                    let y = HEIGHT - (*sum / frame.most).clamp(0.0, 1.0) * HEIGHT;
                    // Writing to a string cannot fail.
                    let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
                }
            }
            path
        })
        .collect()
}

/// The next value that four steps divide into round ones.
pub fn round_up(value: f64) -> f64 {
    let value = value.max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(power * 10.0)
}

/// To two digits: more only makes the page longer.
pub fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn line(name: &str) -> Line {
        let parts = vec![vec![(0, Some(10.0)), (15, Some(20.0))], vec![(60, Some(30.0))]];
        Line { name: name.to_owned(), colour: "seq-5", parts }
    }

    fn parsed(mark: Option<f64>, lines: &[Line]) -> Value {
        let frame = Frame { from: 0, until: 100, ticks: &[30], most: 100.0, mark };
        serde_json::from_str(&option(&frame, lines)).unwrap()
    }

    #[test]
    fn between_two_parts_the_line_is_interrupted() {
        let option = parsed(None, &[line("Used")]);
        let data = &option["series"][0]["data"];
        assert_eq!(data.to_string(), "[[0,10.0],[15,20.0],[59,null],[60,30.0]]");
        assert_eq!(option["xAxis"]["type"], "time");
        assert_eq!(option["xAxis"]["axisLabel"]["customValues"].to_string(), "[30]");
        assert_eq!(option["series"][0]["lineStyle"]["color"], "var(--color-seq-5)");
        assert!(option["series"][0]["stack"].is_null() && option["legend"].is_null());
    }

    #[test]
    fn several_lines_stand_on_one_another_and_have_a_legend() {
        let option = parsed(None, &[line("System"), line("User")]);
        assert_eq!(option["series"][1]["stack"], "all");
        assert!(option["legend"].to_string().contains("User"), "{option}");
    }

    #[test]
    fn a_warning_is_marked_at_its_value() {
        let mark = &parsed(Some(90.0), &[line("Used")])["series"][0]["markLine"];
        assert_eq!(mark["data"][0]["yAxis"], 90.0);
    }

    #[test]
    fn without_scripts_the_lines_are_paths_with_gaps() {
        let frame = Frame { from: 0, until: 100, ticks: &[], most: 100.0, mark: None };
        let paths = outlines(&frame, &[line("System"), line("User")]);
        assert_eq!(paths[0], "M0.0 90.0L45.0 80.0M180.0 70.0");
        assert_eq!(paths[1], "M0.0 80.0L45.0 60.0M180.0 40.0", "on top of the first");
    }

    #[test]
    fn an_axis_ends_at_a_round_value() {
        for (value, round) in [(0.9, 1.0), (1.1, 1.2), (41.0, 60.0), (100.0, 100.0), (640.0, 800.0)] {
            assert!((round_up(value) - round).abs() < 1e-9, "{value} to {}", round_up(value));
        }
        assert!(round_up(0.0) > 0.0);
    }
}
