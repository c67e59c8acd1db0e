//! A server's life under a clock that stands still: its loops tick when a test says so, and a crash
//! is a server that is dropped where it stands.

use crate::database::Fresh;
use crate::forgetful::{ForgetfulStore, Pause};
use crate::rows::{START, cursor, executor, instance};
use entity::job::Model as Job;
use entity::run::{self, RunState};
use protocol::{LogChunk, RemoteReply};
use scheduler::clock::ManualClock;
use scheduler::engine::check::{CheckReport, Checker};
use scheduler::engine::dispatch;
use scheduler::engine::dispatcher::{Call, CallFailure, ScriptedDispatcher};
use scheduler::engine::effects::{Effects, EffectsReport};
use scheduler::engine::gate::Gate;
use scheduler::engine::lease::Keeper;
use scheduler::engine::plan::{PlanReport, Planner};
use scheduler::engine::record::{self, Recorder};
use scheduler::engine::rescue::{RescueReport, Rescuer};
use scheduler::engine::settle::Settler;
use scheduler::engine::shared::{Parts, Shared};
use scheduler::engine::{EngineHandle, EngineSettings};
use scheduler::signals::{Change, Signals};
use scheduler::store::engine::SqlStore;
use scheduler::store::ids::RunIds;
use sea_orm::{EntityTrait, QueryOrder};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What outlives a server: the database, the executors, the time.
pub struct World {
    pub fresh: Fresh,
    pub clock: Arc<ManualClock>,
    pub signals: Signals,
    pub executors: ScriptedDispatcher,
    pub settings: EngineSettings,
    /// Makes the answer to the next claim, or to what follows a run, get lost.
    pub loses_answer: Arc<AtomicBool>,
    /// Told when what was learnt begins to be written.
    pub is_applying: Arc<Notify>,
    pub pause: Arc<Pause>,
}

/// One life of a server.
pub struct Server {
    pub shared: Arc<Shared>,
    pub keeper: Keeper,
    pub planner: Planner,
    pub recorder: Recorder,
    pub rescuer: Rescuer,
    pub checker: Checker,
    pub effects: Effects,
    pub settler: Settler,
    pub handle: EngineHandle,
    /// How many more claims of this server the database takes.
    pub claims_left: Arc<AtomicUsize>,
}

impl World {
    /// Executor 1 with instance 1, and these jobs, all due first at [`START`].
    pub async fn with(executors: ScriptedDispatcher, jobs: &[Job]) -> Self {
        let fresh = Fresh::sqlite().await;
        fresh.put_executor(executor(1)).await;
        fresh.put_instance(instance(1, 1)).await;
        for job in jobs {
            fresh.put_job(job.clone(), cursor(job, Some(START))).await;
        }
        Self {
            fresh,
            clock: ManualClock::at(START),
            signals: Signals::default(),
            executors,
            settings: EngineSettings { lease_ttl: Duration::from_secs(3_600), ..EngineSettings::default() },
            loses_answer: Arc::default(),
            is_applying: Arc::default(),
            pause: Arc::default(),
        }
    }

    /// A server begins a life, the next one of the same identity.
    pub async fn server(&self) -> Server {
        self.server_named("one").await
    }

    /// A server of this identity begins a life.
    pub async fn server_named(&self, identity: &str) -> Server {
        let gate = Arc::new(Gate::default());
        let claims_left = Arc::new(AtomicUsize::new(usize::MAX));
        let (facts, inbox) = record::queue();
        let parts = Parts {
            store: Arc::new(ForgetfulStore {
                inner: SqlStore::new(self.fresh.databases.engine.clone()),
                loses_answer: self.loses_answer.clone(),
                claims_left: claims_left.clone(),
                is_applying: self.is_applying.clone(),
                pause: self.pause.clone(),
            }),
            dispatcher: Arc::new(self.executors.clone()),
            clock: self.clock.clone(),
            timekeeper: None,
            signals: self.signals.clone(),
            settings: self.settings.clone(),
            gate,
            run_ids: Arc::new(RunIds::new(self.fresh.databases.engine.clone())),
        };
        let shared = Shared::new(parts, facts);
        let mut keeper = Keeper::new(shared.clone(), identity.to_owned());
        keeper.tick(Instant::now()).await.unwrap();
        Server {
            keeper,
            planner: Planner::new(shared.clone()),
            recorder: Recorder::new(shared.clone(), inbox),
            rescuer: Rescuer::new(shared.clone()),
            checker: Checker::new(shared.clone()),
            effects: Effects::new(shared.clone()),
            settler: Settler::new(shared.clone()),
            handle: EngineHandle::new(shared.clone()),
            shared,
            claims_left,
        }
    }

