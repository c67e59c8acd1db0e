//! Where lines begin in the logs that are being read. Whoever follows a log asks for its newest lines again and
//! again, and must not have it read from its beginning each time.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Bytes between two marks at least, as long as a log has not too many of them.
pub(crate) const STEP: u64 = 64 * 1024;
/// Marks kept of one log: all of one that is not longer than the executor lets it become. Of a longer one every
/// second is dropped.
const MARKS: usize = 256;
/// Logs whose marks are kept: those read last.
const LOGS: usize = 64;

/// A line, counted from 1, and the byte at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub line: i32,
    pub offset: u64,
}

impl Mark {
    pub const BEGINNING: Self = Self { line: 1, offset: 0 };
}

/// The marks of the logs that were read last: at most `LOGS` × `MARKS` of them, 256 KiB. A log only grows, so that
/// they stay true.
#[derive(Debug, Default)]
pub(crate) struct LineMarks(Mutex<Vec<LogMarks>>);

#[derive(Debug)]
struct LogMarks {
    path: PathBuf,
    /// Ascending, the first one at least `step` behind the beginning.
    marks: Vec<Mark>,
    step: u64,
}

impl LineMarks {
    /// The nearest known place at or before a line, in a log that is `length` bytes long.
    pub fn before(&self, path: &Path, line: i32, length: u64) -> Mark {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = logs.iter().position(|log| log.path == path) else { return Mark::BEGINNING };
        let log = logs.remove(index);
        if log.marks.last().is_some_and(|mark| mark.offset > length) {
            // Somebody cut it.
            return Mark::BEGINNING;
        }
        let known = log.marks.partition_point(|mark| mark.line <= line);
        let nearest = known.checked_sub(1).map_or(Mark::BEGINNING, |index| log.marks[index]);
        logs.push(log);
        nearest
    }

    /// Remembers places that a reading came by, in their order.
    pub fn note(&self, path: PathBuf, passed: &[Mark]) {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = logs.iter().position(|log| log.path == path);
        let mut log = known
            .map_or_else(|| LogMarks { path, marks: Vec::new(), step: STEP }, |index| logs.remove(index));
        passed.iter().for_each(|mark| log.note(*mark));
        if logs.len() == LOGS {
            logs.remove(0);
        }
        logs.push(log);
    }
}

impl LogMarks {
    fn note(&mut self, mark: Mark) {
        if mark.offset < self.marks.last().map_or(0, |last| last.offset) + self.step {
            return;
        }
        if self.marks.len() == MARKS {
            let mut number = 0;
            self.marks.retain(|_| {
                number += 1;
                number % 2 == 0
            });
            self.step *= 2;
        }
        self.marks.push(mark);
    }
}

/// Reads lines and knows where it is.
pub(crate) struct LineReader<R> {
    source: R,
    /// The line that comes next.
    pub next: Mark,
    /// Places it came by.
    pub passed: Vec<Mark>,
    limit: u64,
}

impl<R: BufRead> LineReader<R> {
    /// Reads from a source that stands at `next`; of a line no more than `limit` bytes are handed on.
    pub fn new(source: R, next: Mark, limit: u64) -> Self {
        Self { source, next, passed: Vec::new(), limit }
    }

    /// Reads a line with its end; false at the end of the source. Of one that is too long the beginning is taken:
    /// a script may have written into the file by itself.
    pub fn read(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let mut length = self.take(line)?;
        if length as u64 == self.limit && !line.ends_with(b"\n") {
            length += self.skip(line)?;
        }
        if line.ends_with(b"\n") {
            self.advance(length as u64);
        }
        Ok(length > 0)
    }

    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.source.fill_buf()?.is_empty())
    }

    fn take(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        io::Read::take(&mut self.source, self.limit).read_until(b'\n', line)
    }

    /// Goes to the end of a line that is too long.
    fn skip(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        let mut length = 0;
        let mut beyond = Vec::new();
        loop {
            beyond.clear();
            length += self.take(&mut beyond)?;
            if beyond.ends_with(b"\n") {
                line.push(b'\n');
            }
            if beyond.is_empty() || beyond.ends_with(b"\n") {
                return Ok(length);
            }
        }
    }

    /// A line without an end may still grow, so the next one begins only behind an end.
    fn advance(&mut self, length: u64) {
        self.next = Mark { line: self.next.line.saturating_add(1), offset: self.next.offset + length };
        if self.next.offset >= self.passed.last().map_or(0, |last| last.offset) + STEP {
            self.passed.push(self.next);
        }
    }
}

#[cfg(test)]
#[path = "line_marks_tests.rs"]
mod tests;
