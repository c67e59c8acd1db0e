//! Servers that die, pause, drain and lose their connections at any command, interleaved in every order,
//! under a clock that only the simulation moves. Whatever happens: each nominal time of each job is
//! in exactly one row, nothing is started twice, no final state changes, nothing is sent to where a run
//! of its job is in doubt, what follows a run follows it once, a run that is split ends with its shards,
//! and everything ends.
//!
//! Each seed is one history; a failing one is printed. `ORRERY_SIMULATION_SEEDS` asks for more of
//! them, as `cargo xtask ci` does, and `ORRERY_SIMULATION_SEED` for one alone. A history has one to three
//! servers, as its seed says, or as many as `ORRERY_SIMULATION_SERVERS` does.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "simulation/account.rs"]
mod account;
#[path = "support/database.rs"]
mod database;
#[path = "simulation/doubts.rs"]
mod doubts;
#[path = "support/ground.rs"]
mod ground;
#[path = "simulation/limits.rs"]
mod limits;
#[path = "support/rows.rs"]
mod rows;
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/shards.rs"]
mod shards;
#[path = "support/unsure.rs"]
mod unsure;

use database::Fresh;
use entity::executor::Model as Executor;
use entity::job::{Model as Job, Overlap, Routing};
use entity::job_cursor::Model as Cursor;
use entity::run::{Model as Run, RunState};
use entity::server::ServerState;
use futures::future::join_all;
use ground::Ground;
use rand::rngs::StdRng;
use rand::seq::{IndexedMutRandom, IndexedRandom};
use rand::{Rng, SeedableRng};
use rows::{START, cursor, executor, instance, job};
use scheduler::clock::ManualClock;
use scheduler::engine::EngineSettings;
use scheduler::engine::dispatch;
use scheduler::engine::effects::Effects;
use scheduler::engine::gate::Gate;
use scheduler::engine::lease::Keeper;
use scheduler::engine::plan::Planner;
use scheduler::engine::record::{self, Recorder};
use scheduler::engine::regroup;
use scheduler::engine::rescue::Rescuer;
use scheduler::engine::shared::{Parts, Shared};
use scheduler::engine::step::{Step, What};
use scheduler::rules::bucket::bucket_among;
use scheduler::signals::Signals;
use scheduler::store::engine::{MemoryStore, Store};
use scheduler::store::ids::RunIds;
use seeds::{Seeds, Tally};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use unsure::{Misfortune, UnsureStore};

/// What is claimed with the cursor, what leaves something behind, what asks first.
const ROUTINGS: [Routing; 4] =
    [Routing::Round, Routing::LeastFrequentlyUsed, Routing::Failover, Routing::Busyover];
/// What becomes of a run while another of its job is out: the parent's always go.
const OVERLAPS: [Overlap; 4] = [Overlap::Skip, Overlap::Allow, Overlap::Replace, Overlap::Queue];
/// Jobs with a schedule; those with even ids are retried.
const JOBS: i32 = 4;
const RETRIES: i32 = 2;
/// The job that starts when one of [`PARENTS`] succeeds; it has no schedule.
const CHILD: i32 = JOBS + 1;
/// A job whose fires are split over both instances, every few seconds; it is retried.
const BROADCAST: i32 = JOBS + 2;
const PARENTS: [i32; 2] = [1, BROADCAST];
/// Runs that may be out at the executor, where it limits them.
const LIMIT: i32 = 5;
/// How long misfortune lasts (ms of the simulated clock).
const STORM: i64 = 20_000;
/// While nothing is left but doubt, time goes in steps of so long: shorter than a lease.
const STRIDE: i64 = 4_000;
/// Within so long everything must have ended afterwards: the longest doubt and some askings, one after
/// the other where the executor has few slots.
const CALM: i64 = 3_000_000;

/// One life of a server.
struct Server {
    shared: Arc<Shared>,
    keeper: Keeper,
    planner: Planner,
    recorder: Recorder,
    rescuer: Rescuer,
    effects: Effects,
    dead: Arc<AtomicBool>,
    /// Until when its lease surely holds, on the simulated clock: what the gate goes by.
    holds_until: i64,
    renew_at: i64,
    rescue_at: i64,
    paused_until: i64,
}

