//! The schema goes up, down and up again on every backend, and every entity selects on it.
//!
//! SQLite always; PostgreSQL and MySQL/MariaDB where `ORRERY_TEST_POSTGRES_URL` and
//! `ORRERY_TEST_MYSQL_URL` name a server on which databases may be created.

#[path = "support/frail_link.rs"]
mod frail_link;

use scheduler::store::{Databases, schema};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, EntityTrait, Statement};

/// An empty database of its own on the server at `url`.
async fn fresh(url: &str) -> String {
    let name = format!("migrations_{:x}", rand::random::<u64>());
    let server = Database::connect(url).await.expect("the test server answers");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("create an empty one");
    let base = url.rsplit_once('/').expect("the URL names a database").0;
    format!("{base}/{name}")
}

async fn every_entity_selects(databases: &Databases) {
    let db = databases.web.reader();
    macro_rules! selects {
        ($($table:ident),*) => {
            $(entity::$table::Entity::find().one(db).await.expect(stringify!($table));)*
        };
    }
    selects!(
        alert,
        alert_rule,
        alert_run,
        api_token,
        approval,
        audit_access,
        audit_entry,
        audit_head,
        bucket,
        calendar,
        channel,
        cleaning,
        dealing,
        delivery,
        executor,
        former_user,
        freeze,
        grant,
        host_minute,
        host_sample,
        host_state,
        id_block,
        incident,
        instance,
        instance_handlers,
        job,
        job_child,
        job_cursor,
        log,
        log_part,
        job_source,
        namespace,
        route_use,
        run,
        run_by_job,
        run_text,
        server,
        session,
        sign_in_guard,
        stat_hour,
        turned_away,
        user
    );
}

async fn up_down_up(url: &str) {
    let databases = Databases::connect(url).await.expect("the database opens");
    let db = &databases.web;
    schema::up(db).await.expect("up");
    let steps = schema::status(db).await.expect("status");
    assert!(steps.iter().all(|step| step.applied), "{steps:?}");
    every_entity_selects(&databases).await;
    schema::down(db, steps.len() as u32).await.expect("down");
    assert!(schema::status(db).await.expect("status").iter().all(|step| !step.applied));
    schema::up(db).await.expect("up again");
    schema::up(db).await.expect("up where nothing is missing changes nothing");
    every_entity_selects(&databases).await;
    databases.close().await.expect("close");
}

#[tokio::test]
async fn migrations_go_up_down_and_up_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    up_down_up(&format!("sqlite:{}", folder.path().join("orrery.db").display())).await;
}

#[tokio::test]
async fn migrations_go_up_down_and_up_on_postgresql() {
    if let Ok(url) = std::env::var("ORRERY_TEST_POSTGRES_URL") {
        up_down_up(&fresh(&url).await).await;
    }
}

#[tokio::test]
async fn migrations_go_up_down_and_up_on_mysql() {
    if let Ok(url) = std::env::var("ORRERY_TEST_MYSQL_URL") {
        up_down_up(&fresh(&url).await).await;
    }
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
    let databases = Databases::connect(&url).await.expect("the database opens");
    schema::up(&databases.web).await.expect("up");
    let newer = Database::connect(&url).await.expect("a second connection");
    let insert = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_000001_future', 0)";
    newer.execute_unprepared(insert).await.expect("a migration of the future");
    let refused = schema::up(&databases.web).await.expect_err("refused");
    assert!(refused.to_string().contains("m99990101_000001_future"), "{refused}");
}

#[tokio::test]
async fn a_migration_that_does_not_come_to_its_end_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
    let databases = Databases::connect(&url).await.expect("the database opens");
    let other = Database::connect(&url).await.expect("a second connection");
    // The last table of the first migration.
    other.execute_unprepared("CREATE TABLE sign_in_guard (id INTEGER)").await.expect("in the way");
    schema::up(&databases.web).await.expect_err("it cannot end");
    other.execute_unprepared("DROP TABLE sign_in_guard").await.expect("out of the way");
    schema::up(&databases.web).await.expect("the next start begins it anew");
    every_entity_selects(&databases).await;
}

/// What a database on MySQL or MariaDB consists of: columns and indexes, all that is said of them.
async fn shape(db: &DatabaseConnection) -> Vec<String> {
    let columns = "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default) \
                   AS line FROM information_schema.columns WHERE table_schema = DATABASE()";
    let indexes = "SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name, non_unique) \
                   AS line FROM information_schema.statistics WHERE table_schema = DATABASE()";
    let mut lines = Vec::new();
    for sql in [columns, indexes] {
        let rows = db.query_all_raw(Statement::from_string(DbBackend::MySql, sql)).await.expect("the shape");
        lines.extend(rows.iter().map(|row| row.try_get::<String>("", "line").expect("a line")));
    }
    lines.sort();
    lines
}

/// How many of the migrations are applied.
async fn applied(url: &str) -> usize {
    let databases = Databases::connect(url).await.expect("the database opens");
    let steps = schema::status(&databases.web).await.expect("status");
    databases.close().await.expect("close");
    steps.iter().filter(|step| step.applied).count()
}

/// Migrates over a link that breaks after so many changes; whether that was enough.
async fn up_within(url: &str, changes: i64) -> bool {
    let link = frail_link::lasting_for(url, changes).await;
    let databases = Databases::connect(&link).await.expect("it connects");
    let done = schema::up(&databases.web).await;
    // Its connections may be broken.
    drop(databases.close().await);
    done.is_ok()
}

#[tokio::test]
async fn on_mysql_a_migration_that_is_stopped_after_any_statement_is_begun_anew() {
    let Ok(server) = std::env::var("ORRERY_TEST_MYSQL_URL") else { return };
    let (whole, url) = (fresh(&server).await, fresh(&server).await);
    let uninterrupted = Databases::connect(&whole).await.expect("the database opens");
    schema::up(&uninterrupted.web).await.expect("up");
    let steps = schema::status(&uninterrupted.web).await.expect("status").len();
    let root = Database::connect(&url).await.expect("a connection");
    let (mut done, mut changes, mut stops) = (0, 0, 0);
    while done < steps {
        changes += 1;
        stops += u32::from(!up_within(&url, changes).await);
        // A table of somebody else's that came meanwhile stays.
        root.execute_unprepared("CREATE TABLE IF NOT EXISTS guest (id INTEGER)").await.expect("a guest");
        let now = applied(&url).await;
        if now > done {
            (done, changes) = (now, 0);
        }
    }
    assert!(stops > 100, "{stops}");
    root.execute_unprepared("DROP TABLE guest").await.expect("the guest is still there");
    assert!(up_within(&url, 1_000).await, "nothing is missing");
    assert_eq!(shape(&root).await, shape(uninterrupted.web.reader()).await);
}

#[tokio::test]
async fn what_is_taken_back_after_a_stop_knows_every_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
    let databases = Databases::connect(&url).await.expect("the database opens");
    schema::up(&databases.web).await.expect("up");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name NOT IN ('sqlite_sequence', 'seaql_migrations')";
    let rows = databases.web.reader().query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
    let rows = rows.expect("the tables");
    let mut tables: Vec<String> = rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect();
    tables.sort();
    assert_eq!(tables, migration::TABLES);
}
