//! Executors of any manners, as far as their logs go.

use async_trait::async_trait;
use bytes::Bytes;
use entity::log::Trouble;
use entity::run::Model as Run;
use futures::StreamExt;
use scheduler::engine::dispatcher::LogBody;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What an executor answers when it is asked for a log.
#[derive(Clone)]
pub enum Manners {
    /// `line 1`, `line 2` … so many, so many in one answer.
    Long {
        lines: i32,
        page: i32,
    },
    Lines(Vec<String>),
    /// The same whatever is asked for.
    Serves(String),
    /// One answer of lines of so many bytes that does not end.
    Endless {
        line: usize,
    },
    Silent,
    Gone,
}

/// A log of these lines.
pub fn log(lines: &[&str]) -> Manners {
    Manners::Lines(lines.iter().map(|line| (*line).to_owned()).collect())
}

#[derive(Default)]
pub struct Origin {
    logs: Mutex<HashMap<i64, Manners>>,
    asked: AtomicUsize,
    sent: Arc<AtomicU64>,
    /// Whether it lets those who ask wait, and how many do.
    held: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

/// One who waits, until dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Origin {
    pub fn set(&self, run_id: i64, manners: Manners) {
        self.logs.lock().unwrap().insert(run_id, manners);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on those who ask wait, or do not.
    pub fn hold(&self, hold: bool) {
        self.held.send_replace(hold);
    }

    /// Resolves when so many wait for an answer.
    pub async fn until_waiting(&self, count: usize) {
        self.waiting.subscribe().wait_for(|waiting| *waiting == count).await.unwrap();
    }

    /// Bytes that were taken from it.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

fn answer(from: i32, lines: &[String]) -> String {
    let to = from + i32::try_from(lines.len()).unwrap() - 1;
    let content: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let chunk =
        serde_json::json!({ "fromLineNum": from, "toLineNum": to, "logContent": content, "isEnd": false });
    serde_json::json!({ "code": 200, "content": chunk }).to_string()
}

fn endless(line: usize) -> impl Iterator<Item = Bytes> {
    let head = Bytes::from_static(br#"{"code":200,"content":{"toLineNum":2000000000,"logContent":""#);
    let piece = Bytes::from("x".repeat(line.min(60_000)));
    let pieces = line.div_ceil(60_000);
    let whole = std::iter::repeat_n(piece, pieces).chain([Bytes::from_static(b"\\n")]);
    std::iter::once(head).chain(whole.cycle())
}

#[async_trait]
impl scheduler::logs::Origin for Origin {
    async fn open(&self, run: &Run, from: i32) -> Result<LogBody, Trouble> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.held.borrow() {
            let _waiting = Waiting::new(&self.waiting);
            self.held.subscribe().wait_for(|held| !held).await.unwrap();
        }
        let manners = self.logs.lock().unwrap().get(&run.id).cloned().unwrap_or(Manners::Gone);
        let whole = |text: String| Box::new(std::iter::once(Bytes::from(text)));
        let pieces: Box<dyn Iterator<Item = Bytes> + Send> = match manners {
            Manners::Long { lines, page } => {
                let lines: Vec<String> =
                    (from..=lines.min(from.saturating_add(page - 1))).map(|n| format!("line {n}")).collect();
                whole(answer(from, &lines))
            }
            Manners::Lines(lines) => whole(answer(from, lines.get(from as usize - 1..).unwrap_or_default())),
            Manners::Serves(text) => whole(text),
            Manners::Endless { line } => Box::new(endless(line)),
            Manners::Silent => return Err(Trouble::Silent { text: "time-out".to_owned() }),
            Manners::Gone => return Err(Trouble::Gone),
        };
        let sent = self.sent.clone();
        let pieces = pieces.inspect(move |piece| {
            sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
        });
        Ok(futures::stream::iter(pieces.map(Ok)).boxed())
    }

    fn has_duties(&self) -> bool {
        true
    }
}
