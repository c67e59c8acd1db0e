//! How late runs came, and whether each came once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Delays above one minute count as one minute.
const LONGEST_MS: u64 = 60_000;

/// Delays between [`Measurement::begin`] and [`Measurement::end`]; run ids from the very beginning.
pub struct Measurement {
    inner: Mutex<Inner>,
    first: Notify,
}

struct Inner {
    seen: HashSet<i64>,
    duplicates: u64,
    /// Present while measuring.
    delays: Option<Histogram<u64>>,
    empty: Histogram<u64>,
}

impl Measurement {
    /// One that has not begun.
    pub fn new() -> Result<Self> {
        let empty = Histogram::new_with_bounds(1, LONGEST_MS, 3)?;
        let inner = Inner { seen: HashSet::new(), duplicates: 0, delays: None, empty };
        Ok(Self { inner: Mutex::new(inner), first: Notify::new() })
    }

    /// Ends with the first run.
    pub async fn first_run(&self) {
        self.first.notified().await;
    }

    /// Notes a run that came `delay_ms` after it was due; clocks that disagree make it 0, not negative.
    pub fn record(&self, id: i64, delay_ms: i64) {
        let mut inner = self.lock();
        if inner.seen.is_empty() {
            self.first.notify_one();
        }
        if !inner.seen.insert(id) {
            inner.duplicates += 1;
        }
        if let Some(delays) = &mut inner.delays {
            delays.saturating_record(u64::try_from(delay_ms).unwrap_or(0));
        }
    }

    /// From now on delays count.
    pub fn begin(&self) {
        let mut inner = self.lock();
        inner.delays = Some(inner.empty.clone());
    }

    /// The figures since [`Measurement::begin`].
    pub fn end(&self) -> Value {
        let mut inner = self.lock();
        let duplicates = inner.duplicates;
        let delays = inner.delays.take().unwrap_or_else(|| inner.empty.clone());
        json!({
            "runs": delays.len(),
            "duplicates": duplicates,
            "p50_ms": delays.value_at_quantile(0.5),
            "p99_ms": delays.value_at_quantile(0.99),
            "max_ms": delays.max(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_between_begin_and_end_are_measured_and_duplicates_always_counted() {
        let measurement = Measurement::new().unwrap();
        measurement.record(1, 500);
        measurement.record(1, 500);
        measurement.begin();
        measurement.record(2, 10);
        measurement.record(3, 20);
        let figures = measurement.end();
        assert_eq!((&figures["runs"], &figures["duplicates"]), (&json!(2), &json!(1)));
        assert_eq!((&figures["p50_ms"], &figures["max_ms"]), (&json!(10), &json!(20)));
    }
}
