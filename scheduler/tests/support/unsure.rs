//! The model store as a server sees a real database on a bad day: others act between any two
//! commands, commands fail before they are carried out or after it, and the server itself dies
//! before or after one of them.

use async_trait::async_trait;
use entity::{
    calendar, executor, freeze, instance, job, job_child, job_cursor, route_use, run, run_by_job, server,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use scheduler::engine::step::{Applied, Step};
use scheduler::store::engine::*;
use scheduler::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What befalls the commands of one life of a server.
#[derive(Clone)]
pub struct Misfortune {
    random: Arc<Mutex<StdRng>>,
    /// The server is dead: nothing that it still tries reaches the database.
    pub dead: Arc<AtomicBool>,
    /// No more misfortune from now on.
    pub over: Arc<AtomicBool>,
}

impl Misfortune {
    pub fn new(seed: u64, over: Arc<AtomicBool>) -> Self {
        Self { random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))), dead: Arc::default(), over }
    }

    /// Lets others act, and perhaps breaks the connection or kills the server.
    async fn strike(&self) -> Result<()> {
        let (turns, blow) = {
            let mut random = self.random.lock().unwrap();
            (random.random_range(0..3), random.random_range(0..400))
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        if !self.over.load(Ordering::SeqCst) && blow == 0 {
            self.dead.store(true, Ordering::SeqCst);
        }
        let broken = !self.over.load(Ordering::SeqCst) && (1..5).contains(&blow);
        match self.dead.load(Ordering::SeqCst) || broken {
            true => Err(Error::Unavailable("the connection broke".to_owned())),
            false => Ok(()),
        }
    }
}

pub struct UnsureStore {
    pub inner: MemoryStore,
    pub misfortune: Misfortune,
}

impl UnsureStore {
    async fn unsure<T>(&self, command: impl Future<Output = Result<T>>) -> Result<T> {
        self.misfortune.strike().await?;
        let done = command.await;
        self.misfortune.strike().await?;
        done
    }
}

/// Passes every command on, with misfortune around it.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl Store for UnsureStore {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                self.unsure(self.inner.$name($($argument),*)).await
            })*
        }
    };
}

pass_on! {
    join(newcomer: &Newcomer) -> Lease;
    renew(lease: Lease, vitals: Vitals) -> Option<Renewal>;
    depose(seen: &server::Model) -> bool;
    assign(assignments: &[Assignment]) -> ();
    drain(lease: Lease) -> ();
    leave(lease: Lease) -> ();
    cursors_in(buckets: &[i16]) -> Vec<job_cursor::Model>;
    cursor_sums(buckets: &[i16]) -> HashMap<i16, CursorSums>;
    cursors_of(job_ids: &[i32]) -> Vec<job_cursor::Model>;
    jobs(job_ids: &[i32]) -> Vec<job::Model>;
    calendars(ids: &[i32]) -> Vec<calendar::Model>;
    route_uses(job_ids: &[i32]) -> Vec<route_use::Model>;
    children_of(job_ids: &[i32]) -> Vec<job_child::Model>;
    executors() -> (Vec<executor::Model>, Vec<instance::Model>);
    freezes(since: i64) -> Vec<freeze::Model>;
    heed(lease: Lease, freeze_id: i32) -> ();
    runs(run_ids: &[i64]) -> Vec<RunWithParameter>;
    executors_of(run_ids: &[i64]) -> HashMap<i64, i32>;
    results(run_ids: &[i64]) -> Vec<(i64, String)>;
    shards_of(run_ids: &[i64]) -> Vec<run::Model>;
    waiting(buckets: &[i16], due_by: i64, full: &[i32], limit: u64) -> Vec<i64>;
    queued(buckets: &[i16]) -> Vec<run::Model>;
    out(jobs: &[i32], executors: &[i32]) -> Vec<run::Model>;
    ended(buckets: &[i16], due_by: i64, limit: u64) -> Vec<i64>;
    doubtful(buckets: &[i16], due_by: i64, now: i64, limit: u64) -> Vec<run::Model>;
    running(buckets: &[i16], sent_by: i64, after: i64, limit: u64) -> Vec<run::Model>;
    executed_before(executor_id: i32, instance_id: i32, before: i64) -> Option<run::Model>;
    plan(authority: &Authority, advances: &[Advance]) -> Planned;
    apply(authority: Option<&Authority>, steps: &[Step]) -> Vec<Applied>;
    learn(facts: &[Step]) -> Learnt;
    split(authority: &Authority, splits: &[Split]) -> HashSet<i64>;
    follow(authority: &Authority, endings: &[Ending]) -> Followed;
    expire_instances(cutoff: i64, now: i64) -> Vec<i32>;
    breaches(before: i64, frozen: Option<&[i32]>) -> Breaches;
    regroup() -> u64;
    open_blocks() -> Vec<OpenBlock>;
    unsettled(block: OpenBlock, up_to: i64) -> Vec<run_by_job::Model>;
    enter(runs: &[run_by_job::Model]) -> u64;
    settle(parts: &[(OpenBlock, i64)]) -> ();
}
