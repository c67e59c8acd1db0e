//! Opening the database: one URL, three backends, separate pools for engine and web.

mod checkpoints;
mod dump;
mod places;

pub use dump::dump_command;
pub use places::hosts as database_hosts;

use crate::{Error, Result};
use places::{Places, split};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, SqlxMySqlConnector,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, MySql, MySqlConnection, Postgres};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// How long anybody waits for a connection before the database counts as unavailable.
const ACQUIRE: Duration = Duration::from_secs(10);
/// A transaction that stands still for 3 s is ended by the database: less than a lease, for a server that stands
/// still amid one holds rows that the others need in order to take its work over.
const END_STILL_ON_POSTGRES: &str = "SET idle_in_transaction_session_timeout = '3s'";
/// Those that have written. MySQL knows no such setting.
const END_STILL_ON_MARIADB: &str = "SET SESSION idle_write_transaction_timeout = 3";
/// On a node of a Galera cluster a transaction begins when the node has what was committed at every other; a moment
/// later is usual. A database that knows no such setting has no such nodes.
const SEE_EVERY_NODE: &str = "SET SESSION wsrep_sync_wait = 1";
/// KiB of pages that SQLite's writer keeps: with the 2 MiB that it keeps by itself, a burst is written twice.
const CACHE: &str = "-16384";
/// How long SQLite waits for another process's lock (the command line beside a running server).
const BUSY: Duration = Duration::from_secs(5);

/// A way to the database for one purpose. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    backend: DbBackend,
    read: DatabaseConnection,
    write: DatabaseConnection,
}

/// The same database twice: pages cannot use up the connections that fires need.
#[derive(Clone, Debug)]
pub struct Databases {
    pub web: Db,
    pub engine: Db,
}

impl Db {
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// For queries. On SQLite these connections cannot write.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Begins a transaction that may write; dropped without a commit, it is rolled back.
    ///
    /// On SQLite there is one write connection for the whole server: hold it briefly (≤ 20 ms) and
    /// await nothing but the database meanwhile.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        if self.backend == DbBackend::Sqlite {
            let options = TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            };
            return Ok(self.write.begin_with_options(options).await?);
        }
        // In a task of its own, which goes on when the caller is given up: a BEGIN of which the answer was not
        // awaited leaves its connection inside a transaction that sqlx 0.9 does not know of.
        let write = self.write.clone();
        let begun = tokio::spawn(async move { write.begin().await });
        Ok(begun.await.map_err(|error| Error::Internal(error.to_string()))??)
    }

    /// For a statement that is a transaction by itself, and for migrations.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.write
    }
}

impl Databases {
    /// Opens `url`: `sqlite:<path>` (created if missing), `postgres://…`, or `mysql://…` (also for
    /// MariaDB). The latter two may name several hosts, separated by commas: the one that writes is found, also when
    /// it changes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the reason, when the URL is none of these or nobody answers.
    pub async fn connect(url: &str) -> Result<Self> {
        let opened = match url.split(':').next() {
            Some("sqlite") => sqlite(url).await,
            Some("postgres" | "postgresql") => postgres(url).await,
            Some("mysql" | "mariadb") => mysql(url).await,
            _ => return Err(unavailable("the URL must begin with sqlite:, postgres:// or mysql://")),
        };
        opened.map_err(|error| unavailable(&error.to_string()))
    }

    pub async fn close(self) -> Result<()> {
        for db in [self.engine, self.web] {
            db.read.close().await?;
            db.write.close().await?;
        }
        Ok(())
    }
}

fn unavailable(reason: &str) -> Error {
    Error::Unavailable(format!("the database cannot be opened: {reason}"))
}

/// WAL with `synchronous=FULL`: a commit that was answered is on disk.
async fn sqlite(url: &str) -> Result<Databases, sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(512);
    if let Some(folder) = options.get_filename().parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder)?;
    }
    // A connection to a file is not lost, and asking it first would be a way to its thread and back before each
    // statement.
    let pool = |connections| {
        let options = SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
        options.acquire_timeout(ACQUIRE)
    };
    // SQLite ends a transaction by itself where the disk fails, which sqlx does not notice: it takes every
    // later transaction for a part of that one, and nothing would be committed any more.
    let write = pool(1).before_acquire(|connection, _| {
        let is_clean = !connection.is_in_transaction();
        Box::pin(async move { Ok(is_clean) })
    });
    // A statement over many rows keeps what it would have to take back: in memory, not in a file.
    let writing = options.clone().pragma("temp_store", "memory").pragma("cache_size", CACHE);
    let writing = writing.pragma("wal_autocheckpoint", checkpoints::LONGEST_LOG);
    let write = write.connect_with(writing).await?;
    checkpoints::follow(write.clone(), pool(1).connect_lazy_with(options.clone()));
    let write = SqlxSqliteConnector::from_sqlx_sqlite_pool(write);
    let readers = options.read_only(true);
    let db = |pool| Db {
        backend: DbBackend::Sqlite,
        read: SqlxSqliteConnector::from_sqlx_sqlite_pool(pool),
        write: write.clone(),
    };
    Ok(Databases {
        web: db(pool(8).connect_with(readers.clone()).await?),
        engine: db(pool(2).connect_with(readers).await?),
    })
}

