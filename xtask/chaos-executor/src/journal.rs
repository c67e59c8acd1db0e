//! What really happened here, line by line, each on disk before whatever comes next.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::sync::oneshot;

/// Lines written together.
const BATCH: usize = 1_000;

/// What a line is about.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Start,
    End,
    /// A server has answered that it has the result.
    Reported,
}

/// The run that a line is about.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub event: Event,
    pub run: i64,
    pub job: i32,
    /// As the server sent it, ms since 1970.
    pub due: i64,
    /// The result's; 0 at the start.
    pub code: i32,
    /// Which has the result; empty as long as none has.
    pub server: &'a str,
}

type Entry = (Vec<u8>, oneshot::Sender<()>);

/// Appends; groups what comes at the same time.
pub struct Journal {
    lines: Sender<Entry>,
    began: Instant,
}

impl Journal {
    /// One that goes on where an earlier life stopped.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path).context("the journal")?;
        let (lines, entries) = mpsc::channel();
        std::thread::spawn(move || write_all(file, &entries));
        Ok(Self { lines, began: Instant::now() })
    }

    /// Ends when the line is on disk.
    pub async fn write(&self, line: Line<'_>) -> Result<()> {
        let name = match line.event {
            Event::Start => "start",
            Event::End => "end",
            Event::Reported => "reported",
        };
        let Line { run, job, due, code, server, .. } = line;
        let (life, nanos) = (std::process::id(), self.began.elapsed().as_nanos());
        let text = json!({
            "event": name, "run": run, "job": job, "due": due, "code": code, "server": server,
            "at": now(), "life": life, "monotonic_ns": nanos as u64,
        });
        let (sender, written) = oneshot::channel();
        self.lines.send((format!("{text}\n").into_bytes(), sender)).context("the journal has ended")?;
        written.await.context("the journal cannot be written")
    }
}

fn write_all(mut file: File, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let mut batch = vec![first];
        batch.extend(entries.try_iter().take(BATCH - 1));
        let bytes: Vec<u8> = batch.iter().flat_map(|(text, _)| text.iter().copied()).collect();
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            eprintln!("the journal cannot be written: {error}");
            return;
        }
        for (_, written) in batch {
            // Whoever waits may have been cut off.
            let _ = written.send(());
        }
    }
}

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "tells when something really happened; nothing is decided by it"
)]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
