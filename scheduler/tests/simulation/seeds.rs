//! Which histories are lived through, on as many cores as there are.

use std::collections::BTreeMap;
use std::env;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use tokio::runtime::Builder;

/// Without a wish: as many as a developer waits for.
const USUAL: u64 = 100;

/// How often things happened.
pub type Tally = BTreeMap<String, usize>;

/// Seeds that nobody has begun yet.
pub struct Seeds {
    left: Mutex<RangeInclusive<u64>>,
    pub count: u64,
    /// How many servers each history has, where not the seed is to say it.
    pub servers: Option<usize>,
}

/// A seed whose history is lived through. One that breaks a promise is shown, and the last to begin.
pub struct Seed<'a> {
    pub number: u64,
    seeds: &'a Seeds,
}

impl Seeds {
    /// Those that the environment asks for.
    pub fn asked_for() -> Self {
        let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let (range, count) = match number("ORRERY_SIMULATION_SEED") {
            Some(seed) => (seed..=seed, 1),
            None => {
                let count = number("ORRERY_SIMULATION_SEEDS").unwrap_or(USUAL);
                (1..=count, count)
            }
        };
        let servers = number("ORRERY_SIMULATION_SERVERS").and_then(|servers| usize::try_from(servers).ok());
        Self { left: Mutex::new(range), count, servers }
    }

    pub fn next(&self) -> Option<Seed<'_>> {
        let number = self.left().next()?;
        Some(Seed { number, seeds: self })
    }

    /// Does the work once on each core, each in a runtime of its own, and adds up what it returns.
    pub fn on_every_core(&self, work: impl AsyncFn(&Self) -> Tally + Sync) -> Tally {
        let alone = || Builder::new_current_thread().enable_all().build().unwrap().block_on(work(self));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut sum = Tally::new();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(alone)).collect();
            for thread in threads {
                // A broken promise is this test's own failure, with its own words.
                let tally = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                tally.into_iter().for_each(|(what, count)| *sum.entry(what).or_default() += count);
            }
        });
        sum
    }

    fn left(&self) -> MutexGuard<'_, RangeInclusive<u64>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seed<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("ORRERY_SIMULATION_SEED={}", self.number);
            *self.seeds.left() = RangeInclusive::new(1, 0);
        }
    }
}
