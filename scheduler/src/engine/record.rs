//! Recording: what is learnt goes to the database in groups. Whoever reports a result is answered
//! after the commit.

use super::shared::Shared;
use super::step::{Applied, Step, What};
use crate::by_id::ById;
use crate::store::engine::Learnt;
use crate::{Error, Result};
use entity::Millis;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Steps in one transaction.
const BATCH: usize = 1_000;
/// How long the first step of a group waits for others.
const GATHER: Duration = Duration::from_millis(5);
/// How soon the database is tried again.
const AGAIN: Duration = Duration::from_millis(250);

/// Where the loops and the API put what they learn. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Facts(mpsc::UnboundedSender<Entry>);

/// The other end, for the one loop that records.
#[derive(Debug)]
pub struct Inbox(mpsc::UnboundedReceiver<Entry>);

/// A step, and who wants to know what became of it.
#[derive(Debug)]
struct Entry {
    step: Step,
    answer: Option<oneshot::Sender<Applied>>,
}

/// What a group came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordReport {
    pub recorded: usize,
    /// Accepted runs that still wait for their result.
    pub patient: usize,
}

/// A queue of facts. Its length is bounded by who fills it: requests by their permits, callbacks by
/// the connections that wait for their answers.
pub fn queue() -> (Facts, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Facts(sender), Inbox(receiver))
}

impl Facts {
    /// Notes a step that nobody waits for.
    pub fn note(&self, step: Step) {
        // Without a recorder the engine has ended, and the next one asks.
        drop(self.0.send(Entry { step, answer: None }));
    }

    /// Notes steps and waits until they are on disk.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the engine ends before they are.
    pub async fn record(&self, steps: Vec<Step>) -> Result<Vec<Applied>> {
        let ended = || Error::Unavailable("the engine is shutting down".to_owned());
        let mut answers = Vec::with_capacity(steps.len());
        for step in steps {
            let (sender, receiver) = oneshot::channel();
            self.0.send(Entry { step, answer: Some(sender) }).map_err(|_| ended())?;
            answers.push(receiver);
        }
        let mut applied = Vec::with_capacity(answers.len());
        for answer in answers {
            applied.push(answer.await.map_err(|_| ended())?);
        }
        Ok(applied)
    }
}

/// The recording loop's state.
pub struct Recorder {
    shared: Arc<Shared>,
    inbox: Inbox,
    /// Accepted runs by id: their result may be written along.
    patient: ById<i64, Entry>,
    /// When they came, the oldest first; also of those that are no longer patient.
    arrivals: VecDeque<(Millis, i64)>,
    /// Taken from the inbox, and not on disk yet.
    batch: Vec<Entry>,
}

impl Recorder {
    pub fn new(shared: Arc<Shared>, inbox: Inbox) -> Self {
        Self { shared, inbox, patient: ById::default(), arrivals: VecDeque::new(), batch: Vec::new() }
    }

    /// Records what has arrived. After an error the same is tried again by the next tick.
    pub async fn tick(&mut self) -> Result<RecordReport> {
        self.gather();
        self.flush().await
    }

    /// Records what has arrived and what still waits for a result.
    pub async fn tick_all(&mut self) -> Result<RecordReport> {
        self.gather();
        self.arrivals.clear();
        self.batch.extend(self.patient.drain().map(|(_, entry)| entry));
        self.flush().await
    }

    fn gather(&mut self) {
        let now = self.shared.now();
        while self.batch.len() < BATCH
            && let Ok(entry) = self.inbox.0.try_recv()
        {
            self.sort_in(entry, now);
        }
        let before = now - self.shared.settings.coalesce_ms;
        // Where the clock went back, what came before lies ahead: it does not hold up what came since.
        let is_over = |(since, _): &mut (Millis, i64)| *since <= before || *since > now;
        while let Some((_, run_id)) = self.arrivals.pop_front_if(is_over) {
            self.batch.extend(self.patient.remove(&run_id));
        }
    }

    /// Lets an acceptance wait; anything else goes at once, after the acceptance of its run.
    fn sort_in(&mut self, entry: Entry, now: Millis) {
        if matches!(entry.step.what, What::Accepted { .. }) && entry.answer.is_none() {
            self.arrivals.push_back((now, entry.step.run_id));
            self.patient.insert(entry.step.run_id, entry);
            return;
        }
        if let Some(accepted) = self.patient.remove(&entry.step.run_id) {
            self.batch.push(accepted);
        }
        self.batch.push(entry);
    }

