//! docs/features.md says what works and names the test that shows it: this checks that the test ran.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::report::Counts;
use crate::test::TestNames;

/// Counts each row of the table as one check.
pub fn check(file: &Path, names: &TestNames) -> Result<Counts> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let rows: Vec<Row<'_>> = text.lines().filter_map(Row::parse).collect();
    ensure!(!rows.is_empty(), "{} holds no row `| number | what | test |`", file.display());
    let mut counts = Counts::default();
    for row in &rows {
        let missing: Vec<&str> = row.tests.iter().copied().filter(|test| !names.contains(test)).collect();
        if missing.is_empty() && !row.tests.is_empty() {
            counts.passed += 1;
        } else {
            eprintln!("row {}: {}", row.number, explain(&missing));
            counts.failed += 1;
        }
    }
    Ok(counts)
}

fn explain(missing: &[&str]) -> String {
    match missing {
        [] => "names no test between backquotes".to_owned(),
        _ => format!("no test of this name ran and passed: {}", missing.join(", ")),
    }
}

/// `| 12 | what | `test`, `another` |`
struct Row<'a> {
    number: u32,
    tests: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// Nothing for lines that are no row: text, the head, the rule below it.
    fn parse(line: &'a str) -> Option<Self> {
        let mut cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
        let number = cells.next()?.parse().ok()?;
        let last = cells.next_back()?;
        Some(Self { number, tests: last.split('`').skip(1).step_by(2).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::ScratchFolder;

    #[test]
    fn a_row_counts_only_when_all_its_tests_ran() {
        let scratch = ScratchFolder::create("features").unwrap();
        let file = scratch.path().join("features.md");
        let rows = "| # | What | Test |\n|--|--|--|\n| 1 | Log in | `signs_in`, `refuses` |\n| 2 | Log out | `gone` |\n| 3 | Nothing | |\n";
        fs::write(&file, rows).unwrap();
        let mut names = TestNames::default();
        names.add("server::signs_in");
        names.add("server::refuses");
        assert_eq!(check(&file, &names).unwrap(), Counts { passed: 1, failed: 2, skipped: 0 });
    }
}
