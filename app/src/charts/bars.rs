//! Bars that stand on one another, with those of what did not succeed on an axis of their own below, for a few
//! failures among many thousand runs would not be seen; and a ring of the same shares.

use super::{SMALL, legend_of, round_up, token, tooltip};
use charming::Chart;
use charming::component::{Axis, Grid};
use charming::datatype::{CompositeValue, DataPointItem};
use charming::element::{
    AxisLabel, AxisTick, AxisType, ItemStyle, Label, LineStyle, LineStyleType, SplitLine, Step, Symbol,
    Tooltip, Trigger,
};
use charming::series;
use std::fmt::Write;

/// What outlines are drawn in: 300 × 100, the lower bars in the last quarter.
const WIDTH: f64 = 300.0;
const UPPER: f64 = 70.0;
const LOWER: (f64, f64) = (78.0, 100.0);
/// A bar takes this part of its place.
const BAR: f64 = 0.55;

/// A chart with one bar for each label.
pub struct Bars {
    pub labels: Vec<String>,
    /// From the bottom up.
    pub stacks: Vec<Stack>,
    /// Drawn as a dashed line of steps over the upper bars, on their axis.
    pub compared: Option<Stack>,
}

/// One part of each bar.
pub struct Stack {
    pub name: String,
    /// A token without `--color-`.
    pub colour: &'static str,
    /// On the axis below.
    pub is_below: bool,
    pub values: Vec<u64>,
}

/// One part of a ring.
pub struct Share {
    pub name: String,
    /// A token without `--color-`.
    pub colour: &'static str,
    pub value: u64,
}

impl Bars {
    /// The largest sum of a bar, above or below.
    fn most(&self, is_below: bool) -> f64 {
        let sum = |place| {
            let parts = self.stacks.iter().filter(|stack| stack.is_below == is_below);
            parts.map(|stack| stack.values.get(place).copied().unwrap_or_default()).sum::<u64>()
        };
        let compared =
            self.compared.iter().filter(|_| !is_below).flat_map(|stack| stack.values.iter().copied());
        let most = (0..self.labels.len()).map(sum).chain(compared).max().unwrap_or_default();
        round_up(most.max(1) as f64).max(4.0)
    }
}

/// The option, as JSON.
pub fn option(bars: &Bars) -> String {
    let stacks: Vec<&Stack> = bars.stacks.iter().chain(&bars.compared).collect();
    let names = stacks.iter().map(|stack| stack.name.clone()).collect();
    let mut chart = Chart::new()
        .animation(false)
        .legend(legend_of(names))
        .tooltip(tooltip())
        .grid(Grid::new().left(48).right(4).top(32).height("52%"))
        .grid(Grid::new().left(48).right(4).bottom(24).height("18%"))
        .x_axis(labels(bars, 0).axis_label(AxisLabel::new().show(false)))
        .x_axis(labels(bars, 1).axis_label(small()))
        .y_axis(values(bars, 0))
        .y_axis(values(bars, 1));
    for stack in &bars.stacks {
        chart = chart.series(bar(stack));
    }
    if let Some(compared) = &bars.compared {
        chart = chart.series(steps(compared));
    }
    // Nothing in it can fail to be written.
    serde_json::to_string(&chart).unwrap_or_default()
}

fn small() -> AxisLabel {
    AxisLabel::new().color(token("muted").as_str()).font_size(SMALL)
}

fn labels(bars: &Bars, grid: u8) -> Axis {
    Axis::new()
        .type_(AxisType::Category)
        .grid_index(grid)
        .axis_tick(AxisTick::new().show(false))
        .data(bars.labels.clone())
}

fn values(bars: &Bars, grid: u8) -> Axis {
    let is_below = grid == 1;
    let most = bars.most(is_below);
    Axis::new()
        .type_(AxisType::Value)
        .grid_index(grid)
        .min(0)
        .max(most)
        .interval(if is_below { most } else { most / 4.0 })
        .axis_label(small())
        .split_line(SplitLine::new().line_style(LineStyle::new().color(token("line").as_str())))
}

fn bar(stack: &Stack) -> series::Bar {
    let axis = u8::from(stack.is_below);
    series::Bar::new()
        .name(stack.name.clone())
        .stack(if stack.is_below { "below" } else { "above" })
        .x_axis_index(axis)
        .y_axis_index(axis)
        .bar_width("55%")
        .item_style(ItemStyle::new().color(token(stack.colour).as_str()))
        .data(stack.values.iter().map(|value| CompositeValue::from(*value as f64)).collect::<Vec<_>>())
}

fn steps(stack: &Stack) -> series::Line {
    let colour = token(stack.colour);
    let line = LineStyle::new().color(colour.as_str()).width(1).type_(LineStyleType::Dashed);
    series::Line::new()
        .name(stack.name.clone())
        .symbol(Symbol::None)
        .step(Step::Middle)
        .line_style(line)
        .item_style(ItemStyle::new().color(colour.as_str()))
        .data(stack.values.iter().map(|value| CompositeValue::from(*value as f64)).collect::<Vec<_>>())
}