struct World {
    random: StdRng,
    store: MemoryStore,
    ground: Ground,
    clock: Arc<ManualClock>,
    epoch: Instant,
    now: i64,
    over: Arc<AtomicBool>,
    run_ids: Arc<RunIds>,
    servers: Vec<Option<Server>>,
    /// When a dead server's next life begins.
    revive_at: Vec<i64>,
    report_at: HashMap<i64, i64>,
    final_states: BTreeMap<i64, RunState>,
    /// Whether somebody sets the executor's limit now and then, and takes it away.
    is_limit_changed: bool,
    /// What was sent and should not have been.
    breaches: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(seed: u64, servers: Option<usize>, run_ids: Arc<RunIds>) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let store = MemoryStore::default();
        // Drawn in any case: all else of the history stays what the seed says.
        let drawn = random.random_range(1..=3);
        let count = servers.unwrap_or(drawn);
        {
            let mut tables = store.tables();
            let max_parallel = *[0, LIMIT].choose(&mut random).unwrap();
            tables.executors.insert(1, Executor { max_parallel, ..executor(1) });
            for id in 1..=2 {
                tables.instances.insert(id, instance(id, 1));
            }
            for id in 1..=BROADCAST {
                let retries = if has_retries(id) { RETRIES } else { 0 };
                let routing = match id {
                    BROADCAST => Routing::Broadcast,
                    _ => ROUTINGS[id.unsigned_abs() as usize % ROUTINGS.len()],
                };
                let schedule = format!("0/{} * * * * ?", period(id) / 1_000);
                let overlap = OVERLAPS[id.unsigned_abs() as usize % OVERLAPS.len()];
                let limits = Job { timeout_s: 60, overlap, queue_length: 5, ..job(id, 1) };
                let job = Job { routing, schedule, retries, retry_delay_s: 1, ..limits };
                let next_at = (id != CHILD).then_some(START + period(id));
                let bucket = bucket_among(id, 1, max_parallel);
                tables.cursors.insert(id, Cursor { bucket, ..cursor(&job, next_at) });
                tables.jobs.insert(id, job);
            }
            tables.children.extend(PARENTS.map(|parent| (parent, CHILD)));
        }
        let over = Arc::new(AtomicBool::new(false));
        Self {
            is_limit_changed: random.random_range(0..4) == 0,
            ground: Ground::new(random.random(), over.clone()),
            random,
            store,
            clock: ManualClock::at(START),
            epoch: Instant::now(),
            now: START,
            over,
            run_ids,
            servers: (0..count).map(|_| None).collect(),
            revive_at: vec![START; count],
            report_at: HashMap::new(),
            final_states: BTreeMap::new(),
            breaches: Arc::default(),
        }
    }

    fn begin_life(&mut self, place: usize) {
        let misfortune = Misfortune::new(self.random.random(), self.over.clone());
        let dead = misfortune.dead.clone();
        let (facts, inbox) = record::queue();
        let (store, breaches) = (self.store.clone(), self.breaches.clone());
        // A panic here would be that of a request, of which nobody hears.
        let look = move |target: &_, request: &_| {
            let breach = doubts::breach(&store.tables(), target, request);
            breaches.lock().unwrap().extend(breach);
        };
        let parts = Parts {
            store: Arc::new(UnsureStore { inner: self.store.clone(), misfortune }),
            dispatcher: Arc::new(self.ground.dispatcher(look)),
            clock: self.clock.clone(),
            timekeeper: None,
            signals: Signals::default(),
            settings: EngineSettings::default(),
            gate: Arc::new(Gate::default()),
            run_ids: self.run_ids.clone(),
        };
        let shared = Shared::new(parts, facts);
        self.servers[place] = Some(Server {
            keeper: Keeper::new(shared.clone(), format!("server {place}")),
            planner: Planner::new(shared.clone()),
            recorder: Recorder::new(shared.clone(), inbox),
            rescuer: Rescuer::new(shared.clone()),
            effects: Effects::new(shared.clone()),
            shared,
            dead,
            holds_until: 0,
            renew_at: 0,
            rescue_at: 0,
            paused_until: 0,
        });
    }

    /// Some time passes, and every server that is alive and not paused does what is due.
    async fn step(&mut self, by: i64) {
        self.now += by;
        self.clock.set(self.now);
        let monotonic = self.epoch + Duration::from_millis((self.now - START).unsigned_abs());
        for place in 0..self.servers.len() {
            if self.servers[place].is_none() && self.revive_at[place] <= self.now {
                self.begin_life(place);
            }
        }
        let now = self.now;
        let awake = self.servers.iter_mut().flatten().filter(|server| server.paused_until <= now);
        join_all(awake.map(|server| server.turn(now, monotonic))).await;
        self.strike();
        self.drain();
        self.change_limit().await;
        self.report();
        self.check_final_states();
        limits::check_jobs(&self.store.tables());
        if !self.is_limit_changed {
            limits::check_executor(&self.store.tables());
        }
        assert_eq!(*self.breaches.lock().unwrap(), [] as [&str; 0]);
    }

    /// Buries the dead, and pauses somebody now and then.
    fn strike(&mut self) {
        for place in 0..self.servers.len() {
            let Some(server) = &mut self.servers[place] else { continue };
            if server.dead.load(Ordering::SeqCst) {
                self.revive_at[place] = self.now + self.random.random_range(200..8_000);
                self.servers[place] = None;
            } else if !self.over.load(Ordering::SeqCst) && self.random.random_range(0..150) == 0 {
                server.paused_until = self.now + self.random.random_range(500..15_000);
            }
        }
    }

    /// Now and then somebody lets a server drain, or takes one back.
    fn drain(&mut self) {
        if self.over.load(Ordering::SeqCst) || self.random.random_range(0..30) != 0 {
            return;
        }
        let mut tables = self.store.tables();
        let mut alive: Vec<_> = tables.servers.values_mut().filter(|one| one.state.is_alive()).collect();
        if let Some(server) = alive.choose_mut(&mut self.random) {
            server.state = match server.state {
                ServerState::Draining => ServerState::Live,
                _ => ServerState::Draining,
            };
        }
    }

    /// Now and then somebody sets the executor's limit, or takes it away. More may be out then than it lets out
    /// from now on.
    async fn change_limit(&mut self) {
        let is_calm = self.over.load(Ordering::SeqCst);
        if !self.is_limit_changed || is_calm || self.random.random_range(0..40) != 0 {
            return;
        }
        {
            let mut tables = self.store.tables();
            let executor = tables.executors.get_mut(&1).unwrap();
            executor.max_parallel = LIMIT - executor.max_parallel;
            executor.version += 1;
            let max_parallel = executor.max_parallel;
            for cursor in tables.cursors.values_mut() {
                cursor.bucket = bucket_among(cursor.job_id, 1, max_parallel);
            }
        }
        self.store.regroup().await.unwrap();
    }

    /// Executors report what is not recorded yet, to any server, sometimes twice.
    fn report(&mut self) {
        for (run_id, report) in self.ground.starts() {
            let recorded = self.store.tables().runs.get(&run_id).is_some_and(|run| run.code != 0);
            let at = *self.report_at.entry(run_id).or_insert(self.now + self.random.random_range(0..3_000));
            let (Some(code), false, true) = (report, recorded, at <= self.now) else { continue };
            self.report_at.insert(run_id, self.now + 5_000);
            let what = What::Result { executor_id: 1, code, text: "done".to_owned() };
            let step = Step { run_id, at: self.now, what };
            for server in self.servers.iter().flatten() {
                if self.random.random_range(0..2) == 0 {
                    server.shared.facts.note(step.clone());
                }
            }
        }
    }

    fn check_final_states(&mut self) {
        for run in self.store.tables().runs.values().filter(|run| run.state.is_final()) {
            let before = *self.final_states.entry(run.id).or_insert(run.state);
            assert_eq!(before, run.state, "a final state changed: {run:?}");
        }
    }

    async fn live(&mut self) {
        while self.now < START + STORM {
            let by = self.random.random_range(20..400);
            self.step(by).await;
        }
        self.over.store(true, Ordering::SeqCst);
        // Whoever is paused resumes, and the jobs' last fires lie behind.
        while self.now < START + STORM + 20_000 {
            self.step(250).await;
        }
        let planned = self.end_schedules();
        let end = self.now + CALM;
        let is_over = |run: &Run| run.state.is_final() && run.live_bucket.is_none();
        while self.now < end && !self.store.tables().runs.values().all(is_over) {
            let is_busy = self.now < START + STORM + 50_000;
            self.step(if is_busy { 1_000 } else { STRIDE }).await;
        }
        let (tables, starts) = (self.store.tables(), self.ground.starts());
        account::check(&tables, &starts, &planned);
        shards::check(&tables.runs, &starts);
        account::check_followers(&tables);
    }

    /// No job fires any more. Returns for each the nominal time that is not accounted for yet.
    fn end_schedules(&mut self) -> BTreeMap<i32, i64> {
        let mut tables = self.store.tables();
        let next = |cursor: &mut entity::job_cursor::Model| Some((cursor.job_id, cursor.next_at.take()?));
        tables.cursors.values_mut().filter_map(next).collect()
    }
}

