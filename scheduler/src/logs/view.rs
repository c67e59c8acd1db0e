//! Logs as people read them: a part of one, what is found in it, and all of it as a text.

use super::reader::Budget;
use super::source::Source;
use super::{Ask, Frame, Lines, Logs};
use crate::authority::Caller;
use crate::{Result, runs};
use bytes::Bytes;
use entity::Millis;
use entity::log::Trouble;
use entity::run::RunState;
use futures::Stream;
use std::time::Duration;

/// What a page may cost.
const PAGE: Budget = Budget { bytes: 64 << 20, time: Duration::from_secs(8) };
const DOWNLOAD: Budget = Budget { bytes: 1 << 30, time: Duration::from_secs(600) };
/// Matches on one page, and lines and bytes looked through for them.
const MATCHES: usize = 200;
const LOOKED: usize = 2_000_000;
/// Characters of a line that a match shows.
const EXCERPT: usize = 300;

/// Where a log is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOf {
    /// The run never went out: there is none.
    Nobody,
    Executor,
    /// Kept at this time.
    Kept(Millis),
}

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    pub run: RunState,
    pub of: LogOf,
    /// In order; between two of them lines were left out.
    pub pieces: Vec<Lines>,
    /// The line behind the last one read.
    pub next: i32,
    /// Lines follow behind those shown.
    pub has_later: bool,
    pub has_no_log: bool,
    pub trouble: Option<Trouble>,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// In any case; not empty.
    pub text: String,
    /// From this line on.
    pub from: i32,
}

/// One line that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub line: i32,
    /// The line, or the neighbourhood of what was looked for in it.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub of: LogOf,
    pub matches: Vec<Match>,
    /// Where to look on, unless the end was reached.
    pub next: Option<i32>,
    pub trouble: Option<Trouble>,
}

impl Logs {
    /// A part of a run's log.
    pub async fn view(&self, caller: &Caller, id: i64, ask: Ask) -> Result<LogView> {
        let run = runs::may_view(&self.services, caller, id).await?;
        let mut source = self.source(&run, ask, PAGE).await?;
        let mut frame = Frame::new(ask);
        let mut next = ask.first();
        while let Some(lines) = source.next().await? {
            next = lines.end();
            frame.push(lines);
            if frame.is_full() {
                break;
            }
        }
        let is_full = frame.is_full();
        let pieces = frame.into_pieces();
        let shown_to = pieces.last().map_or(1, Lines::end);
        let trouble = source.trouble();
        let has_later = match &source {
            Source::Kept(kept) => shown_to <= kept.row().last_line,
            // What is too long, or too slow, for one page goes on on another.
            _ => is_full || matches!(trouble, Some(Trouble::TooMuch { .. } | Trouble::TooSlow { .. })),
        };
        let next = if is_full { shown_to } else { next };
        let has_no_log = source.has_no_log();
        Ok(LogView { run: run.state, of: of(&source), pieces, next, has_later, has_no_log, trouble })
    }

    /// The lines of a run's log that hold a text.
    pub async fn search(&self, caller: &Caller, id: i64, search: &Search) -> Result<Found> {
        let run = runs::may_view(&self.services, caller, id).await?;
        let from = search.from.max(1);
        let mut source = self.source(&run, Ask::Around(from), PAGE).await?;
        let wanted = search.text.to_lowercase();
        let (mut matches, mut looked, mut next) = (Vec::new(), 0, None);
        'lines: while let Some(lines) = source.next().await? {
            let numbered = (lines.first..).zip(&lines.lines);
            for (number, line) in numbered.filter(|(number, _)| *number >= from) {
                if matches.len() >= MATCHES || looked >= LOOKED {
                    next = Some(number);
                    break 'lines;
                }
                looked += 1;
                matches.extend(excerpt(line, &wanted).map(|text| Match { line: number, text }));
            }
        }
        Ok(Found { of: of(&source), matches, next, trouble: source.trouble() })
    }

    /// All of a run's log as a text, as it is read. What cannot be had, or is not kept, is said in a line
    /// of its own.
    pub async fn download(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
        let run = runs::may_view(&self.services, caller, id).await?;
        let source = self.source(&run, Ask::Around(1), DOWNLOAD).await?;
        Ok(futures::stream::unfold(Some((source, 1)), |state| async {
            let (mut source, expected) = state?;
            match source.next().await {
                Ok(Some(lines)) => {
                    let end = lines.end();
                    Some((Ok(text_of(&lines, expected)), Some((source, end))))
                }
                Ok(None) => {
                    let why =
                        source.trouble().map(|trouble| format!("[… not to its end: {}]\n", words(&trouble)));
                    Some((Ok(Bytes::from(why.unwrap_or_default())), None))
                }
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

fn of(source: &Source) -> LogOf {
    match source {
        Source::Nowhere => LogOf::Nobody,
        Source::Executor(_) => LogOf::Executor,
        Source::Kept(kept) => LogOf::Kept(kept.row().kept_at),
    }
}

fn text_of(lines: &Lines, expected: i32) -> Bytes {
    let mut text = String::with_capacity(lines.lines.iter().map(|line| line.len() + 1).sum());
    if lines.first > expected {
        text.push_str(&format!("[… lines {expected} to {} are left out]\n", lines.first - 1));
    }
    for line in &lines.lines {
        text.push_str(line);
        text.push('\n');
    }
    text.into()
}

/// For the file; the page has its own, in the reader's language.
fn words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Gone => "the instance of this run is gone".to_owned(),
        Trouble::Silent { text } | Trouble::Refused { text } => text.clone(),
        Trouble::TooMuch { bytes } => format!("the executor sent more than {bytes} bytes"),
        Trouble::TooSlow { seconds } => format!("it took longer than {seconds} s"),
        Trouble::Stuck { line } => format!("the executor does not get beyond line {line}"),
    }
}

/// The line, or of a long one the neighbourhood of what was looked for; none where it is not there.
fn excerpt(line: &str, wanted: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let at = lower.find(wanted)?;
    if line.chars().count() <= EXCERPT {
        return Some(line.to_owned());
    }
    // In characters, for the other case of a letter may take other bytes.
    let before = lower[..at].chars().count().saturating_sub(EXCERPT / 3);
    let start = if before > 0 { "…" } else { "" };
    let middle: String = line.chars().skip(before).take(EXCERPT).collect();
    Some(format!("{start}{middle}…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_any_case_and_shown_within_a_long_line() {
        assert_eq!(excerpt("an ERROR here", "error").as_deref(), Some("an ERROR here"));
        assert_eq!(excerpt("none", "error"), None);
        let long = format!("{}Error{}", "İ".repeat(1_000), "y".repeat(1_000));
        let shown = excerpt(&long, "error").unwrap();
        assert!(shown.chars().count() <= EXCERPT + 2, "{shown}");
        assert!(excerpt(&format!("{}Error", "x".repeat(2_000)), "error").unwrap().contains("Error"));
    }

    #[test]
    fn a_gap_is_said_in_the_file() {
        let lines = Lines { first: 5, lines: vec!["e".to_owned()] };
        assert_eq!(text_of(&lines, 5), "e\n");
        assert_eq!(text_of(&lines, 3), "[… lines 3 to 4 are left out]\ne\n");
    }
}
