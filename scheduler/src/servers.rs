//! The servers that share a database: who is there, what each has, and how the database keeps what it was
//! given.

use crate::audit::{self, Audited, Entry, Object};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::signals::Change;
use crate::store::durability::{self, Durability};
use crate::store::{jobs, leases as store};
use crate::{Error, Result, Services};
use entity::audit_entry::{Noun, Verb};
use entity::server::{Model, ServerState};
use entity::{BUCKETS, DUTY_BUCKET, Millis, bucket};
use serde_json::{Value, json};

/// A server that died is named for so long (ms).
const REMEMBERED: Millis = 24 * 3_600_000;

/// Heartbeats of the last minute; clocks of two machines may differ a little (ms).
const AT_WORK: Millis = 60_000;

/// The servers, and the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Those that are there, and those that died within a day.
    pub servers: Vec<ServerRow>,
    /// Jobs in buckets that nobody has at the moment.
    pub unowned_jobs: u64,
    pub database: Durability,
}

/// A server and what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRow {
    pub server: Model,
    /// Of 256.
    pub buckets: usize,
    pub jobs: u64,
    /// It has the duties that only one server may have.
    pub is_leader: bool,
}

/// The servers, the oldest first.
///
/// # Errors
/// [`Error::Forbidden`] for whoever may not manage servers.
pub async fn cluster(services: &Services, caller: &Caller) -> Result<Cluster> {
    authorise(caller, Action::ManageServers, Scope::Platform)?;
    let (servers, unowned_jobs) = rows(services).await?;
    Ok(Cluster { servers, unowned_jobs, database: durability::read(services.db.reader()).await? })
}

/// The servers, and how many jobs have none.
async fn rows(services: &Services) -> Result<(Vec<ServerRow>, u64)> {
    let reader = services.db.reader();
    let buckets = store::buckets(reader).await?;
    let jobs = jobs::count_by_bucket(reader).await?;
    let jobs_of = |owner: Option<i32>| -> u64 {
        let own = buckets.iter().filter(|bucket| bucket.owner == owner);
        own.filter_map(|bucket| jobs.get(&bucket.id)).sum()
    };
    let now = services.clock.now();
    let mut servers = store::servers(reader).await?;
    servers.retain(|server| server.state.is_alive() || now - server.beat_at < REMEMBERED);
    let row = |server: Model| ServerRow {
        buckets: count(&buckets, server.id),
        jobs: jobs_of(Some(server.id)),
        is_leader: buckets.iter().any(|bucket| bucket.id == DUTY_BUCKET && bucket.owner == Some(server.id)),
        server,
    };
    Ok((servers.into_iter().map(row).collect(), jobs_of(None)))
}

fn count(buckets: &[bucket::Model], server_id: i32) -> usize {
    buckets.iter().filter(|bucket| bucket.id < BUCKETS && bucket.owner == Some(server_id)).count()
}

/// One of the servers of [`cluster`].
///
/// # Errors
/// [`Error::NotFound`] when it is not there (any more).
pub async fn get(services: &Services, caller: &Caller, id: i32) -> Result<ServerRow> {
    authorise(caller, Action::ManageServers, Scope::Platform)?;
    let (servers, _) = rows(services).await?;
    servers.into_iter().find(|row| row.server.id == id).ok_or(Error::NotFound("server"))
}

/// The server that decides for a job; none while nobody does.
pub async fn owner_of_job(services: &Services, job_id: i32) -> Result<Option<Model>> {
    Ok(store::owner_of_job(services.db.reader(), job_id).await?)
}

/// Another server that is at work on this database, as far as its last heartbeat tells, if there is one.
/// `address` is the one that asks.
pub async fn beside(services: &Services, address: &str) -> Result<Option<String>> {
    let now = services.clock.now();
    let is_at_work = |server: &Model| server.state.is_alive() && (now - server.beat_at).abs() < AT_WORK;
    let mut others = store::servers(services.db.reader()).await?.into_iter();
    let other = others.find(|server| is_at_work(server) && server.address != address);
    Ok(other.map(|server| server.address))
}

/// Lets a server hand its jobs over to the others and get none, until it is taken back or starts anew.
///
/// # Errors
/// [`Error::NotFound`] when it is not there (any more).
pub async fn drain(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    set(services, caller, id, Verb::Drain, ServerState::Draining).await
}

/// Lets a server that drains get jobs again.
///
/// # Errors
/// As for [`drain`].
pub async fn take_back(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    set(services, caller, id, Verb::TakeBack, ServerState::Live).await
}

async fn set(services: &Services, caller: &Caller, id: i32, verb: Verb, state: ServerState) -> Result<()> {
    authorise(caller, Action::ManageServers, Scope::Platform)?;
    let transaction = services.db.begin().await?;
    let found = store::by_id_locked(&transaction, id).await?;
    let server = found.filter(|server| server.state.is_alive()).ok_or(Error::NotFound("server"))?;
    if server.state == state {
        return Ok(transaction.rollback().await?);
    }
    store::set_state(&transaction, &server, state).await?;
    audit::commit(services, caller, transaction, [Entry::of(verb, &server)]).await?;
    services.signals.publish(Change::Servers);
    Ok(())
}

impl Audited for Model {
    const NOUN: Noun = Noun::Server;

    fn object(&self) -> Object {
        Object::new(self.id, self.address.clone(), None)
    }

    fn facts(&self) -> Value {
        json!({ "state": self.state })
    }
}
