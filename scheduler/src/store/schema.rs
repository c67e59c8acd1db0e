//! Bringing the database to this program's schema, and refusing one that is newer.

use super::Db;
use crate::{Error, Result};
use migration::{MigratorTrait, SchemaManager, WholeMigrator};
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::collections::HashSet;

/// Names the lock on PostgreSQL (a number) and MySQL (a text); any constant of our own will do.
const LOCK: i64 = 0x6f72_7265_7279;

/// One migration and whether it has been applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub applied: bool,
}

/// All migrations this program knows, in order.
pub async fn status(db: &Db) -> Result<Vec<Step>> {
    let applied = applied(db).await?;
    let name_of = |name: String| Step { applied: applied.contains(&name), name };
    Ok(WholeMigrator::migrations().iter().map(|step| name_of(step.name().to_owned())).collect())
}

/// Applies what is missing. Several servers may call this at once: one works, the others wait.
///
/// # Errors
/// [`Error::Unavailable`] when the database holds a migration that this program does not know.
pub async fn up(db: &Db) -> Result<()> {
    refuse_newer(db).await?;
    locked(db, async || Ok(migration::up(db.writer()).await?)).await
}

/// Takes back the last `steps` migrations, with their data.
pub async fn down(db: &Db, steps: u32) -> Result<()> {
    refuse_newer(db).await?;
    locked(db, async || Ok(WholeMigrator::down(db.writer(), Some(steps)).await?)).await
}

/// # Errors
/// [`Error::Unavailable`] when the database holds a migration that this program does not know.
pub async fn refuse_newer(db: &Db) -> Result<()> {
    let known: HashSet<_> = WholeMigrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    match applied(db).await?.into_iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Error::Unavailable(format!(
            "the database is newer than this program ({}): it holds the migration {name}; start a newer version",
            env!("CARGO_PKG_VERSION"),
        ))),
    }
}

/// Names of the applied migrations; none in an empty database. Only reads.
async fn applied(db: &Db) -> Result<HashSet<String>> {
    let manager = SchemaManager::new(db.reader());
    if !manager.has_table(WholeMigrator::migration_table_name().to_string()).await? {
        return Ok(HashSet::new());
    }
    let query = Query::select().column("version").from(WholeMigrator::migration_table_name()).take();
    let rows = db.reader().query_all(&query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
}

/// Runs `work` while no other server migrates. On SQLite the data folder's lock sees to that, and
/// the one write connection; the others have locks that end with their connection.
async fn locked(db: &Db, work: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let (take, give) = match db.backend() {
        DbBackend::Postgres => (format!("SELECT pg_advisory_xact_lock({LOCK})"), "SELECT 1".to_owned()),
        DbBackend::MySql => {
            (format!("SELECT GET_LOCK('{LOCK}', 300)"), format!("SELECT RELEASE_LOCK('{LOCK}')"))
        }
        _ => return work().await,
    };
    let holder = db.begin().await?;
    if db.backend() == DbBackend::Postgres {
        // It stands still until everything is migrated, and is to.
        holder.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    }
    holder.query_one_raw(Statement::from_string(db.backend(), take)).await?;
    let done = work().await;
    holder.query_one_raw(Statement::from_string(db.backend(), give)).await?;
    holder.commit().await?;
    done
}