    async fn flush(&mut self) -> Result<RecordReport> {
        // Facts first, whoever owns the bucket; a decision is dropped with the right to make it.
        let (decisions, facts): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut self.batch).into_iter().partition(|entry| entry.step.what.is_decision());
        let mut recorded = facts.len();
        if let Err((error, entries)) = self.write_facts(facts).await {
            self.batch = entries;
            self.batch.extend(decisions);
            return Err(error);
        }
        match self.write_decisions(decisions).await {
            Ok(written) => recorded += written,
            Err((error, entries)) => {
                self.batch = entries;
                return Err(error);
            }
        }
        Ok(RecordReport { recorded, patient: self.patient.len() })
    }

    async fn write_facts(&self, entries: Vec<Entry>) -> Result<(), (Error, Vec<Entry>)> {
        let steps: Vec<Step> = entries.iter().map(|entry| entry.step.clone()).collect();
        match self.shared.store.learn(&steps).await {
            Ok(Learnt { applied, over }) => {
                self.answer(entries, applied);
                self.shared.signals.outbox().note_over(&over, self.shared.now());
                Ok(())
            }
            Err(error) => Err((error, entries)),
        }
    }

    /// Decisions of the dispatcher (in doubt, handed back) are made with the right held now; about runs of a
    /// bucket that was given away, too: their claims are this server's still. One that is refused is made again when
    /// it is known which buckets are held, and in which epochs.
    async fn write_decisions(&self, entries: Vec<Entry>) -> Result<usize, (Error, Vec<Entry>)> {
        if entries.is_empty() {
            return Ok(0);
        }
        let steps: Vec<Step> = entries.iter().map(|entry| entry.step.clone()).collect();
        loop {
            let holdings = self.shared.holdings();
            let Some(authority) = holdings.authority(holdings.buckets()) else {
                return Ok(0);
            };
            match self.shared.store.apply(Some(&authority), &steps).await {
                Ok(applied) => self.answer(entries, applied),
                // A bucket changed hands meanwhile.
                Err(Error::Conflict(_)) if *self.shared.holdings() != *holdings => continue,
                Err(error) => {
                    if matches!(error, Error::Conflict(_)) {
                        self.shared.note_refused();
                    }
                    return Err((error, entries));
                }
            }
            return Ok(steps.len());
        }
    }

    fn answer(&self, entries: Vec<Entry>, applied: Vec<Applied>) {
        for (entry, applied) in entries.into_iter().zip(applied) {
            if applied.changed_the_row() {
                self.shared.note_changed(entry.step.run_id);
            }
            if applied == Applied::Done {
                self.shared.ended.offer_after(&entry.step);
            }
            if let Some(answer) = entry.answer {
                // Whoever asked may have left meanwhile.
                let _ = answer.send(applied);
            }
        }
    }

    /// Records as things arrive, until it is told to end or everybody who could report is gone. A
    /// group that is being written then is written to its end: dropped amid it, it would be lost.
    pub async fn run(&mut self, end: &CancellationToken) {
        while !end.is_cancelled() {
            if self.batch.is_empty() && end.run_until_cancelled(self.wait()).await != Some(true) {
                return;
            }
            if let Err(error) = self.tick().await {
                if !matches!(error, Error::Conflict(_)) {
                    tracing::error!(%error, "results cannot be recorded; trying again");
                }
                end.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
            }
        }
    }

    /// Waits for something to record; false when nothing will come. Dropped, it loses nothing.
    async fn wait(&mut self) -> bool {
        let patience = u64::try_from(self.shared.settings.coalesce_ms).unwrap_or(0).max(1);
        let timer = tokio::time::sleep(Duration::from_millis(patience / 4 + 1));
        tokio::select! {
            entry = self.inbox.0.recv() => match entry {
                None => return false,
                Some(entry) => {
                    let now = self.shared.now();
                    self.sort_in(entry, now);
                    tokio::time::sleep(GATHER).await;
                }
            },
            () = timer, if !self.patient.is_empty() => {}
        }
        true
    }
}
