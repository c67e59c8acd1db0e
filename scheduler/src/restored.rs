//! A database that was put back from a backup, before the first server starts on it.
//!
//! Three things must not go back with it: the ids of runs, the epochs of buckets ([`crate::rules::restored`]), and
//! who is there. What was at an executor when the backup was taken is put in doubt, so that its executor is asked.
//! See `docs/backup.md`.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::rules::restored::{self as rule, Found, Impossible, Leap};
use crate::store::{Db, freezes, restored as store, schema};
use crate::{Error, Result, Services};
use entity::Millis;
use entity::audit_entry::{Noun, Verb};
use entity::freeze::{self, EVERYWHERE};
use entity::id_block::BLOCK;
use entity::job::MisfirePolicy;
use sea_orm::{DatabaseTransaction, Set};
use serde_json::json;
use std::time::Duration;

pub use store::Pulse;

/// What was found and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When the newest thing in the backup was written.
    pub newest: Millis,
    pub now: Millis,
    /// No run gets a smaller number from now on …
    pub first_id: i64,
    /// … and so many numbers were left out.
    pub ids: i64,
    /// By how much each bucket's epoch grew.
    pub epochs: i64,
    /// Servers that were at work when the backup was taken.
    pub servers: u64,
    pub sessions: u64,
    /// Runs that were at executors when the backup was taken.
    pub out: u64,
    /// Runs that waited then, and go out.
    pub waiting: u64,
    /// Jobs that fire by themselves, by what they do about times that passed.
    pub jobs: Vec<(MisfirePolicy, u64)>,
    pub is_frozen: bool,
}

/// The servers that hold leases, or did when the backup was taken. Changes nothing; the schema may be an older one.
///
/// # Errors
/// [`Error::Unavailable`] where there is nothing of ours in the database, or more than this program knows.
pub async fn pulses(db: &Db) -> Result<Vec<Pulse>> {
    if schema::status(db).await?.iter().all(|step| !step.applied) {
        return Err(Error::Unavailable("the database is empty: put the backup into it first".to_owned()));
    }
    schema::refuse_newer(db).await?;
    Ok(store::pulses(db.reader()).await?)
}

/// Looks for a server that renews its lease or takes one within this time, which is to be as long as a lease;
/// returns the pulses that none of them changed. Where nobody holds a lease nothing is waited for.
///
/// # Errors
/// As [`pulses`]; [`Error::Unavailable`] naming the server.
pub async fn without_servers(db: &Db, lease: Duration) -> Result<Vec<Pulse>> {
    let before = pulses(db).await?;
    if !before.is_empty() {
        tokio::time::sleep(lease).await;
    }
    still(&before, store::pulses(db.reader()).await?)
}

/// The same pulses, or the server that has another one.
fn still(before: &[Pulse], after: Vec<Pulse>) -> Result<Vec<Pulse>> {
    match after.iter().find(|pulse| !before.contains(pulse)) {
        None => Ok(after),
        Some(Pulse { address, .. }) => Err(Error::Unavailable(format!(
            "the server {address} is at work on this database: stop every server before it is prepared"
        ))),
    }
}

/// Prepares the database, which has this program's schema, for the first server. `pulses` are those that nobody
/// changes any more. With `frozen` everything stands still until somebody thaws it. A second time does no harm.
///
/// # Errors
/// [`Error::Unavailable`] with the reason: a server is at work after all, the clock shows a time before the
/// backup, or there is nothing to go on from.
pub async fn prepare(services: &Services, caller: &Caller, pulses: &[Pulse], frozen: bool) -> Result<Report> {
    authorise(caller, Action::ManageServers, Scope::Platform)?;
    let transaction = services.db.begin().await?;
    still(pulses, store::pulses(&transaction).await?)?;
    let now = store::now(&transaction).await?;
    let found = store::found(&transaction).await?;
    let found = found.ok_or_else(|| refused("no server has ever worked on this database: just start one"))?;
    let leap = rule::leap(found, now).map_err(|why| refused(words(why)))?;
    store::leap(&transaction, leap).await?;
    let report = report(&transaction, found, leap, now).await?;
    let mut entries = vec![entry(&report)];
    if frozen {
        entries.extend(freeze(&transaction, now).await?.map(|freeze| Entry::of(Verb::Start, &freeze)));
    }
    let is_frozen = freezes::lasts(&transaction, EVERYWHERE).await?;
    audit::commit(services, caller, transaction, entries).await?;
    Ok(Report { is_frozen, ..report })
}

/// Does the rest, and says what there was.
async fn report(transaction: &DatabaseTransaction, found: Found, leap: Leap, now: Millis) -> Result<Report> {
    let mut jobs = Vec::new();
    for policy in [MisfirePolicy::Skip, MisfirePolicy::FireOnce, MisfirePolicy::FireAll] {
        jobs.push((policy, store::firing(transaction, policy).await?));
    }
    Ok(Report {
        newest: found.newest,
        now,
        first_id: leap.last_block + BLOCK,
        ids: leap.last_block - found.last_block.unwrap_or(0),
        epochs: leap.epochs,
        servers: store::end_leases(transaction).await?,
        sessions: store::end_sessions(transaction).await?,
        out: store::doubt(transaction).await?,
        waiting: store::waiting(transaction).await?,
        jobs,
        is_frozen: false,
    })
}

/// What the audit says about it: with it whoever reads the chain knows where the entries since the backup are
/// missing.
fn entry(report: &Report) -> Entry {
    let Report { newest, first_id, epochs, servers, sessions, out, .. } = report;
    Entry::about(Noun::Database, Verb::Restore).with(json!({
        "newest": newest, "first_run_id": first_id, "epochs": epochs, "servers": servers, "sessions": sessions,
        "runs_in_doubt": out,
    }))
}

/// Freezes everything, unless it is frozen already.
async fn freeze(transaction: &DatabaseTransaction, now: Millis) -> Result<Option<freeze::Model>> {
    if freezes::lasts(transaction, EVERYWHERE).await? {
        return Ok(None);
    }
    let row = freeze::ActiveModel {
        namespace_id: Set(EVERYWHERE),
        reason: Set("the database was put back from a backup".to_owned()),
        frozen_by: Set(None),
        frozen_at: Set(now),
        ..Default::default()
    };
    Ok(Some(freezes::insert(transaction, row).await?))
}

fn refused(reason: &str) -> Error {
    Error::Unavailable(reason.to_owned())
}

fn words(why: Impossible) -> &'static str {
    match why {
        Impossible::FromTheFuture => {
            "the database's clock shows a time before the newest thing in the backup: set the clock of its machine"
        }
        Impossible::TooHigh => "the numbers of runs or the epochs of buckets would come to their end",
    }
}