/// A ring of shares, clockwise from the top, as JSON. Parts of nothing are left out.
pub fn ring(shares: &[Share]) -> String {
    let part = |share: &Share| {
        let style = ItemStyle::new().color(token(share.colour).as_str());
        DataPointItem::new(share.value as f64).name(share.name.clone()).item_style(style)
    };
    let parts: Vec<DataPointItem> = shares.iter().filter(|share| share.value > 0).map(part).collect();
    let edge = ItemStyle::new().border_color(token("surface").as_str()).border_width(1);
    let pie = series::Pie::new()
        .radius(vec!["66%", "94%"])
        .center(vec!["50%", "50%"])
        .label(Label::new().show(false))
        .item_style(edge)
        .data(parts);
    let tip = Tooltip::new()
        .trigger(Trigger::Item)
        .background_color(token("raised").as_str())
        .border_color(token("edge").as_str());
    // Nothing in it can fail to be written.
    serde_json::to_string(&Chart::new().animation(false).tooltip(tip).series(pie)).unwrap_or_default()
}

/// Each stack as a path in a field of 300 × 100, for those who have no scripts.
pub fn outlines(bars: &Bars) -> Vec<String> {
    let pitch = WIDTH / bars.labels.len().max(1) as f64;
    let width = pitch * BAR;
    let mut below = vec![0.0; bars.labels.len()];
    let mut above = below.clone();
    let mut outlines = Vec::new();
    for stack in &bars.stacks {
        let (top, bottom) = if stack.is_below { LOWER } else { (0.0, UPPER) };
        let most = bars.most(stack.is_below);
        let sums = if stack.is_below { &mut below } else { &mut above };
        let mut path = String::new();
        for (place, (value, sum)) in
            stack.values.iter().zip(sums).enumerate().filter(|(_, (value, _))| **value > 0)
        {
            let height = *value as f64 / most * (bottom - top);
            *sum += height;
            let x = pitch * place as f64 + (pitch - width) / 2.0;
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x:.1} {:.1}h{width:.1}v{height:.1}h-{width:.1}z", bottom - *sum);
        }
        outlines.push(path);
    }
    outlines
}

/// Each part of a ring as its beginning and its length in hundredths of the whole, for those who have no scripts.
pub fn arcs(shares: &[Share]) -> Vec<(f64, f64)> {
    let whole = shares.iter().map(|share| share.value).sum::<u64>().max(1) as f64;
    let mut start = 0.0;
    let arc = |share: &Share| {
        let length = share.value as f64 / whole * 100.0;
        start += length;
        (super::rounded(start - length), super::rounded(length))
    };
    shares.iter().map(arc).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn stack(name: &str, is_below: bool, values: &[u64]) -> Stack {
        Stack { name: name.to_owned(), colour: "ok-mark", is_below, values: values.to_vec() }
    }

    fn bars() -> Bars {
        let stacks = vec![
            stack("Succeeded", false, &[700, 0]),
            stack("Failed", true, &[1, 2]),
            stack("Skipped", true, &[0, 1]),
        ];
        Bars {
            labels: vec!["a".to_owned(), "b".to_owned()],
            stacks,
            compared: Some(stack("Before", false, &[5, 6])),
        }
    }

    #[test]
    fn what_did_not_succeed_has_an_axis_of_its_own() {
        let option: Value = serde_json::from_str(&option(&bars())).unwrap();
        let axes: Vec<f64> = option["series"]
            .as_array()
            .unwrap()
            .iter()
            .map(|series| series["yAxisIndex"].as_f64().unwrap_or(0.0))
            .collect();
        assert_eq!(axes, [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(
            (option["yAxis"][0]["max"].as_f64(), option["yAxis"][1]["max"].as_f64()),
            (Some(800.0), Some(4.0))
        );
        assert_eq!(option["xAxis"][1]["data"].to_string(), r#"["a","b"]"#);
        assert_eq!(
            (&option["series"][3]["type"], &option["series"][3]["step"]),
            (&"line".into(), &"middle".into())
        );
    }

    #[test]
    fn without_scripts_bars_stand_on_one_another() {
        let outlines = outlines(&bars());
        assert_eq!(outlines[0], "M33.8 8.8h82.5v61.2h-82.5z", "of the upper field, and nothing for zero");
        assert_eq!(outlines[2], "M183.8 83.5h82.5v5.5h-82.5z", "on the failed ones");
    }

    #[test]
    fn a_ring_has_the_shares_that_are_there() {
        let share = |name: &str, value| Share { name: name.to_owned(), colour: "ok-mark", value };
        let shares = [share("Succeeded", 3), share("Failed", 0), share("Skipped", 1)];
        let option: Value = serde_json::from_str(&ring(&shares)).unwrap();
        let series = option["series"].as_array().unwrap();
        assert_eq!(series[0]["data"].as_array().unwrap().len(), 2);
        assert_eq!(arcs(&shares), [(0.0, 75.0), (75.0, 0.0), (75.0, 25.0)]);
    }
}