    /// All runs by nominal time.
    pub async fn runs(&self) -> Vec<run::Model> {
        let query = run::Entity::find().order_by_asc(run::Column::NominalAt).order_by_asc(run::Column::Id);
        query.all(self.fresh.databases.web.reader()).await.unwrap()
    }

    pub async fn states(&self) -> Vec<RunState> {
        self.runs().await.iter().map(|run| run.state).collect()
    }

    /// A run by hand, as the service inserts it.
    pub async fn start_by_hand(&self, run: run::Model, parameter: &str) {
        let id = run.id;
        self.fresh.put_run(run, Some(parameter)).await;
        self.signals.publish(Change::Run(id));
    }
}

impl Server {
    pub async fn plan(&mut self) -> PlanReport {
        self.planner.tick().await.unwrap()
    }

    /// Sends what is due, and waits until all but `hanging` requests are answered.
    pub async fn send(&mut self, hanging: usize) -> usize {
        let started = dispatch::tick(&self.shared).started;
        while self.shared.lanes.in_flight() > hanging {
            tokio::task::yield_now().await;
        }
        started
    }

    pub async fn record(&mut self) {
        self.recorder.tick_all().await.unwrap();
    }

    pub async fn rescue(&mut self) -> RescueReport {
        self.rescuer.tick().await.unwrap()
    }

    pub async fn check(&mut self) -> CheckReport {
        self.checker.tick().await.unwrap()
    }

    /// Plans, waits for the instances of one run that are asked, and plans with what they said.
    pub async fn plan_asking(&mut self) -> PlanReport {
        self.plan().await;
        self.planner.answered().await;
        self.plan().await
    }

    /// Starts what follows.
    pub async fn follow(&mut self) -> EffectsReport {
        self.effects.tick().await.unwrap()
    }

    /// Plans, sends and records.
    pub async fn turn(&mut self) {
        self.plan().await;
        self.send(0).await;
        self.record().await;
    }

    /// Reports a result while the recorder runs.
    pub async fn report(
        &mut self,
        facts: Vec<scheduler::engine::ResultFact>,
    ) -> Vec<scheduler::engine::Recorded> {
        let handle = self.handle.clone();
        let reporting = handle.report(facts);
        tokio::pin!(reporting);
        loop {
            tokio::select! {
                biased;
                done = &mut reporting => return done.unwrap(),
                () = tokio::task::yield_now() => self.record().await,
            }
        }
    }
}

/// A Java executor that keeps logs, runs everything at once, and never calls back.
#[derive(Clone, Default)]
pub struct JavaExecutor(Arc<Mutex<HashSet<i64>>>);

impl JavaExecutor {
    pub fn dispatcher(&self) -> ScriptedDispatcher {
        let own = self.clone();
        ScriptedDispatcher::new(move |_, call| Some(own.answer(call)))
    }

    /// As [`JavaExecutor::dispatcher`], but its answers to runs get lost.
    pub fn mute_dispatcher(&self) -> ScriptedDispatcher {
        let own = self.clone();
        ScriptedDispatcher::new(move |_, call| {
            let answer = own.answer(call);
            let lost = CallFailure::NoAnswer("the connection broke".to_owned());
            Some(if matches!(call, Call::Run(_)) { Err(lost) } else { answer })
        })
    }

    pub fn answer(&self, call: &Call) -> Result<RemoteReply, CallFailure> {
        let mut ran = self.0.lock().unwrap();
        Ok(match call {
            Call::Run(request) => {
                assert!(ran.insert(request.log_id), "run {} was started twice", request.log_id);
                reply(200, "")
            }
            Call::Log(request) if ran.contains(&request.run_id) => log(
                "xxl-job job execute start\nxxl-job job execute end(finish)\nResult: handleCode=200, handleMsg = ok",
            ),
            Call::Log(_) => log("readLog fail, logFile not exists"),
            _ => reply(200, ""),
        })
    }
}

pub fn reply(code: i32, text: &str) -> RemoteReply {
    RemoteReply { code, text: text.to_owned(), payload: None }
}

pub fn log(content: &str) -> RemoteReply {
    let chunk = LogChunk { from_line: 1, to_line: 3, content: content.to_owned(), is_end: false };
    RemoteReply { payload: serde_json::to_value(chunk).ok(), ..reply(200, "") }
}
