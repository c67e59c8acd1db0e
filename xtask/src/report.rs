//! What was done, how long it took, and the one line that counts it.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Numbers of checks by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Counts {
    /// One check that passed.
    pub const ONE: Self = Self { passed: 1, failed: 0, skipped: 0 };
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(out, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

/// One line of the closing table.
struct Step {
    name: String,
    counts: Counts,
    took: Duration,
    remark: Option<String>,
}

/// Collects the steps of one command.
#[derive(Default)]
pub struct Report {
    steps: Vec<Step>,
    left_out: Vec<String>,
}

impl Report {
    /// A report whose steps that begin with one of `names` are counted as skipped instead of done.
    pub fn leaving_out(names: &[String]) -> Self {
        Self { steps: Vec::new(), left_out: names.to_vec() }
    }

    /// Does one step; an error counts as one failure and does not stop the following steps.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) -> bool {
        if self.left_out.iter().any(|left_out| name.starts_with(left_out)) {
            self.skip(name, "left out by --skip");
            return true;
        }
        println!("\n=== {name}");
        let start = Instant::now();
        let (counts, remark) = match work() {
            Ok(counts) => (counts, None),
            Err(error) => {
                eprintln!("FAILED {name}: {error:#}");
                (Counts { failed: 1, ..Counts::default() }, Some(first_line(&format!("{error:#}"))))
            }
        };
        let took = start.elapsed();
        println!("--- {name}: {counts} in {}", seconds(took));
        self.steps.push(Step { name: name.to_owned(), counts, took, remark });
        counts.failed == 0
    }

    /// Records that `name` could not be done here, loudly.
    pub fn skip(&mut self, name: &str, why: &str) {
        println!("\n=== {name}\nSKIPPED {name}: {why}");
        self.steps.push(Step {
            name: name.to_owned(),
            counts: Counts { skipped: 1, ..Counts::default() },
            took: Duration::ZERO,
            remark: Some(first_line(why)),
        });
    }

    /// Prints the table and, as the very last line, the sum; true when nothing failed.
    pub fn finish(self) -> bool {
        let mut sum = Counts::default();
        let took: Duration = self.steps.iter().map(|step| step.took).sum();
        println!("\n{:>9}  step", "time");
        for step in &self.steps {
            sum += step.counts;
            let remark = step.remark.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            println!("{:>9}  {}: {}{remark}", seconds(step.took), step.name, step.counts);
        }
        println!("{:>9}  together", seconds(took));
        println!("{sum}");
        sum.failed == 0
    }
}

/// `75.3 s` or `4 min 12 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..120 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_names_skipped_checks_only_when_there_are_any() {
        let counts = Counts { passed: 3, failed: 0, skipped: 0 };
        assert_eq!(counts.to_string(), "3 passed, 0 failed");
        assert_eq!(Counts { skipped: 2, ..counts }.to_string(), "3 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_step_left_out_is_not_done_but_counted() {
        let mut report = Report::leaving_out(&["clippy".to_owned()]);
        assert!(report.step("clippy for the browser", || anyhow::bail!("must not be done")));
        assert_eq!(report.steps[0].counts, Counts { skipped: 1, ..Counts::default() });
        assert!(report.finish());
    }

    #[test]
    fn an_error_in_a_step_is_one_failure_and_the_next_step_still_runs() {
        let mut report = Report::default();
        assert!(!report.step("breaks", || anyhow::bail!("no")));
        assert!(report.step("works", || Ok(Counts::ONE)));
        assert!(!report.finish());
    }
}