impl Server {
    async fn turn(&mut self, now: i64, monotonic: Instant) {
        let settings = &self.shared.settings;
        let ttl = i64::try_from(settings.lease_ttl.as_millis()).unwrap();
        let margin = i64::try_from(settings.lease_margin.as_millis()).unwrap();
        // The gate's own clock is the machine's: the simulated one says when it shuts.
        if now >= self.holds_until {
            self.shared.gate.shut();
        }
        if now >= self.renew_at {
            self.renew_at = now + 2_000;
            match self.keeper.tick(monotonic).await {
                Ok(report) if !report.lost => self.holds_until = now + ttl - margin,
                // Tried again soon, as the loop does; what is held stays as it was.
                _ => self.renew_at = now + 500,
            }
        }
        // What fails is tried again by the next turn.
        drop(self.planner.tick().await);
        dispatch::tick(&self.shared);
        while self.shared.lanes.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
        drop(self.recorder.tick_all().await);
        drop(self.effects.tick().await);
        drop(regroup::tick(&self.shared).await);
        if now >= self.rescue_at && self.shared.gate.is_open() {
            self.rescue_at = now + 1_000;
            drop(self.rescuer.tick().await);
        }
        assert_eq!(self.shared.figures.violations.load(Ordering::Relaxed), 0);
    }
}

