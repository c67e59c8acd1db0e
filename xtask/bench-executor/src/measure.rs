//! How late runs came, whether each came once, and whether its result was taken.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::trigger::Trigger;

/// Delays above one minute count as one minute.
const LONGEST_US: u64 = 60_000_000;

/// The due times that count, ms since 1970; `to` is the first that does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: i64,
    pub to: i64,
}

impl Window {
    fn holds(self, due: i64) -> bool {
        (self.from..self.to).contains(&due)
    }
}

/// Counts runs by when they were due, not by when they came: what is late is not missed out.
pub struct Measurement {
    /// Seconds.
    warm_up: u32,
    seconds: u32,
    window: watch::Sender<Option<Window>>,
    counted: Mutex<Counted>,
}

struct Counted {
    /// From due to received, µs.
    delays: Histogram<u64>,
    /// Job and due time of the runs that came.
    seen: HashSet<(i64, i64)>,
    twice: u64,
    recorded: u64,
    refused: u64,
}

impl Measurement {
    /// One that counts what is due so many `seconds` long, from so many seconds after the first run.
    pub fn new(warm_up: u32, seconds: u32) -> Result<Self> {
        let delays = Histogram::new_with_bounds(1, LONGEST_US, 3)?;
        let counted = Counted { delays, seen: HashSet::new(), twice: 0, recorded: 0, refused: 0 };
        Ok(Self { warm_up, seconds, window: watch::Sender::new(None), counted: Mutex::new(counted) })
    }

    /// What is measured: known with the first run.
    pub async fn window(&self) -> Window {
        let mut known = self.window.subscribe();
        match known.wait_for(Option::is_some).await {
            Ok(window) => (*window).unwrap_or(Window { from: 0, to: 0 }),
            // The sender is `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Notes a run that came at `received`, µs since 1970. Clocks that disagree make a delay 0, not
    /// negative.
    pub fn received(&self, run: Trigger, received: i64) {
        if !self.window_from(run.due).holds(run.due) {
            return;
        }
        let mut counted = self.lock();
        if counted.seen.insert((run.job, run.due)) {
            let delay = u64::try_from(received - run.due * 1_000).unwrap_or(0);
            counted.delays.saturating_record(delay);
        } else {
            counted.twice += 1;
        }
    }

    /// Notes what became of the result of a run that was due then.
    pub fn answered(&self, due: i64, is_accepted: bool) {
        if self.window.borrow().is_some_and(|window| window.holds(due)) {
            let mut counted = self.lock();
            *(if is_accepted { &mut counted.recorded } else { &mut counted.refused }) += 1;
        }
    }

    /// Whether so many runs came, and the server took so many results.
    pub fn is_complete(&self, expected: u64) -> bool {
        let counted = self.lock();
        counted.delays.len() >= expected && counted.recorded + counted.refused >= expected
    }

    /// What was counted.
    pub fn figures(&self) -> Value {
        let counted = self.lock();
        json!({
            "event": "end",
            "received": counted.delays.len(),
            "twice": counted.twice,
            "recorded": counted.recorded,
            "refused": counted.refused,
            "p50_us": counted.delays.value_at_quantile(0.5),
            "p99_us": counted.delays.value_at_quantile(0.99),
            "max_us": counted.delays.max(),
        })
    }

    /// The window, which the first run's due time decides.
    fn window_from(&self, due: i64) -> Window {
        if let Some(window) = *self.window.borrow() {
            return window;
        }
        let from = due - due.rem_euclid(1_000) + i64::from(self.warm_up) * 1_000;
        let window = Window { from, to: from + i64::from(self.seconds) * 1_000 };
        self.window.send_replace(Some(window));
        window
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(job: i64, due: i64) -> Trigger {
        Trigger { job, id: due, due }
    }

    #[test]
    fn what_is_due_in_the_window_counts_however_late_it_comes() {
        let measurement = Measurement::new(5, 2).unwrap();
        measurement.received(run(1, 10_400), 10_400_000);
        measurement.received(run(1, 15_000), 15_020_000);
        measurement.received(run(2, 16_999), 99_000_000);
        measurement.received(run(1, 17_000), 17_000_000);
        let figures = measurement.figures();
        assert_eq!((&figures["received"], &figures["twice"]), (&json!(2), &json!(0)));
        assert!(figures["max_us"].as_u64().unwrap() >= 60_000_000);
        assert_eq!(figures["p50_us"].as_u64().unwrap() / 100, 200);
    }

    #[test]
    fn one_time_of_a_job_counts_once_whatever_its_runs_are_called() {
        let measurement = Measurement::new(0, 2).unwrap();
        for id in [7, 8] {
            measurement.received(Trigger { job: 1, id, due: 5_000 }, 5_001_000);
        }
        measurement.answered(5_000, true);
        assert!(!measurement.is_complete(2));
        measurement.answered(5_000, false);
        let figures = measurement.figures();
        assert_eq!([&figures["received"], &figures["twice"]], [&json!(1), &json!(1)]);
        assert_eq!([&figures["recorded"], &figures["refused"]], [&json!(1), &json!(1)]);
        assert!(measurement.is_complete(1));
    }
}
