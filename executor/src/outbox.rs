//! Results on their way to a server: on disk before they are sent, until a server has taken them.
//!
//! The journal is one file of lines, each a result as it is sent. A thread of its own appends to it, so that
//! results that end together share one fsync. Acknowledged results leave memory at once and the file when it
//! is rewritten; what a crash finds there a second time the server ignores, as it must for any repeat.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Callback, CallbackItem};
use tokio::sync::{Notify, mpsc, oneshot};

/// How many results share one append at most.
const GROUP: usize = 1000;
/// After how many acknowledged results the file is rewritten, if it does not become empty before.
const REWRITE_AFTER: usize = 1000;

/// The results that no server has taken yet.
pub(crate) struct Outbox {
    pending: Arc<Mutex<VecDeque<Callback>>>,
    journal: mpsc::UnboundedSender<Order>,
    added: Notify,
}

enum Order {
    Append(Callback, oneshot::Sender<()>),
    Acknowledge(usize),
}

impl Outbox {
    /// Opens the journal in `folder` with what an earlier process left there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("outbox.jsonl");
        let left = match fs::read(&path) {
            Ok(bytes) => parse(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => VecDeque::new(),
            Err(error) => return Err(error),
        };
        if !left.is_empty() {
            tracing::info!(results = left.len(), "results of an earlier process are still to be delivered");
        }
        let pending = Arc::new(Mutex::new(left));
        let mut journal = Journal { file: None, path, pending: pending.clone(), acknowledged: 0 };
        journal.rewrite()?;
        let (sender, orders) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("outbox".to_owned()).spawn(move || journal.serve(orders))?;
        Ok(Self { pending, journal: sender, added: Notify::new() })
    }

    /// Takes a result; completes when it is on disk. If the disk fails the result is still sent from memory.
    pub async fn add(&self, result: Callback) {
        let (done, written) = oneshot::channel();
        if self.journal.send(Order::Append(result.clone(), done)).is_err() || written.await.is_err() {
            tracing::error!(run = result.run_id, "the outbox has ended, the result is lost");
        }
        self.added.notify_one();
    }

    /// Up to `limit` results, oldest first; waits while there are none.
    pub async fn oldest(&self, limit: usize) -> Vec<Callback> {
        loop {
            let batch: Vec<_> = lock(&self.pending).iter().take(limit).cloned().collect();
            if !batch.is_empty() {
                return batch;
            }
            self.added.notified().await;
        }
    }

    /// Forgets the `count` oldest results: a server has taken them.
    pub fn acknowledge(&self, count: usize) {
        {
            let mut pending = lock(&self.pending);
            let count = count.min(pending.len());
            pending.drain(..count);
        }
        // A journal that has ended has nothing left to forget.
        let _ = self.journal.send(Order::Acknowledge(count));
    }

    /// Whether everything has been taken.
    pub fn is_empty(&self) -> bool {
        lock(&self.pending).is_empty()
    }
}

fn lock(pending: &Mutex<VecDeque<Callback>>) -> std::sync::MutexGuard<'_, VecDeque<Callback>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The results in a journal. A last line that a crash cut off, or any other that cannot be read, is skipped.
fn parse(bytes: &[u8]) -> VecDeque<Callback> {
    let mut results = VecDeque::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match protocol::parse_callbacks(line) {
            Ok(parsed) if parsed.rejected.is_empty() => {
                results.extend(parsed.items.into_iter().map(
                    |CallbackItem { run_id, logged_at, outcome }| Callback {
                        run_id,
                        logged_at: logged_at.unwrap_or(0),
                        outcome,
                    },
                ));
            }
            _ => tracing::warn!("a line of the outbox cannot be read and is left out"),
        }
    }
    results
}

