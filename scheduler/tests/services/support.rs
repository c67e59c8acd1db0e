//! A migrated database in a folder of its own, and the usual things in it.

use crate::database::Fresh;
use entity::Millis;
use entity::executor::Registration;
use entity::fault::{Fault, FieldFault};
use entity::job::{JobState, ScheduleKind};
use entity::user::UserRole;
use entity::{job, job_cursor, log, log_part, run};
use scheduler::authority::Caller;
use scheduler::clock::{Clock, ManualClock};
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit, ExecutorView};
use scheduler::instances::SILENCE;
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::audit::Key;
use scheduler::rules::bucket::bucket_of;
use scheduler::store::engine::{SqlStore, Store};
use scheduler::store::ids::RunIds;
use scheduler::{Error, Services, namespaces};
use sea_orm::{EntityTrait, IntoActiveModel};
use std::sync::Arc;

/// 2026-11-21T00:00:00Z.
pub const START: Millis = 1_795_219_200_000;
pub const MINUTE: Millis = 60_000;
pub const HOUR: Millis = 60 * MINUTE;

pub struct World {
    pub services: Services,
    pub clock: Arc<ManualClock>,
    /// What every super-administrator may do, the operator may.
    pub root: Caller,
    _fresh: Fresh,
}

impl World {
    /// On SQLite, or in a new database on the server whose URL is in `ORRERY_TEST_SERVICES_URL`.
    pub async fn new() -> Self {
        let fresh = match std::env::var("ORRERY_TEST_SERVICES_URL") {
            Ok(server) => Fresh::on_server(&server).await,
            Err(_) => Fresh::sqlite().await,
        };
        let db = fresh.databases.web.clone();
        let clock = ManualClock::at(START);
        let services = Services {
            run_ids: Arc::new(RunIds::new(db.clone())),
            db,
            clock: clock.clone(),
            signals: Default::default(),
            audit: Arc::new(Key::new([7; 32])),
        };
        Self { services, clock, root: Caller::operator(), _fresh: fresh }
    }

    /// An executor with automatic registration in `default:<service>`, and its token.
    pub async fn executor(&self, service: &str, app_name: &str) -> (ExecutorView, String) {
        let namespace = namespaces::ensure(&self.services, "default", service).await.unwrap();
        let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit: automatic(app_name) };
        executors::create(&self.services, &self.root, draft).await.unwrap()
    }

    /// A job that fires every minute, on an executor `worker` if there is none.
    pub async fn job(&self, name: &str, state: JobState) -> job::Model {
        let found = executors::list(&self.services, &self.root, &Default::default()).await.unwrap();
        let executor_id = match found.first() {
            Some(row) => row.executor.id,
            None => self.executor("default", "worker").await.0.id,
        };
        let draft = JobDraft { name: name.into(), ..draft(executor_id) };
        jobs::create(&self.services, &self.root, draft, state).await.unwrap()
    }

    /// Stores a run of a job as the engine would, with the changes that `change` makes.
    pub async fn run(&self, job: &job::Model, due_at: Millis, change: impl FnOnce(&mut run::Model)) -> i64 {
        let id = self.services.run_ids.take_one().await.unwrap();
        let mut run = run::Model::waiting(id, job, bucket_of(job.id), due_at);
        change(&mut run);
        let transaction = self.services.db.begin().await.unwrap();
        run::Entity::insert(run.into_active_model()).exec_without_returning(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        id
    }

    /// Somebody began to keep this run's log, and has written a part.
    pub async fn begun_log(&self, run_id: i64, at: Millis) {
        let (state, trouble) = (log::LogState::Coming, None);
        let row =
            log::Model { run_id, state, claim: 7, kept_at: at, last_line: 0, bytes: 0, stored: 0, trouble };
        let part = log_part::Model { run_id, claim: 7, first_line: 1, lines: 1, data: Vec::new() };
        let transaction = self.services.db.begin().await.unwrap();
        log::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
        log_part::Entity::insert(part.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }

    pub async fn stored_run(&self, id: i64) -> run::Model {
        run::Entity::find_by_id(id).one(self.services.db.reader()).await.unwrap().unwrap()
    }

    /// What the engine does about silent instances each second; the executors that lost some.
    pub async fn expire_instances(&self) -> Vec<i32> {
        let now = self.clock.now();
        let store = SqlStore::new(self.services.db.clone());
        store.expire_instances(now - SILENCE, now).await.unwrap()
    }

    /// Somebody without any grant.
    pub fn stranger(&self) -> Caller {
        let role = UserRole::Ordinary;
        Caller { user_id: 99, name: "stranger".into(), role, ..Caller::operator() }
    }
}

/// A job like another, to be filled in; it does not fire.
pub fn copy_of(first: &job::Model, number: i32) -> (job::Model, job_cursor::Model) {
    let id = first.id + number;
    let job = job::Model { id, name: format!("copy {number:05}"), ..first.clone() };
    let cursor = job_cursor::Model {
        job_id: id,
        bucket: bucket_of(id),
        version: 1,
        next_at: None,
        held_from: None,
        last_at: 0,
        route_seq: 0,
        backfill_slots: 1,
    };
    (job, cursor)
}

pub fn automatic(app_name: &str) -> ExecutorEdit {
    ExecutorEdit {
        app_name: app_name.into(),
        title: "Workers".into(),
        registration: Registration::Automatic,
        addresses: String::new(),
        max_parallel: 0,
    }
}

/// A valid job that fires every minute in UTC.
pub fn draft(executor_id: i32) -> JobDraft {
    JobDraft {
        schedule_kind: ScheduleKind::Cron,
        schedule: "0 * * * * ?".into(),
        ..JobDraft::by_hand(executor_id, "invoice", "invoiceHandler")
    }
}

/// The faults of an error, by field.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(result: Result<T, Error>) -> Vec<(&'static str, Fault)> {
    match result {
        Err(Error::Invalid(faults)) => {
            faults.into_iter().map(|FieldFault { field, fault }| (&*field.leak(), fault)).collect()
        }
        other => panic!("expected wrong fields, got {other:?}"),
    }
}
