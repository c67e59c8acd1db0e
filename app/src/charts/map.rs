//! A map of things from left to right: places come from `scheduler::rules::topology`, the look from here.
//!
//! Charming's graph gives nodes and lines no look of their own, so that is added to what it writes.

use super::{SMALL, token};
use charming::Chart;
use charming::series::{Graph, GraphData, GraphLayout, GraphLink, GraphNode};
use serde_json::{Value, json};

/// From one column to the next, and from one row to the next, in pixels.
const COLUMN: f64 = 188.0;
const ROW: f64 = 36.0;
/// A node's box.
const WIDTH: f64 = 156.0;
const NARROW: f64 = 78.0;
const HEIGHT: f64 = 28.0;
const CORNER: f64 = 5.0;
/// Around the whole.
const MARGIN: f64 = 16.0;
/// The thickest line, of as many runs as any has.
const THICKEST: f64 = 7.0;
/// Between two narrow boxes, and within a box beside its words.
const GAP: f64 = 6.0;
const PADDING: f64 = 16.0;
/// What is not looked for.
const DIMMED: f64 = 0.25;
/// The colours of signs: tokens without `--color-` and `-ink`.
pub const SIGNS: [&str; 7] = ["ok", "run", "fail", "late", "unk", "idle", "kill"];

/// One box.
pub struct Spot {
    /// By which a click is told.
    pub id: String,
    pub name: String,
    /// A sign of its state, and its colour: one of [`SIGNS`].
    pub sign: Option<(&'static str, &'static str)>,
    /// In columns and rows.
    pub column: f64,
    pub row: f64,
    /// Half as wide as others.
    pub is_narrow: bool,
    /// Something is wrong with it.
    pub is_wrong: bool,
    /// Not what is looked for.
    pub is_dimmed: bool,
}

/// One line.
pub struct Line {
    pub from: String,
    pub to: String,
    /// The more, the thicker.
    pub runs: u64,
    /// With an arrow.
    pub starts: bool,
    pub is_wrong: bool,
}

/// A map as it is drawn.
pub struct Drawn {
    /// The option, as JSON.
    pub option: String,
    /// Pixels of the whole.
    pub width: u32,
    pub height: u32,
}

/// Draws boxes and lines, one to one in pixels.
pub fn draw(spots: &[Spot], lines: &[Line]) -> Drawn {
    let nodes = spots.iter().map(node).collect();
    let links = lines.iter().map(link).collect();
    let graph = Graph::new().layout(GraphLayout::None).roam(false).data(GraphData {
        nodes,
        links,
        categories: Vec::new(),
    });
    // Nothing in it can fail to be written.
    let mut option = serde_json::to_value(Chart::new().animation(false).series(graph)).unwrap_or_default();
    let (across, down) = extent(spots);
    let series = match &mut option["series"] {
        Value::Array(series) => series.first_mut(),
        single => Some(single),
    };
    if let Some(series) = series {
        if let (Some(series), Value::Object(usual)) = (series.as_object_mut(), usual_look()) {
            series.extend(usual);
        }
        series["left"] = json!(MARGIN + WIDTH / 2.0);
        series["top"] = json!(MARGIN + HEIGHT / 2.0);
        series["width"] = json!(across);
        series["height"] = json!(down);
        look(&mut series["data"], spots, look_of_spot);
        let most = lines.iter().map(|line| line.runs).max().unwrap_or_default();
        look(&mut series["links"], lines, |line| look_of_line(line, most));
    }
    let whole = |length: f64, edge: f64| (length + edge + 2.0 * MARGIN).ceil() as u32;
    Drawn { option: option.to_string(), width: whole(across, WIDTH), height: whole(down, HEIGHT) }
}

/// From the first box to the last, in pixels; never nothing, for a length is divided by it.
fn extent(spots: &[Spot]) -> (f64, f64) {
    let most = |place: fn(&Spot) -> f64| spots.iter().map(place).fold(0.0, f64::max);
    ((most(|spot| spot.column) * COLUMN).max(1.0), (most(|spot| spot.row) * ROW).max(1.0))
}

fn node(spot: &Spot) -> GraphNode {
    // Narrow boxes stand at the left of their places, so that a row of them begins where the others do.
    let shift = if spot.is_narrow { (NARROW - WIDTH) / 2.0 } else { 0.0 };
    GraphNode {
        id: spot.id.clone(),
        // Braces would begin a part with a look of its own.
        name: spot.name.replace(['{', '}'], "·"),
        x: spot.column * COLUMN + shift,
        y: spot.row * ROW,
        value: 0.0,
        category: 0,
        symbol_size: HEIGHT,
        label: None,
    }
}

fn link(line: &Line) -> GraphLink {
    GraphLink { source: line.from.clone(), target: line.to.clone(), value: Some(line.runs as f64) }
}

/// Adds the looks to what was written, and takes away what says nothing.
fn look<T>(drawn: &mut Value, things: &[T], look: impl Fn(&T) -> Value) {
    for (drawn, thing) in drawn.as_array_mut().into_iter().flatten().zip(things) {
        if let (Some(drawn), Value::Object(look)) = (drawn.as_object_mut(), look(thing)) {
            ["value", "category", "symbolSize"].iter().for_each(|key| drop(drawn.remove(*key)));
            drawn.extend(look);
        }
    }
}

