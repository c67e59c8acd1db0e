//! Copies of the rows that this server wrote last and that are about to change: nearly every answer and
//! result is about one of them, and need not read it first.
//!
//! A copy may be stale, for any server may write a fact: whoever writes by a copy compares where the row
//! stands, and reads it where it has moved on.

use crate::by_id::ById;
use entity::run::{self, RunState};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Copies per generation; there are two. A row has some 300 bytes.
const GENERATION: usize = 32_768;

/// By run. When there are too many, those that were not written for the longest time are forgotten.
#[derive(Debug, Default)]
pub struct Known(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: ById<i64, run::Model>,
    old: ById<i64, run::Model>,
}

impl Known {
    /// Takes out those of the rows of which there is a copy: until it is known what was written, nothing is.
    pub fn take(&self, ids: impl IntoIterator<Item = i64>) -> Vec<run::Model> {
        let mut generations = self.lock();
        let Generations { young, old } = &mut *generations;
        // What was written again lies in both.
        let mut take = |id: i64| match (young.remove(&id), old.remove(&id)) {
            (None, older) => older,
            (newer, _) => newer,
        };
        ids.into_iter().filter_map(&mut take).collect()
    }

    /// The executors of those of the runs of which there is a copy.
    pub fn executors_of(&self, ids: &[i64]) -> HashMap<i64, i32> {
        let generations = self.lock();
        let copy = |id: &i64| generations.young.get(id).or_else(|| generations.old.get(id));
        ids.iter().filter_map(|id| Some((*id, copy(id)?.executor_id))).collect()
    }

    /// Keeps what was just written of these rows, which are new or were taken out, as long as somebody has
    /// still to report about them.
    pub fn note(&self, rows: impl IntoIterator<Item = run::Model>) {
        let is_awaited =
            |row: &run::Model| matches!(row.state, RunState::Sending | RunState::Running) && !row.is_split();
        let mut generations = self.lock();
        let awaited = rows.into_iter().filter(is_awaited);
        generations.young.extend(awaited.map(|row| (row.id, row)));
        if generations.young.len() > GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
