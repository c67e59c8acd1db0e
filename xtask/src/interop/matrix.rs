//! The table of `docs/compatibility.md`, as the tests find it.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::clients::{CLIENTS, Client, Habits};
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
    let written = with_table(&text, names)?;
    if written != text {
        fs::write(&file, &written)?;
    }
    ensure!(written == text, "docs/compatibility.md said otherwise than the tests found: it is written anew");
    Ok(Counts::ONE)
}

/// The document with the table that these tests make.
fn with_table(text: &str, names: &TestNames) -> Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("docs/compatibility.md has no table")?;
    let (_, after) = rest.split_once(END).context("the table of docs/compatibility.md has no end")?;
    Ok(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table(names)))
}

fn table(names: &TestNames) -> String {
    let lines = |line: fn(&Client, &TestNames) -> String| {
        CLIENTS.iter().map(|client| line(client, names)).collect::<String>()
    };
    format!(
        "| Library | Version | Runs | Result | Failure | Parameter | Log | Over its limit |\n\
         |--|--|--|--|--|--|--|--|\n{}\n\
         | Library | Version | Killed run | Run beside another | Cover early | Broadcast | Told to end | Server restarted | Executor restarted |\n\
         |--|--|--|--|--|--|--|--|--|\n{}\n\
         | Library | Version | Java or Groovy source | Shell source | Python source | Node source | Edited source |\n\
         |--|--|--|--|--|--|--|\n{}",
        lines(what_runs),
        lines(what_ends),
        lines(what_is_carried)
    )
}

/// `words`, if the test of this name passed.
fn found(names: &TestNames, suite: &str, client: &Client, test: &str, words: &'static str) -> &'static str {
    let holds = names.contains(&format!("{suite} › {} › {test}", client.name));
    if holds { words } else { "**broken**" }
}

fn what_runs(client: &Client, names: &TestNames) -> String {
    let says = |handler: &str, words: &'static str| found(names, "interop", client, handler, words);
    let habits = client.habits;
    let result = if habits.returns_text { "its text" } else { "no text" };
    let parameter = if habits.takes_json { "as JSON" } else { "as it is" };
    let log = if habits.serves_log { "lines" } else { "none served" };
    let limit = match habits.over_limit {
        "timed_out" => "timed out",
        "failed" => "failed, by its own word",
        _ => "succeeded, by its own word",
    };
    line(
        client,
        &[
            says("slow", "yes"),
            says("echo", result),
            says("fail", "with its text"),
            says("echo", parameter),
            // It is read on the page of a run, while it goes on.
            found(names, "lifecycle.spec.ts", client, "log followed", log),
            says("long", limit),
        ],
    )
}

fn what_ends(client: &Client, names: &TestNames) -> String {
    let says = |act: &str, words: &'static str| found(names, "lifecycle.spec.ts", client, act, words);
    let habits = client.habits;
    let covered = match (habits.covered, habits.covering) {
        ("Succeeded", "Failed") => "the later one is refused",
        ("Succeeded", _) => "both run",
        ("Lost", _) => "the end of the earlier one is told as the later one's",
        _ => "the earlier one ends",
    };
    line(
        client,
        &[
            says("kill", if habits.stops_on_kill { "stops" } else { "goes on there" }),
            says("serial", if habits.queues { "waits" } else { "is refused" }),
            says("cover early", covered),
            says("broadcast", "yes"),
            says("signs off", if habits.signs_off { "signs off" } else { "gone after 90 s" }),
            says("server killed and back", "its runs go on"),
            says(
                "executor killed and back",
                if habits.is_missed { "its runs are lost" } else { "its runs end at their limit" },
            ),
        ],
    )
}

/// Of clients that run no source nothing is asked.
fn what_is_carried(client: &Client, names: &TestNames) -> String {
    let says = |runs: bool, check: &str, words: &'static str| match runs {
        true => found(names, "interop", client, check, words),
        false => "–",
    };
    let Habits { runs_groovy, runs_scripts, .. } = client.habits;
    let groovy_edited = says(runs_groovy, "groovy edited", "runs next");
    let edited = match says(runs_scripts, "shell edited", "runs next") {
        "runs next" if runs_groovy => groovy_edited,
        shell_edited => shell_edited,
    };
    line(
        client,
        &[
            says(runs_groovy, "groovy", "yes"),
            says(runs_scripts, "shell", "yes"),
            says(runs_scripts, "python", "yes"),
            says(runs_scripts, "node", "yes"),
            edited,
        ],
    )
}

fn line(client: &Client, cells: &[&str]) -> String {
    format!("| {} | {} | {} |\n", client.library, client.version, cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without this a document that is behind would be found by the slowest of all tests only.
    #[test]
    fn the_document_is_as_the_tests_write_it_when_all_pass() {
        let handlers = ["slow", "echo", "fail", "long"];
        let sources = ["groovy", "shell", "python", "node", "groovy edited", "shell edited"];
        let acts = [
            "log followed",
            "kill",
            "serial",
            "cover early",
            "broadcast",
            "signs off",
            "server killed and back",
            "executor killed and back",
        ];
        let mut names = TestNames::default();
        for client in CLIENTS {
            for handler in handlers.into_iter().chain(sources) {
                names.add(format!("interop › {} › {handler}", client.name));
            }
            for act in acts {
                names.add(format!("lifecycle.spec.ts › {} › {act}", client.name));
            }
        }
        let text = fs::read_to_string(paths::repository().join("docs/compatibility.md")).unwrap();
        assert!(!text.contains("**broken**"));
        assert_eq!(with_table(&text, &names).unwrap(), text);
    }
}
