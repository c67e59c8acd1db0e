//! `orrery schedule next`: when a schedule fires, computed by the code that fires it.

use super::readable;
use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use entity::Millis;
use entity::job::{BlackoutPolicy, GapPolicy, RepeatPolicy, ScheduleKind};
use scheduler::Error;
use scheduler::clock::{Clock, SystemClock};
use scheduler::rules::preview::{PreviewFire, PreviewNote, preview};
use scheduler::rules::schedule::{Definition, Schedule};
use scheduler::rules::timetable::{self, Timetable};
use std::io::{BufRead, Write};

/// Fires of one answer at most.
const MOST: u64 = 100_000;

#[derive(Subcommand)]
pub enum What {
    /// Prints the next times of a cron expression or of a fixed rate.
    Next(Next),
}

#[derive(Args)]
pub struct Next {
    /// Cron expression with seconds, in Quartz's grammar: '0 30 2 ? * MON-FRI'.
    #[arg(required_unless_present_any = ["batch", "every"])]
    expression: Option<String>,
    /// Instead of an expression: every so many seconds, counted from `--after`.
    #[arg(long, value_name = "SECONDS", conflicts_with = "expression")]
    every: Option<String>,
    /// IANA time zone in which it is read.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Times later than this RFC 3339 instant [default: now].
    #[arg(long, value_name = "INSTANT")]
    after: Option<DateTime<Utc>>,
    /// How many.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    count: u64,
    /// What becomes of a time that the clocks skip.
    #[arg(long, value_enum, default_value_t = Gap::EndOfGap)]
    gap: Gap,
    /// Which of a time that comes twice.
    #[arg(long, value_enum, default_value_t = Overlap::First)]
    overlap: Overlap,
    /// A window without times, such as '22:00-06:00', 'mon-fri 08:00-18:00' or
    /// '2026-12-24 18:00..2026-12-27 06:00'; may be given several times.
    #[arg(long, value_name = "WINDOW")]
    blackout: Vec<String>,
    /// One run at the end of each window instead of those within it.
    #[arg(long, requires = "blackout")]
    delay: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Reads lines of expression, zone and epoch seconds, parted by tabs, from standard input, and writes for
    /// each the times in epoch seconds; `end` when there are no more, `never`, or `invalid`.
    #[arg(long, conflicts_with_all = ["expression", "every", "zone", "after", "json", "blackout"])]
    batch: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Gap {
    EndOfGap,
    Skip,
}

#[derive(Clone, Copy, ValueEnum)]
enum Overlap {
    First,
    Second,
    Both,
}

pub fn run(What::Next(next): &What) -> Result<()> {
    let output = std::io::stdout().lock();
    let done =
        if next.batch { next.answer_lines(std::io::stdin().lock(), output) } else { next.print(output) };
    match done {
        // Whoever reads has seen enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

impl Next {
    fn print(&self, mut output: impl Write) -> Result<()> {
        let after = self.after.map_or_else(|| SystemClock.now(), |after| after.timestamp_millis());
        let schedule = match (&self.every, &self.expression) {
            (Some(seconds), _) => Definition {
                kind: ScheduleKind::FixedRate,
                created_at: after,
                ..self.definition(seconds, &self.zone)
            },
            (None, expression) => self.definition(expression.as_deref().unwrap_or_default(), &self.zone),
        };
        let definition = timetable::Definition {
            schedule,
            calendar: None,
            blackouts: &self.blackout.join("\n"),
            blackout_policy: if self.delay { BlackoutPolicy::Delay } else { BlackoutPolicy::Suppress },
        };
        let timetable =
            Timetable::validate(definition, after).map_err(|faults| readable(Error::Invalid(faults)))?;
        for fire in preview(&timetable, after, self.count as usize) {
            if self.json {
                writeln!(output, "{}", serde_json::to_string(&fire)?)?;
            } else {
                writeln!(output, "{}", line(&fire))?;
            }
        }
        Ok(())
    }

    fn answer_lines(&self, input: impl BufRead, mut output: impl Write) -> Result<()> {
        for (number, line) in input.lines().enumerate() {
            let line = line?;
            if line.starts_with('#') {
                continue;
            }
            let answer = self.answer(&line).with_context(|| format!("line {}", number + 1))?;
            writeln!(output, "{answer}")?;
        }
        Ok(())
    }

    /// The times for `expression⇥zone⇥seconds`; what stands behind them is not looked at.
    fn answer(&self, line: &str) -> Result<String> {
        let mut columns = line.split('\t');
        let (Some(text), Some(zone), Some(after)) = (columns.next(), columns.next(), columns.next()) else {
            bail!("expected expression, zone and epoch seconds, parted by tabs");
        };
        let after: i64 = after.trim().parse().context("the third column is to be epoch seconds")?;
        let after: Millis = after.checked_mul(1_000).context("the third column is out of range")?;
        let Ok(schedule) = Schedule::parse(self.definition(text, zone)) else {
            return Ok("invalid".to_owned());
        };
        let count = self.count as usize;
        let mut times: Vec<String> =
            schedule.fires(after).take(count).map(|fire| (fire.at / 1_000).to_string()).collect();
        match times.len() {
            0 => times.push("never".to_owned()),
            found if found < count => times.push("end".to_owned()),
            _ => {}
        }
        Ok(times.join(" "))
    }

    fn definition<'a>(&self, text: &'a str, zone: &'a str) -> Definition<'a> {
        let gap = match self.gap {
            Gap::EndOfGap => GapPolicy::EndOfGap,
            Gap::Skip => GapPolicy::Skip,
        };
        let repeat = match self.overlap {
            Overlap::First => RepeatPolicy::First,
            Overlap::Second => RepeatPolicy::Second,
            Overlap::Both => RepeatPolicy::Both,
        };
        Definition { gap, repeat, ..Definition::cron(text, zone) }
    }
}

/// `2026-03-08T07:00:00Z  2026-03-08 03:00:00 EDT  stands for the skipped 2026-03-08 02:30:00`
fn line(fire: &PreviewFire) -> String {
    let instant = DateTime::from_timestamp_millis(fire.at).map(|at| at.format("%FT%TZ").to_string());
    let note = match &fire.note {
        Some(PreviewNote::Moved { skipped }) => format!("  stands for the skipped {skipped}"),
        Some(PreviewNote::FirstOfTwo) => "  the first of two".to_owned(),
        Some(PreviewNote::SecondOfTwo) => "  the second of two".to_owned(),
        Some(PreviewNote::Held { count: 1, .. }) => "  held back".to_owned(),
        Some(PreviewNote::Held { last, count, .. }) => format!("  held back, {count} until {last}"),
        Some(PreviewNote::Delayed { since, count }) => format!("  delayed, for {count} since {since}"),
        None if fire.clocks_change => "  the clocks change on this day".to_owned(),
        None => String::new(),
    };
    format!("{}  {}{note}", instant.unwrap_or_default(), fire.local)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    kind == Some(std::io::ErrorKind::BrokenPipe)
}