/// A box with round corners. ECharts' own would be drawn out of shape where it is not square.
fn outline(width: f64) -> String {
    let (across, down) = (width - 2.0 * CORNER, HEIGHT - 2.0 * CORNER);
    let corner = |x: f64, y: f64| format!("a{CORNER} {CORNER} 0 0 1 {x} {y}");
    let c = CORNER;
    let (right, bottom) = (corner(c, c), corner(-c, c));
    let (left, top) = (corner(-c, -c), corner(c, -c));
    format!("path://M{c} 0h{across}{right}v{down}{bottom}h-{across}{left}v-{down}{top}z")
}

/// What boxes and lines are like unless they say otherwise.
fn usual_look() -> Value {
    let text = |colour: &str| json!({ "color": token(colour), "fontSize": SMALL });
    let mut rich = json!({ "name": text("text") });
    for sign in SIGNS {
        rich[sign] = text(&format!("{sign}-ink"));
    }
    json!({
        "symbol": outline(WIDTH),
        // Square, with the outline in its middle: arrows end at this distance, which is the box's edge.
        "symbolSize": WIDTH,
        "symbolKeepAspect": true,
        "itemStyle": { "color": token("surface"), "borderColor": token("edge"), "borderWidth": 1 },
        "lineStyle": { "color": token("edge"), "width": 1, "curveness": 0 },
        "edgeSymbol": ["none", "none"],
        "edgeSymbolSize": 7,
        "emphasis": { "focus": "adjacency" },
        "label": {
            "show": true, "position": "inside", "formatter": "{name|{b}}", "width": WIDTH - PADDING,
            "overflow": "truncate", "rich": rich,
        },
    })
}

fn look_of_spot(spot: &Spot) -> Value {
    let mut look = json!({});
    if spot.is_narrow {
        look["symbol"] = json!(outline(NARROW - GAP));
        look["symbolSize"] = json!(NARROW - GAP);
        look["label"]["width"] = json!(NARROW - GAP - PADDING);
    }
    if let Some((sign, style)) = spot.sign {
        // The name stands in a part of its own: its text is not taken for one.
        look["label"]["formatter"] = json!(format!("{{{style}|{sign}}} {{name|{{b}}}}"));
    }
    if spot.is_wrong {
        look["itemStyle"] = json!({ "color": token("fail-wash"), "borderColor": token("fail-mark") });
    }
    if spot.is_dimmed {
        // Not through and through, for the lines lie below.
        look["itemStyle"] = json!({ "color": token("surface"), "borderColor": token("line") });
        look["label"]["opacity"] = json!(DIMMED);
    }
    look
}

fn look_of_line(line: &Line, most: u64) -> Value {
    let mut look = json!({});
    if line.starts {
        look["symbol"] = json!(["none", "arrow"]);
        look["lineStyle"]["color"] = json!(token("faint"));
    }
    if line.is_wrong {
        look["lineStyle"]["color"] = json!(token("fail-mark"));
    }
    if line.runs > 0 {
        let share = line.runs as f64 / most.max(1) as f64;
        look["lineStyle"]["width"] = json!(super::rounded(1.0 + (THICKEST - 1.0) * share.sqrt()));
    }
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(id: &str, column: f64, row: f64) -> Spot {
        Spot {
            id: id.to_owned(),
            name: format!("{id} {{x|y}}"),
            sign: Some(("✓", "ok")),
            column,
            row,
            is_narrow: false,
            is_wrong: false,
            is_dimmed: false,
        }
    }

    #[test]
    fn boxes_stand_where_they_are_placed_one_to_one() {
        let line = Line { from: "a".into(), to: "b".into(), runs: 9, starts: true, is_wrong: false };
        let drawn = draw(&[spot("a", 0.0, 0.0), spot("b", 2.0, 3.0)], &[line]);
        let option: Value = serde_json::from_str(&drawn.option).unwrap();
        let series = match &option["series"] {
            Value::Array(series) => &series[0],
            single => single,
        };
        assert_eq!(
            (series["width"].as_f64(), series["height"].as_f64()),
            (Some(2.0 * COLUMN), Some(3.0 * ROW))
        );
        assert_eq!(
            (series["data"][1]["x"].as_f64(), series["data"][1]["y"].as_f64()),
            (Some(376.0), Some(108.0))
        );
        assert_eq!(series["data"][1]["symbolSize"].as_f64(), None, "as all are");
        assert_eq!(series["symbolSize"].as_f64(), Some(WIDTH));
        assert_eq!(series["data"][1]["name"], "b ·x|y·");
        assert_eq!(series["data"][1]["label"]["formatter"], "{ok|✓} {name|{b}}");
        assert_eq!(series["links"][0]["symbol"].to_string(), r#"["none","arrow"]"#);
        assert_eq!(series["links"][0]["lineStyle"]["width"].as_f64(), Some(THICKEST));
        assert_eq!((drawn.width, drawn.height), (564, 168));
    }

    #[test]
    fn a_single_box_has_a_size_too() {
        let drawn = draw(&[spot("a", 0.0, 0.0)], &[]);
        assert!(drawn.option.contains(r#""height":1.0"#) && drawn.height > 50);
    }
}
