//! What the oracle judges by: the rows of the database and the executors' own journals.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// A run as the database has it; see end2end/interop/README.md.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub id: i64,
    pub job: String,
    pub kind: String,
    /// The run that caused it; 0 = the schedule.
    pub slot: i64,
    pub attempt: i64,
    /// Of a shard, whatever attempt it is: the run that it is a part of.
    pub parent: Option<i64>,
    /// A shard's index; [`SPLIT`] where the run was split.
    pub shard: i64,
    /// Somebody still has something to do about it.
    pub live: bool,
    pub state: String,
    pub reason: String,
    pub nominal_at: i64,
    /// A stretch of missed times: the last, and how many.
    pub span: Option<(i64, i64)>,
    pub due_at: i64,
    /// How often it was sent, as far as anybody knows.
    pub sends: i64,
    pub late_code: Option<i64>,
}

/// The index of a run that was split into shards.
pub const SPLIT: i64 = -1;

/// What an executor wrote down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Start,
    End,
    /// The server answered that it has the result.
    Reported,
}

/// A line of an executor's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub event: Event,
    pub run: i64,
    pub code: i64,
    /// As the server sent it, and when it happened; ms since 1970.
    pub due: i64,
    pub at: i64,
    /// The port of the server that has the result; 0 as long as none has.
    pub server: u16,
}

/// Reads what `orrery fixture runs` prints.
pub fn rows(printed: &Value) -> Result<Vec<Row>> {
    printed.as_array().context("no list of runs")?.iter().map(row).collect()
}

fn row(printed: &Value) -> Result<Row> {
    let number = |name: &str| printed[name].as_i64().with_context(|| format!("a run without {name}"));
    let text = |name: &str| printed[name].as_str().unwrap_or_default().to_owned();
    Ok(Row {
        id: number("id")?,
        job: text("job"),
        kind: text("kind"),
        slot: number("slot")?,
        attempt: number("attempt")?,
        parent: printed["parent"].as_i64(),
        shard: number("shard")?,
        live: printed["live"].as_bool().context("a run without live")?,
        state: text("state"),
        reason: text("reason"),
        nominal_at: number("nominal_at")?,
        span: printed["span_last"].as_i64().zip(printed["span_count"].as_i64()),
        due_at: number("due_at")?,
        sends: number("sends")?,
        late_code: printed["late_code"].as_i64(),
    })
}

/// Reads an executor's journal; a line cut off by its death is the last of its life and says nothing.
pub fn journal(file: &Path) -> Result<Vec<Entry>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read {}", file.display()))?,
    };
    Ok(text.lines().filter_map(|line| entry(&serde_json::from_str(line).ok()?)).collect())
}

fn entry(line: &Value) -> Option<Entry> {
    let event = match line["event"].as_str()? {
        "start" => Event::Start,
        "end" => Event::End,
        "reported" => Event::Reported,
        _ => return None,
    };
    let number = |name: &str| line[name].as_i64();
    let server = line["server"].as_str()?.rsplit(':').next()?.parse().unwrap_or(0);
    let (run, code) = (number("run")?, number("code")?);
    Some(Entry { event, run, code, due: number("due")?, at: number("at")?, server })
}
