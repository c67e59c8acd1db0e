//! A function of the server whose transaction the database gives up for another one's sake, asked for as a browser
//! does: it is carried out again, and who asked for it learns nothing of that.

use crate::support::TestServer;
use entity::audit_entry::{Noun, Verb};
use entity::user::UserRole;
use entity::{audit_entry, audit_head, run};
use sea_orm::{
    ColumnTrait, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait,
    PaginatorTrait, QueryFilter, Statement, TransactionTrait,
};
use server::http::access::FUNCTIONS;
use std::time::Duration;

/// Between two questions: to whoever asks again within a tenth of a second InnoDB says what it said before.
const ASKS_EVERY: Duration = Duration::from_millis(150);
/// Rows that the test's transaction writes: InnoDB gives up the one that has changed less.
const WEIGHT: usize = 100;

/// A transaction of the test, on a connection of its own.
struct Own {
    transaction: DatabaseTransaction,
    /// By which the database calls the connection.
    connection: i64,
}

impl Own {
    async fn begin(database: &DatabaseConnection) -> Self {
        let transaction = database.begin().await.unwrap();
        let own = match database.get_database_backend() {
            DbBackend::Postgres => "CAST(pg_backend_pid() AS BIGINT)",
            _ => "CAST(CONNECTION_ID() AS SIGNED)",
        };
        let connection = number(&transaction, own).await;
        Self { transaction, connection }
    }

    async fn run(&self, statement: &str) {
        self.transaction.execute_unprepared(statement).await.unwrap();
    }
}

/// What this expression comes to.
async fn number(database: &impl ConnectionTrait, expression: &str) -> i64 {
    let question = format!("SELECT {expression} AS number");
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), question)).await;
    row.unwrap().unwrap().try_get("", "number").unwrap()
}

/// Whether somebody waits for what this connection has locked.
async fn holds_up_somebody(database: &DatabaseConnection, connection: i64) -> bool {
    let waiting = match database.get_database_backend() {
        DbBackend::Postgres => {
            format!("(SELECT COUNT(*) FROM pg_stat_activity WHERE {connection} = ANY(pg_blocking_pids(pid)))")
        }
        _ => among_waits(connection, "blocking_trx_id"),
    };
    number(database, &waiting).await > 0
}

/// Whether this connection waits for what somebody has locked.
async fn is_held_up(database: &DatabaseConnection, connection: i64) -> bool {
    let waits = match database.get_database_backend() {
        DbBackend::Postgres => format!("CAST(cardinality(pg_blocking_pids({connection})) AS BIGINT)"),
        _ => among_waits(connection, "requesting_trx_id"),
    };
    number(database, &waits).await > 0
}

/// How many waits for locks of InnoDB this connection is in.
fn among_waits(connection: i64, as_whom: &str) -> String {
    format!(
        "(SELECT COUNT(*) FROM information_schema.innodb_lock_waits AS waits \
         JOIN information_schema.innodb_trx AS trx ON trx.trx_id = waits.{as_whom} \
         WHERE trx.trx_mysql_thread_id = {connection})"
    )
}

/// How many circles of waiting transactions the database has found.
async fn deadlocks(database: &DatabaseConnection) -> i64 {
    let found = match database.get_database_backend() {
        DbBackend::Postgres => "(SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())",
        _ => {
            "(SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status \
             WHERE variable_name = 'INNODB_DEADLOCKS')"
        }
    };
    number(database, found).await
}

/// Asks until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(ASKS_EVERY).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// An empty database on this server.
async fn new_database(server: &str) -> String {
    let name = format!("orrery_test_{:x}", rand::random::<u64>());
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// Somebody starts a job by hand. The function locks the job and then the head of the audit; two transactions of the
/// test see to it that it gets the one while a transaction that has the other waits for it.
async fn a_run_by_hand_whose_transaction_is_given_up_is_there_once(variable: &str) {
    let Ok(server) = std::env::var(variable) else {
        eprintln!("skipped: {variable} is not set");
        return;
    };
    let url = new_database(&server).await;
    let test = TestServer::start_on(&url).await;
    let (executor, _) = test.executor("billing").await;
    let job = test.job(executor.id, "invoice").await;
    let cookie = test.signed_in("ada", UserRole::SuperAdmin).await;
    let database = Database::connect(&url).await.unwrap();
    database.execute_unprepared("CREATE TABLE weight (id BIGINT NOT NULL)").await.unwrap();

    let lock_job = format!("SELECT id FROM job WHERE id = {job} FOR UPDATE");
    let (first, other) = (Own::begin(&database).await, Own::begin(&database).await);
    first.run(&lock_job).await;
    if database.get_database_backend() == DbBackend::Postgres {
        // PostgreSQL gives up the transaction that first looks whether it waits in a circle.
        other.run("SET LOCAL deadlock_timeout = '1h'").await;
    }
    other.run(&format!("INSERT INTO weight VALUES {}", vec!["(1)"; WEIGHT].join(", "))).await;
    other.run(&format!("SELECT id FROM audit_head WHERE id = {} FOR UPDATE", audit_head::THE_ONE)).await;

    let request = test.post(&format!("{FUNCTIONS}app/api/jobs/run_job")).body(format!("id={job}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let asked = tokio::spawn(request.header("cookie", cookie).send());
    until("the function waits for the job", || holds_up_somebody(&database, first.connection)).await;
    let (connection, before) = (other.connection, deadlocks(&database).await);
    let meeting = tokio::spawn(async move {
        // Behind the function, which therefore gets the job, and gives it up again.
        other.run(&lock_job).await;
        other.transaction.commit().await.unwrap();
    });
    until("the other transaction waits behind it", || is_held_up(&database, connection)).await;
    assert!(!asked.is_finished() && !meeting.is_finished());
    first.transaction.rollback().await.unwrap();
    meeting.await.unwrap();
    until("they met", async || deadlocks(&database).await > before).await;

    let answer = asked.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let runs = run::Entity::find().filter(run::Column::JobId.eq(job)).count(&database).await.unwrap();
    let entries = audit_entry::Entity::find()
        .filter(audit_entry::Column::Noun.eq(Noun::Job))
        .filter(audit_entry::Column::Verb.eq(Verb::Run));
    assert_eq!((runs, entries.count(&database).await.unwrap()), (1, 1));
    test.server.stop().await;
}

#[tokio::test]
async fn a_function_that_postgresql_gave_up_for_another_is_carried_out_again_and_once() {
    a_run_by_hand_whose_transaction_is_given_up_is_there_once("ORRERY_TEST_POSTGRES_URL").await;
}

#[tokio::test]
async fn a_function_that_mariadb_gave_up_for_another_is_carried_out_again_and_once() {
    a_run_by_hand_whose_transaction_is_given_up_is_there_once("ORRERY_TEST_MYSQL_URL").await;
}