async fn postgres(url: &str) -> Result<Databases, sqlx::Error> {
    let options = |url: &String| Ok(PgConnectOptions::from_str(url)?.application_name("orrery"));
    let all = split(url).iter().map(options).collect::<Result<_, sqlx::Error>>()?;
    let places: Places<Postgres> = Places::find(all).await?;
    let open = async |connections| {
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
        let pool = pool.after_connect(|connection, _| {
            Box::pin(async move {
                use sqlx::Executor;
                connection.execute(END_STILL_ON_POSTGRES).await.map(drop)
            })
        });
        places.open(pool).await
    };
    let (web, engine) = (open(12).await?, open(6).await?);
    places.follow(vec![web.clone(), engine.clone()]);
    let db = |pool| {
        let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        Db { backend: DbBackend::Postgres, read: pool.clone(), write: pool }
    };
    Ok(Databases { web: db(web), engine: db(engine) })
}

/// MySQL and MariaDB at READ COMMITTED, as the other two: their own default takes gap locks.
async fn mysql(url: &str) -> Result<Databases, sqlx::Error> {
    let url = url.replacen("mariadb:", "mysql:", 1);
    let options = |url: &String| Ok(MySqlConnectOptions::from_str(url)?.charset("utf8mb4"));
    let all = split(&url).iter().map(options).collect::<Result<_, sqlx::Error>>()?;
    let places: Places<MySql> = Places::find(all).await?;
    let open = async |connections| {
        let pool = MySqlPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE);
        let pool = pool.after_connect(|connection, _| {
            Box::pin(async move {
                use sqlx::Executor;
                connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
                set_if_known(connection, END_STILL_ON_MARIADB).await?;
                set_if_known(connection, SEE_EVERY_NODE).await
            })
        });
        places.open(pool).await
    };
    let (web, engine) = (open(12).await?, open(6).await?);
    places.follow(vec![web.clone(), engine.clone()]);
    let db = |pool| {
        let pool = SqlxMySqlConnector::from_sqlx_mysql_pool(pool);
        Db { backend: DbBackend::MySql, read: pool.clone(), write: pool }
    };
    Ok(Databases { web: db(web), engine: db(engine) })
}

/// A setting of the session that not every kind of the database has.
async fn set_if_known(connection: &mut MySqlConnection, setting: &'static str) -> Result<(), sqlx::Error> {
    use sqlx::Executor;
    /// `ER_UNKNOWN_SYSTEM_VARIABLE`
    const UNKNOWN: u16 = 1193;
    let is_unknown = |error: &sqlx::Error| {
        let error =
            error.as_database_error().and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
        error.is_some_and(|error| error.number() == UNKNOWN)
    };
    match connection.execute(setting).await {
        Err(error) if !is_unknown(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{ConnectionTrait, Statement};

    /// Ends by the database's own rollback, as every transaction does in which the disk fails.
    async fn broken(db: &Db) {
        let transaction = db.begin().await.unwrap();
        let twice = "INSERT OR ROLLBACK INTO t VALUES (1), (1)";
        transaction.execute_unprepared(twice).await.unwrap_err();
        drop(transaction.rollback().await);
    }

    #[tokio::test]
    async fn after_a_transaction_that_sqlite_ended_by_itself_the_next_ones_are_committed() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
        let db = Databases::connect(&url).await.unwrap().engine;
        db.writer().execute_unprepared("CREATE TABLE t (id INTEGER PRIMARY KEY)").await.unwrap();
        broken(&db).await;
        drop(db.begin().await.unwrap());
        let transaction = db.begin().await.unwrap();
        transaction.execute_unprepared("INSERT INTO t VALUES (2)").await.unwrap();
        transaction.commit().await.unwrap();
        let found = Statement::from_string(db.backend(), "SELECT id FROM t");
        assert_eq!(db.reader().query_all_raw(found).await.unwrap().len(), 1);
    }
}
