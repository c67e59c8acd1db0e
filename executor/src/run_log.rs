//! The logs of runs: one file each, `<folder>/yyyy-MM-dd/<run>.log`, where the day is the trigger's in the
//! zone of this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use protocol::{LogChunk, LogRequest};

use crate::clock;
use crate::line_marks::{LineMarks, LineReader, Mark};

/// How much one run may write.
const RUN_LIMIT: u64 = 10 * 1024 * 1024;
/// How much one answer carries, apart from its last line.
const CHUNK_LIMIT: usize = 1024 * 1024;
/// A longer line is broken, so that no answer grows beyond measure.
pub(crate) const LINE_LIMIT: usize = 64 * 1024;
/// What is read of a line: more than what is written of one with the time before it.
const READ_LIMIT: u64 = LINE_LIMIT as u64 + 1024;
/// XXL-JOB's text for a run without a log; servers recognise it.
const TEXT_NO_FILE: &str = "readLog fail, logFile not exists";

/// The folder of all logs.
#[derive(Debug, Clone)]
pub(crate) struct LogStore {
    folder: PathBuf,
    marks: Arc<LineMarks>,
}

impl LogStore {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, marks: Arc::default() }
    }

    fn path(&self, run_id: i64, triggered_at: i64) -> PathBuf {
        let day = clock::local(triggered_at).format("%Y-%m-%d").to_string();
        self.folder.join(day).join(format!("{run_id}.log"))
    }

    /// Opens the log of a run for writing, after what it may already contain.
    pub fn open(&self, run_id: i64, triggered_at: i64) -> io::Result<RunLog> {
        let path = self.path(run_id, triggered_at);
        if let Some(day) = path.parent() {
            fs::create_dir_all(day)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(RunLog::new(Some(file), written))
    }

    /// The lines of a run from the one asked for, up to about 1 MiB of them. `live` says whether the run may
    /// still write; ask before reading, or lines written in between would be taken for the last.
    pub fn read(&self, request: &LogRequest, live: bool) -> io::Result<LogChunk> {
        let path = self.path(request.run_id, request.triggered_at);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(without_file(request, live)),
            Err(error) => return Err(error),
        };
        let known = self.marks.before(&path, request.from_line, file.metadata()?.len());
        let (chunk, passed) = read_lines(file, known, request.from_line, live)?;
        self.marks.note(path, &passed);
        Ok(chunk)
    }

    /// Removes the folders of days more than `days` before the day of `now_ms`. Returns how many.
    pub fn prune(&self, days: u32, now_ms: i64) -> io::Result<usize> {
        let Some(oldest) = clock::local(now_ms).date_naive().checked_sub_days(chrono::Days::new(days.into()))
        else {
            return Ok(0);
        };
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if day_of(&path).is_some_and(|day| day < oldest) {
                fs::remove_dir_all(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn day_of(folder: &Path) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(folder.file_name()?.to_str()?, "%Y-%m-%d").ok()
}

fn without_file(request: &LogRequest, live: bool) -> LogChunk {
    let content = if live { "" } else { TEXT_NO_FILE };
    LogChunk { from_line: request.from_line, to_line: 0, content: content.to_owned(), is_end: !live }
}

/// The lines from `from_line`, read from a known place before it, and the places that the reading came by.
fn read_lines(
    mut source: impl Read + Seek,
    known: Mark,
    from_line: i32,
    live: bool,
) -> io::Result<(LogChunk, Vec<Mark>)> {
    source.seek(SeekFrom::Start(known.offset))?;
    let mut reader = LineReader::new(BufReader::new(source), known, READ_LIMIT);
    let mut content = String::new();
    let mut number = known.line - 1;
    let mut line = Vec::new();
    let complete = loop {
        if !reader.read(&mut line)? {
            break true;
        }
        let ended = line.ends_with(b"\n");
        if !ended && live {
            // It is still being written.
            break true;
        }
        number += 1;
        if number < from_line {
            continue;
        }
        content.push_str(&String::from_utf8_lossy(&line));
        if !ended {
            content.push('\n');
        }
        if content.len() >= CHUNK_LIMIT {
            break reader.is_at_end()?;
        }
    };
    let to_line = number.max(from_line - 1);
    Ok((LogChunk { from_line, to_line, content, is_end: complete && !live }, reader.passed))
}

/// The log of one run, for writing. Cheap to clone. It never fails: a log that cannot be written must not
/// take the run down.
#[derive(Debug, Clone)]
pub(crate) struct RunLog(Arc<Mutex<Writer>>);

#[derive(Debug)]
struct Writer {
    file: Option<File>,
    written: u64,
    full: bool,
    /// What did not fit and was not told of yet.
    left_out: LeftOut,
}

#[derive(Debug, Default)]
struct LeftOut {
    lines: usize,
    bytes: usize,
}

impl RunLog {
    fn new(file: Option<File>, written: u64) -> Self {
        Self(Arc::new(Mutex::new(Writer { file, written, full: false, left_out: LeftOut::default() })))
    }

    /// A log that goes nowhere, for when none can be opened.
    pub fn nowhere() -> Self {
        Self::new(None, 0)
    }

    /// Writes a text with the time in front of each line.
    pub fn line(&self, text: &str) {
        self.write(&stamped(text), false);
    }

    /// Writes a text as it is.
    pub fn raw(&self, text: &str) {
        self.write(&lines(text, ""), false);
    }

    /// Writes a remark of the executor itself, also into a log that is full.
    pub fn remark(&self, text: &str) {
        self.write(&stamped(text), true);
    }

    fn write(&self, text: &str, always: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text, always);
    }
}

impl Writer {
    fn write(&mut self, text: &str, always: bool) {
        if always {
            self.tell_left_out();
            return self.append(text);
        }
        if !self.full && self.written + text.len() as u64 <= RUN_LIMIT {
            return self.append(text);
        }
        if !self.full {
            self.full = true;
            self.append("[the log is full: what follows is left out]\n");
        }
        self.left_out.lines += text.lines().count();
        self.left_out.bytes += text.len();
    }

    /// Before a remark, the last of which is the run's end.
    fn tell_left_out(&mut self) {
        let LeftOut { lines, bytes } = std::mem::take(&mut self.left_out);
        if lines > 0 {
            let limit = RUN_LIMIT;
            self.append(&format!(
                "[left out: {lines} lines, {bytes} bytes; a run's log holds {limit} bytes]\n"
            ));
        }
    }

    fn append(&mut self, text: &str) {
        self.written += text.len() as u64;
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            tracing::error!(%error, "cannot write a run's log, the rest of it is lost");
            self.file = None;
        }
    }
}

fn stamped(text: &str) -> String {
    lines(text, &clock::local(clock::now_ms()).format("%Y-%m-%d %H:%M:%S%.3f ").to_string())
}

/// The text as whole lines with `prefix` before each; lines that are too long are broken.
fn lines(text: &str, prefix: &str) -> String {
    let mut out = String::with_capacity(text.len() + prefix.len() + 1);
    let mut push = |line: &str| {
        out.push_str(prefix);
        out.push_str(line);
        out.push('\n');
    };
    if text.is_empty() {
        push("");
    }
    for mut line in text.lines() {
        while line.len() > LINE_LIMIT {
            let (head, tail) = line.split_at(line.floor_char_boundary(LINE_LIMIT));
            push(head);
            line = tail;
        }
        push(line);
    }
    out
}

#[cfg(test)]
#[path = "run_log_tests.rs"]
mod tests;