/// From one fire of a job to the next (ms).
fn period(job_id: i32) -> i64 {
    if job_id == BROADCAST { 4_000 } else { 1_000 }
}

fn has_retries(job_id: i32) -> bool {
    job_id % 2 == 0
}

fn brief(run: &Run) -> String {
    format!("run {} of job {} for {}: {:?} {:?}", run.id, run.job_id, run.nominal_at, run.state, run.reason)
}

/// Lives through the histories of the seeds; returns how many runs ended how, and how many were what.
async fn live_through(seeds: &Seeds) -> Tally {
    let fresh = Fresh::sqlite().await;
    let run_ids = Arc::new(RunIds::new(fresh.databases.engine.clone()));
    let mut ends = Tally::new();
    while let Some(seed) = seeds.next() {
        let mut world = World::new(seed.number, seeds.servers, run_ids.clone());
        world.live().await;
        for run in world.store.tables().runs.values() {
            *ends.entry(format!("{:?}", run.state)).or_default() += 1;
            *ends.entry(format!("{:?}", run.kind)).or_default() += 1;
        }
    }
    ends
}

#[test]
fn whatever_happens_between_two_commands_no_fire_is_lost_and_none_doubled() {
    let seeds = Seeds::asked_for();
    let ends = seeds.on_every_core(live_through);
    println!("{ends:?}");
    for what in ["Succeeded", "Retry", "Child", "Skipped", "Killed", "Shard"] {
        let count = ends.get(what).copied().unwrap_or(0);
        assert!(count > 100 || seeds.count < 100, "the storm leaves something: {ends:?}");
    }
}
