//! What is measured of processes and files, and tables of it.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessUse {
    /// Processor time in user and system mode.
    pub cpu: Duration,
    pub resident_kib: u64,
    /// Bytes that it had written to disk.
    pub written: u64,
}

impl ProcessUse {
    /// Reads `/proc`, hence Linux only.
    pub fn of(id: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))
            .context("the benchmark reads /proc and needs Linux")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let io = fs::read_to_string(format!("/proc/{id}/io"))?;
        Ok(Self {
            cpu: cpu(&stat),
            resident_kib: number_after(&status, "VmRSS:"),
            written: number_after(&io, "write_bytes:"),
        })
    }
}

/// Processor time of a process and of its children, of which some may have ended: PostgreSQL has a process for each
/// connection. Linux only.
pub fn family_cpu(id: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for entry in fs::read_dir("/proc").context("the benchmark reads /proc and needs Linux")? {
        // Others may end meanwhile.
        let Ok(stat) = fs::read_to_string(entry?.path().join("stat")) else { continue };
        if stat.starts_with(&format!("{id} ")) {
            sum += cpu(&stat) + ticks(&stat, &OF_ENDED_CHILDREN);
        } else if number(&stat, PARENT) == u64::from(id) {
            sum += cpu(&stat);
        }
    }
    Ok(sum)
}

/// Fields of `/proc/<id>/stat`, counted from behind the name.
const PARENT: usize = 1;
const OWN: [usize; 2] = [11, 12];
const OF_ENDED_CHILDREN: [usize; 2] = [13, 14];

fn cpu(stat: &str) -> Duration {
    ticks(stat, &OWN)
}

fn ticks(stat: &str, fields: &[usize]) -> Duration {
    let ticks: u64 = fields.iter().map(|field| number(stat, *field)).sum();
    // Linux counts in hundredths of a second on every architecture it tells programs about.
    Duration::from_millis(ticks * 10)
}

fn number(stat: &str, field: usize) -> u64 {
    // The second field is the program's name, which may hold blanks: count from its closing parenthesis.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().nth(field).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The number in the line that begins so; 0 without one.
fn number_after(text: &str, name: &str) -> u64 {
    let found =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    found.unwrap_or(0)
}

/// Bytes of what lies in this folder, and below it, under a name that begins so.
pub fn bytes_of(folder: &Path, name: &str) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(name) {
            continue;
        }
        let about = entry.metadata()?;
        sum += if about.is_dir() { bytes_of(&entry.path(), "")? } else { about.len() };
    }
    Ok(sum)
}

/// What the executor saw: its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub received: u64,
    pub twice: u64,
    pub recorded: u64,
    pub p50_us: u64,
    pub p99_us: u64,
    pub max_us: u64,
}

impl Seen {
    pub fn read(line: &Value) -> Self {
        let number = |key: &str| line[key].as_u64().unwrap_or(0);
        Self {
            received: number("received"),
            twice: number("twice"),
            recorded: number("recorded"),
            p50_us: number("p50_us"),
            p99_us: number("p99_us"),
            max_us: number("max_us"),
        }
    }
}

/// A table in Markdown.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|text| (*text).to_owned()).collect()] }
    }

    pub fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// To standard output, the columns one below the other.
    pub fn print(&self) {
        println!("\n{self}");
    }
}

impl Display for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column| self.rows.iter().map(|row| cell(row, column).chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> =
                widths.iter().enumerate().map(|(at, width)| format!("{:<width$}", cell(row, at))).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                writeln!(out, "| {} |", rule.join(" | "))?;
            }
        }
        Ok(())
    }
}

/// Microseconds as milliseconds with as many digits as say something.
pub fn ms(us: u64) -> String {
    match us {
        0..10_000 => format!("{:.1} ms", us as f64 / 1_000.0),
        _ => format!("{:.0} ms", us as f64 / 1_000.0),
    }
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One for each of so many.
pub fn each(whole: f64, count: u64) -> f64 {
    whole / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_found_behind_whatever_name_it_has() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 5 0 0 0 150 50 0 0 20 0 4 0 100 1 1 1";
        assert_eq!(cpu(stat), Duration::from_secs(2));
        assert_eq!(number(stat, PARENT), 1);
        let parent = stat.replace(" 150 50 0 0 ", " 150 50 70 30 ");
        assert_eq!(ticks(&parent, &OF_ENDED_CHILDREN), Duration::from_secs(1));
        assert_eq!(number_after("VmPeak:\t 9 kB\nVmRSS:\t   5120 kB\n", "VmRSS:"), 5120);
    }

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(&["Jobs", "p99"]);
        table.add(vec![grouped(10_000), ms(187_300)]);
        table.add(vec![grouped(999), ms(1_840)]);
        let expected = "| Jobs   | p99    |\n| ------ | ------ |\n| 10,000 | 187 ms |\n| 999    | 1.8 ms |\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn what_the_executor_saw_is_read_by_name() {
        let line = serde_json::json!({"event": "end", "received": 3, "p99_us": 9});
        assert_eq!(Seen::read(&line), Seen { received: 3, p99_us: 9, ..Seen::default() });
    }
}
