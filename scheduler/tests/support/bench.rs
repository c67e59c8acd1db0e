//! One store under test, with what is needed to fill it and to look at it.

use crate::database::Fresh;
use entity::{
    BUCKETS, bucket, calendar, executor, id_block, instance, job, job_cursor, run, run_by_job, run_text,
    stat_hour,
};
use scheduler::engine::holdings::Holdings;
use scheduler::store::engine::{
    Assignment, Authority, Lease, MemoryStore, Newcomer, SqlStore, Store, Vitals,
};
use scheduler::store::ids::RunIds;
use sea_orm::{EntityTrait, QueryOrder};
use std::sync::Mutex;

pub struct Bench {
    store: Box<dyn Store>,
    back: Back,
    authority: Mutex<Option<Authority>>,
}

enum Back {
    Memory(MemoryStore),
    Sql(Fresh),
}

/// One test per backend from one body.
macro_rules! conform {
    ($name:ident, $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn in_memory() {
                let body = $body;
                body(&Bench::memory()).await;
            }

            #[tokio::test]
            async fn on_sqlite() {
                let body = $body;
                body(&Bench::sqlite().await).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let body = $body;
                if let Some(bench) = Bench::on_server("ORRERY_TEST_POSTGRES_URL").await {
                    body(&bench).await;
                }
            }

            #[tokio::test]
            async fn on_mysql() {
                let body = $body;
                if let Some(bench) = Bench::on_server("ORRERY_TEST_MYSQL_URL").await {
                    body(&bench).await;
                }
            }
        }
    };
}
pub(crate) use conform;

impl Bench {
    pub fn memory() -> Self {
        let store = MemoryStore::default();
        Self { store: Box::new(store.clone()), back: Back::Memory(store), authority: Mutex::default() }
    }

    /// Where the store has no clock of its own, it shows this time from now on.
    pub fn set_clock(&self, now: i64) {
        if let Back::Memory(store) = &self.back {
            store.tables().now = now;
        }
    }

    pub async fn sqlite() -> Self {
        Self::of(Fresh::sqlite().await)
    }

    /// A new database on the server that the variable names; none where it is not set.
    pub async fn on_server(variable: &str) -> Option<Self> {
        let Ok(server) = std::env::var(variable) else {
            eprintln!("skipped: {variable} is not set");
            return None;
        };
        Some(Self::of(Fresh::on_server(&server).await))
    }

    fn of(fresh: Fresh) -> Self {
        let store = Box::new(SqlStore::new(fresh.databases.engine.clone()));
        Self { store, back: Back::Sql(fresh), authority: Mutex::default() }
    }

    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// A server with this identity, which holds what its life before held.
    pub async fn join(&self, identity: &str) -> Lease {
        let newcomer = Newcomer {
            identity: identity.to_owned(),
            incarnation: rand::random_range(1..1 << 53),
            address: String::new(),
            cluster_url: format!("http://{identity}:8080"),
            lease_ms: 0,
            now: 0,
        };
        self.store.join(&newcomer).await.unwrap()
    }

    /// The same, which takes every free bucket.
    pub async fn server(&self, identity: &str) -> Authority {
        let lease = self.join(identity).await;
        let before = self.store.renew(lease, Vitals::default()).await.unwrap().unwrap();
        let free = before.buckets.iter().filter(|bucket| bucket.owner.is_none());
        let take = |bucket: &bucket::Model| Assignment {
            bucket: bucket.id,
            seen: bucket.epoch,
            owner: lease.server_id,
        };
        self.store.assign(&free.map(take).collect::<Vec<_>>()).await.unwrap();
        let renewal = self.store.renew(lease, Vitals::default()).await.unwrap().unwrap();
        let holdings = Holdings::default().followed_by(lease, &renewal, 0);
        let authority = holdings.authority(0..=BUCKETS).unwrap();
        *self.authority.lock().unwrap() = Some(authority.clone());
        authority
    }

    /// The right of the last server that joined.
    pub async fn authority(&self) -> Authority {
        self.authority.lock().unwrap().clone().unwrap()
    }

    pub async fn put_executor(&self, row: executor::Model) {
        match &self.back {
            Back::Memory(store) => drop(store.tables().executors.insert(row.id, row)),
            Back::Sql(fresh) => fresh.put_executor(row).await,
        }
    }

    pub async fn put_instance(&self, row: instance::Model) {
        match &self.back {
            Back::Memory(store) => drop(store.tables().instances.insert(row.id, row)),
            Back::Sql(fresh) => fresh.put_instance(row).await,
        }
    }