fn serialise<'a>(results: impl IntoIterator<Item = &'a Callback>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for result in results {
        serde_json::to_writer(&mut bytes, result)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

struct Journal {
    file: Option<File>,
    path: PathBuf,
    pending: Arc<Mutex<VecDeque<Callback>>>,
    acknowledged: usize,
}

impl Journal {
    fn serve(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(first) = orders.blocking_recv() {
            let mut results = Vec::new();
            let mut written = Vec::new();
            let mut order = Some(first);
            while let Some(current) = order {
                match current {
                    Order::Append(result, done) => {
                        results.push(result);
                        written.push(done);
                    }
                    Order::Acknowledge(count) => self.acknowledged += count,
                }
                order = if results.len() < GROUP { orders.try_recv().ok() } else { None };
            }
            self.store(results);
            for done in written {
                // Whoever waited may have been aborted; the result is safe all the same.
                let _ = done.send(());
            }
        }
    }

    /// Appends results, then shortens the file if that has become worth it.
    fn store(&mut self, results: Vec<Callback>) {
        if let Err(error) = self.append(&results) {
            tracing::error!(%error, path = %self.path.display(), "cannot write the outbox, results are kept in memory only");
        }
        let empty = {
            let mut pending = lock(&self.pending);
            pending.extend(results);
            pending.is_empty()
        };
        let shorten = self.acknowledged >= REWRITE_AFTER || (empty && self.acknowledged > 0);
        if (shorten || self.file.is_none())
            && let Err(error) = self.rewrite()
        {
            tracing::error!(%error, path = %self.path.display(), "cannot shorten the outbox");
        }
    }

    fn append(&mut self, results: &[Callback]) -> io::Result<()> {
        let (false, Some(file)) = (results.is_empty(), &mut self.file) else {
            return Ok(());
        };
        let bytes = serialise(results)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line may be in the file: begin a new one at the next chance.
            self.file = None;
        }
        written
    }

    /// Writes what is pending to a new file and puts it in the place of the old one.
    fn rewrite(&mut self) -> io::Result<()> {
        let bytes = serialise(lock(&self.pending).iter())?;
        let next = self.path.with_extension("next");
        let mut file = File::create(&next)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.acknowledged = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use protocol::CallbackOutcome;

    use super::*;

    fn result(run_id: i64) -> Callback {
        let outcome = CallbackOutcome { code: 200, text: format!("line 1\nline 2 of {run_id}") };
        Callback { run_id, logged_at: 5, outcome }
    }

    #[tokio::test]
    async fn an_unacknowledged_result_survives_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        for run_id in 1..=3 {
            outbox.add(result(run_id)).await;
        }
        outbox.acknowledge(1);
        assert_eq!(outbox.oldest(1).await, [result(2)]);
        drop(outbox);
        let again = Outbox::open(folder.path()).unwrap();
        let left = again.oldest(50).await;
        assert!(left.ends_with(&[result(2), result(3)]), "{left:?}");
    }

    #[tokio::test]
    async fn the_file_is_emptied_when_all_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        outbox.add(result(1)).await;
        let path = folder.path().join("outbox.jsonl");
        assert!(fs::metadata(&path).unwrap().len() > 0);
        outbox.acknowledge(1);
        assert!(outbox.is_empty());
        let deadline = Instant::now() + Duration::from_secs(10);
        while fs::metadata(&path).unwrap().len() > 0 {
            assert!(Instant::now() < deadline, "the file keeps what was acknowledged");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_line_cut_off_by_a_crash_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = serialise([&result(1), &result(2)]).unwrap();
        bytes.truncate(bytes.len() - 9);
        fs::write(folder.path().join("outbox.jsonl"), bytes).unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(outbox.oldest(50).await, [result(1)]);
        outbox.add(result(3)).await;
        drop(outbox);
        let again = Outbox::open(folder.path()).unwrap();
        assert_eq!(again.oldest(50).await, [result(1), result(3)]);
    }

    #[tokio::test]
    async fn whoever_waits_for_results_is_woken_by_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Arc::new(Outbox::open(folder.path()).unwrap());
        let waiting = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.oldest(50).await }
        });
        outbox.add(result(1)).await;
        assert_eq!(waiting.await.unwrap(), [result(1)]);
    }
}
