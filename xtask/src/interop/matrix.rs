//! The table of `docs/compatibility.md`, as the tests find it.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::clients::{CLIENTS, Client};
use crate::paths;
use crate::report::Counts;
use crate::test::TestNames;

/// Between these lines stands the table.
const BEGIN: &str = "<!-- Written by the interoperability tests -->";
const END: &str = "<!-- To here -->";

/// Compares the document with what the tests found, and writes it anew where it says otherwise.
pub fn check(names: &TestNames) -> Result<Counts> {
    let file = paths::repository().join("docs/compatibility.md");
    let text = fs::read_to_string(&file).context("no docs/compatibility.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/compatibility.md has no table")?;
    let (_, after) = rest.split_once(END).context("the table of docs/compatibility.md has no end")?;
    let written = format!("{before}{BEGIN}\n\n{}\n{END}{after}", table(names));
    if written != text {
        fs::write(&file, &written)?;
    }
    ensure!(written == text, "docs/compatibility.md said otherwise than the tests found: it is written anew");
    Ok(Counts::ONE)
}

fn table(names: &TestNames) -> String {
    let head = "| Library | Version | Runs | Result | Failure | Parameter | Log | Over its limit |\n\
                |--|--|--|--|--|--|--|--|\n";
    CLIENTS.iter().fold(head.to_owned(), |table, client| table + &line(client, names))
}

fn line(client: &Client, names: &TestNames) -> String {
    let found = |suite: &str, handler: &str, words: &'static str| {
        let holds = names.contains(&format!("{suite} › {} › {handler}", client.name));
        if holds { words } else { "**broken**" }
    };
    let says = |handler: &str, words: &'static str| found("interop", handler, words);
    let habits = client.habits;
    let result = if habits.returns_text { "its text" } else { "no text" };
    let parameter = if habits.takes_json { "as JSON" } else { "as it is" };
    let log = if habits.serves_log { "lines" } else { "none served" };
    let limit = match habits.over_limit {
        "timed_out" => "timed out",
        "failed" => "failed, by its own word",
        _ => "succeeded, by its own word",
    };
    let cells = [
        client.library,
        client.version,
        says("slow", "yes"),
        says("echo", result),
        says("fail", "with its text"),
        says("echo", parameter),
        // It is read on the page of a run.
        found("runs.spec.ts", "ok", log),
        says("long", limit),
    ];
    format!("| {} |\n", cells.join(" | "))
}