    pub async fn put_job(&self, job: job::Model, cursor: job_cursor::Model) {
        match &self.back {
            Back::Memory(store) => {
                let mut tables = store.tables();
                tables.cursors.insert(job.id, cursor);
                tables.jobs.insert(job.id, job);
            }
            Back::Sql(fresh) => fresh.put_job(job, cursor).await,
        }
    }

    pub async fn put_calendar(&self, row: calendar::Model) {
        match &self.back {
            Back::Memory(store) => drop(store.tables().calendars.insert(row.id, row)),
            Back::Sql(fresh) => fresh.put_calendar(row).await,
        }
    }

    pub async fn put_child(&self, parent_id: i32, child_id: i32) {
        match &self.back {
            Back::Memory(store) => drop(store.tables().children.insert((parent_id, child_id))),
            Back::Sql(fresh) => fresh.put_child(parent_id, child_id).await,
        }
    }

    pub async fn put_run(&self, run: run::Model, parameter: Option<&str>) {
        match &self.back {
            Back::Memory(store) => {
                let mut tables = store.tables();
                if let Some(parameter) = parameter {
                    tables.parameters.insert(run.id, parameter.to_owned());
                }
                tables.runs.insert(run.id, run);
            }
            Back::Sql(fresh) => fresh.put_run(run, parameter).await,
        }
    }

    /// The first block of ids.
    pub async fn put_block(&self, start: i64) {
        match &self.back {
            Back::Memory(store) => drop(store.tables().blocks.insert(start, start)),
            Back::Sql(fresh) => {
                let ids = RunIds::new(fresh.databases.engine.clone());
                assert_eq!(ids.take_one().await.unwrap(), start);
                assert_eq!(
                    id_block::Entity::find().all(fresh.databases.web.reader()).await.unwrap().len(),
                    1
                );
            }
        }
    }

    pub async fn run(&self, id: i64) -> Option<run::Model> {
        self.store.runs(&[id]).await.unwrap().pop().map(|found| found.run)
    }

    /// Result and late result.
    pub async fn texts(&self, id: i64) -> (Option<String>, Option<String>) {
        match &self.back {
            Back::Memory(store) => {
                let texts = store.tables().texts.get(&id).cloned().unwrap_or_default();
                (texts.result, texts.late_result)
            }
            Back::Sql(fresh) => {
                let found = run_text::Entity::find_by_id(id).one(fresh.databases.web.reader()).await.unwrap();
                found.map(|texts| (texts.result, texts.late_result)).unwrap_or_default()
            }
        }
    }

    /// Whom it was routed past, as stored.
    pub async fn tries(&self, id: i64) -> Option<String> {
        match &self.back {
            Back::Memory(store) => store.tables().texts.get(&id).and_then(|texts| texts.tries.clone()),
            Back::Sql(fresh) => {
                let found = run_text::Entity::find_by_id(id).one(fresh.databases.web.reader()).await.unwrap();
                found.and_then(|texts| texts.tries)
            }
        }
    }

    /// How a job used its instances: (instance, uses, when last), sorted.
    pub async fn uses(&self, job_id: i32) -> Vec<(i32, i64, i64)> {
        let uses = self.store.route_uses(&[job_id]).await.unwrap();
        let mut uses: Vec<_> =
            uses.iter().map(|used| (used.instance_id, used.uses, used.last_used)).collect();
        uses.sort_unstable();
        uses
    }

    /// (hour, executor, outcome, runs), sorted.
    pub async fn outcomes(&self) -> Vec<(i64, i32, i16, i64)> {
        match &self.back {
            Back::Memory(store) => {
                let tables = store.tables();
                tables
                    .outcomes
                    .iter()
                    .map(|((hour, id, outcome, _), runs)| (*hour, *id, *outcome, *runs))
                    .collect()
            }
            Back::Sql(fresh) => {
                let rows = stat_hour::Entity::find().order_by_asc(stat_hour::Column::Outcome);
                let rows = rows.all(fresh.databases.web.reader()).await.unwrap();
                rows.into_iter().map(|row| (row.hour, row.executor_id, row.outcome, row.runs)).collect()
            }
        }
    }

    /// `run_by_job`, sorted.
    pub async fn by_job(&self) -> Vec<(i32, i64, i64)> {
        match &self.back {
            Back::Memory(store) => store.tables().by_job.iter().copied().collect(),
            Back::Sql(fresh) => {
                let rows = run_by_job::Entity::find().order_by_asc(run_by_job::Column::RunId);
                let rows = rows.all(fresh.databases.web.reader()).await.unwrap();
                rows.into_iter().map(|row| (row.job_id, row.due_at, row.run_id)).collect()
            }
        }
    }
}
