//! Servers that die, pause and lose their connections at any command, interleaved in every order,
//! under a clock that only the simulation moves. Whatever happens: each nominal time of each job is
//! in exactly one row, nothing is started twice, no final state changes, nothing is sent to where a run
//! of its job is in doubt, what follows a run follows it once, a run that is split ends with its shards,
//! and everything ends.
//!
//! Each seed is one history; a failing one is printed. `ORRERY_SIMULATION_SEEDS` asks for more of
//! them, `ORRERY_SIMULATION_SEED` for one alone.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

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
#[path = "simulation/shards.rs"]
mod shards;
#[path = "support/unsure.rs"]
mod unsure;

use database::Fresh;
use entity::executor::Model as Executor;
use entity::job::{Model as Job, Overlap, Routing};
use entity::run::{Model as Run, Reason, RunKind, RunState};
use futures::future::join_all;
use ground::Ground;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
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
use scheduler::engine::rescue::Rescuer;
use scheduler::engine::shared::{Parts, Shared};
use scheduler::engine::step::{Step, What};
use scheduler::signals::Signals;
use scheduler::store::engine::MemoryStore;
use scheduler::store::ids::RunIds;
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
/// How long misfortune lasts (ms of the simulated clock).
const STORM: i64 = 20_000;
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
    /// What was sent and should not have been.
    breaches: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new(seed: u64, run_ids: Arc<RunIds>) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let store = MemoryStore::default();
        let count = random.random_range(1..=3);
        {
            let mut tables = store.tables();
            // With several servers each counts the runs of its own buckets.
            let max_parallel = if count == 1 { *[0, 5].choose(&mut random).unwrap() } else { 0 };
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
                tables.cursors.insert(id, cursor(&job, (id != CHILD).then_some(START + period(id))));
                tables.jobs.insert(id, job);
            }
            tables.children.extend(PARENTS.map(|parent| (parent, CHILD)));
        }
        let over = Arc::new(AtomicBool::new(false));
        Self {
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
        self.report();
        self.check_final_states();
        limits::check(&self.store.tables());
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
            self.step(1_000).await;
        }
        self.check_account(planned);
        shards::check(&self.store.tables().runs, &self.ground.starts());
        self.check_followers();
    }

    /// No job fires any more. Returns for each the nominal time that is not accounted for yet.
    fn end_schedules(&mut self) -> BTreeMap<i32, i64> {
        let mut tables = self.store.tables();
        let next = |cursor: &mut entity::job_cursor::Model| Some((cursor.job_id, cursor.next_at.take()?));
        tables.cursors.values_mut().filter_map(next).collect()
    }

    /// Each time of each job up to the cursor in one row, and every row true to what happened.
    fn check_account(&self, planned: BTreeMap<i32, i64>) {
        let tables = self.store.tables();
        let starts = self.ground.starts();
        for (job_id, next_at) in planned {
            assert!(next_at > START + STORM, "job {job_id} fell behind: {next_at}");
            let mut rows: BTreeMap<i64, usize> = BTreeMap::new();
            let step = usize::try_from(period(job_id)).unwrap();
            let by_schedule = |run: &&Run| run.job_id == job_id && run.kind == RunKind::Schedule;
            for run in tables.runs.values().filter(by_schedule) {
                let last = run.span_last.unwrap_or(run.nominal_at);
                (run.nominal_at..=last).step_by(step).for_each(|at| *rows.entry(at).or_default() += 1);
            }
            for time in (START + period(job_id)..next_at).step_by(step) {
                assert_eq!(rows.get(&time), Some(&1), "rows of job {job_id} for {time}");
            }
        }
        for run in tables.runs.values().filter(|run| !run.is_split()) {
            let started = starts.contains_key(&run.id);
            let holds = match run.state {
                RunState::Succeeded | RunState::TimedOut => started,
                // A failure that has no code never began.
                RunState::Failed => started == (run.code != 0),
                RunState::Skipped => !started,
                RunState::Lost | RunState::Killed => true,
                _ => false,
            };
            assert!(holds, "started: {started}, but the row says {}", brief(run));
        }
        let orphan = starts.keys().find(|id| !tables.runs.contains_key(id));
        assert_eq!(orphan, None, "started without a row");
    }

    /// One child's run after each success of a parent, one retry after each bad end that has
    /// retries left, and nothing after anything else.
    fn check_followers(&self) {
        let tables = self.store.tables();
        let mut followers: BTreeMap<i64, Vec<(i32, RunKind)>> = BTreeMap::new();
        for run in tables.runs.values().filter(|run| run.slot > 0) {
            followers.entry(run.slot).or_default().push((run.job_id, run.kind));
        }
        for run in tables.runs.values() {
            assert_eq!(run.live_bucket, None, "nobody decided what follows {}", brief(run));
            let expected = match run.state {
                RunState::Succeeded if PARENTS.contains(&run.job_id) && !run.is_shard() => {
                    vec![(CHILD, RunKind::Child)]
                }
                RunState::Failed | RunState::TimedOut if is_retried(run) => {
                    vec![(run.job_id, RunKind::Retry)]
                }
                _ => Vec::new(),
            };
            let found = followers.remove(&run.id).unwrap_or_default();
            // A shard is not tried again once another run has taken the place of the whole.
            let whole = run.parent_id.and_then(|id| tables.runs.get(&id));
            let is_given_up = found.is_empty() && whole.is_some_and(|run| run.reason == Reason::Replaced);
            assert!(is_given_up || found == expected, "what follows {}: {found:?}", brief(run));
        }
        assert!(followers.is_empty(), "rows that follow nothing: {followers:?}");
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

/// Of a fire that was split, its shards are.
fn is_retried(run: &Run) -> bool {
    has_retries(run.job_id) && run.attempt <= RETRIES && !run.is_split()
}

fn brief(run: &Run) -> String {
    format!("run {} of job {} for {}: {:?} {:?}", run.id, run.job_id, run.nominal_at, run.state, run.reason)
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("ORRERY_SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("ORRERY_SIMULATION_SEEDS").unwrap_or(300)).collect(),
    }
}

#[tokio::test]
async fn whatever_happens_between_two_commands_no_fire_is_lost_and_none_doubled() {
    let fresh = Fresh::sqlite().await;
    let run_ids = Arc::new(RunIds::new(fresh.databases.engine.clone()));
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds() {
        // Shown when a history breaks a promise.
        println!("ORRERY_SIMULATION_SEED={seed}");
        let mut world = World::new(seed, run_ids.clone());
        world.live().await;
        for run in world.store.tables().runs.values() {
            *ends.entry(format!("{:?}", run.state)).or_default() += 1;
            *ends.entry(format!("{:?}", run.kind)).or_default() += 1;
        }
    }
    println!("{ends:?}");
    for what in ["Succeeded", "Retry", "Child", "Skipped", "Killed", "Shard"] {
        assert!(ends.get(what).is_some_and(|count| *count > 100), "the storm leaves something: {ends:?}");
    }
}
