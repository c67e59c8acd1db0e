//! The schema goes up, down and up again on every backend, and every entity selects on it.
//!
//! SQLite always; PostgreSQL and MySQL/MariaDB where `ORRERY_TEST_POSTGRES_URL` and
//! `ORRERY_TEST_MYSQL_URL` name a server on which databases may be created.

use scheduler::store::{Databases, schema};
use sea_orm::{ConnectionTrait, Database, EntityTrait};

/// An empty database of its own on the server at `url`.
async fn fresh(url: &str) -> String {
    let name = format!("migrations_{}", std::process::id());
    let server = Database::connect(url).await.expect("the test server answers");
    server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await.expect("drop the old one");
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
        bucket,
        calendar,
        executor,
        freeze,
        id_block,
        instance,
        job,
        job_child,
        job_cursor,
        namespace,
        route_use,
        run,
        run_by_job,
        run_text,
        server,
        session,
        sign_in_guard,
        stat_hour,
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
