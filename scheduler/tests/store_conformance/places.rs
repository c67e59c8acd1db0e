//! A database at two places, of which the first one goes away.

use scheduler::store::{Databases, Db};
use sea_orm::{ConnectionTrait, Statement};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A way to this server, which is gone with all its connections when the task is.
async fn way_to(server: String) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let carrying = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(&server).await.unwrap();
            connections.spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    (address, carrying)
}

async fn answers(db: &Db) -> bool {
    let transaction = db.begin().await;
    match transaction {
        Ok(transaction) => transaction.execute_unprepared("SELECT 1").await.is_ok(),
        Err(_) => false,
    }
}

async fn the_next_place_is_found(variable: &str) {
    let Ok(url) = std::env::var(variable) else {
        eprintln!("skipped: {variable} is not set");
        return;
    };
    let (user, rest) = url.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let (gone, nobody) = way_to(server.to_owned()).await;
    nobody.abort();
    drop(nobody.await);
    let (way, carrying) = way_to(server.to_owned()).await;
    let places = format!("{user}@{gone},{way},{server}/{database}");
    let databases = Databases::connect(&places).await.unwrap();
    assert!(answers(&databases.web).await && answers(&databases.engine).await);
    carrying.abort();
    drop(carrying.await);
    let again = async {
        while !(answers(&databases.web).await && answers(&databases.engine).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.expect("the next place is found");
    databases.close().await.unwrap();
}

#[tokio::test]
async fn when_a_place_of_postgresql_is_gone_the_next_one_is_found() {
    the_next_place_is_found("ORRERY_TEST_POSTGRES_URL").await;
}

#[tokio::test]
async fn when_a_place_of_mysql_is_gone_the_next_one_is_found() {
    the_next_place_is_found("ORRERY_TEST_MYSQL_URL").await;
}

/// Two servers may write at different nodes: what an executor tells the one is often the other's, and a moment old.
#[tokio::test]
async fn what_was_committed_at_a_node_of_galera_is_seen_at_the_next_one_at_once() {
    let Ok(url) = std::env::var("ORRERY_TEST_GALERA_URL") else {
        eprintln!("skipped: ORRERY_TEST_GALERA_URL is not set");
        return;
    };
    let (user, rest) = url.split_once('@').unwrap();
    let (nodes, database) = rest.split_once('/').unwrap();
    let mut nodes = nodes.split(',').map(|node| format!("{user}@{node}/{database}"));
    let here = Databases::connect(&nodes.next().unwrap()).await.unwrap();
    let there = Databases::connect(&nodes.next().unwrap()).await.unwrap();
    let setup = here.engine.begin().await.unwrap();
    setup.execute_unprepared("CREATE TABLE told (word INT NOT NULL)").await.unwrap();
    setup.execute_unprepared("INSERT INTO told VALUES (0)").await.unwrap();
    setup.commit().await.unwrap();
    let backend = there.engine.backend();
    for word in 1..=300 {
        let telling = here.engine.begin().await.unwrap();
        telling.execute_unprepared(&format!("UPDATE told SET word = {word}")).await.unwrap();
        telling.commit().await.unwrap();
        let question = Statement::from_string(backend, "SELECT word FROM told");
        let seen = match word % 2 {
            0 => there.web.reader().query_one_raw(question).await,
            _ => there.engine.begin().await.unwrap().query_one_raw(question).await,
        };
        let seen: i32 = seen.unwrap().unwrap().try_get("", "word").unwrap();
        assert_eq!(seen, word, "a transaction that began after the commit does not see it");
    }
    here.engine.begin().await.unwrap().execute_unprepared("DROP TABLE told").await.unwrap();
    here.close().await.unwrap();
    there.close().await.unwrap();
}

#[tokio::test]
async fn where_no_place_writes_the_reason_is_said() {
    let (gone, nobody) = way_to(String::new()).await;
    nobody.abort();
    drop(nobody.await);
    let refused = Databases::connect(&format!("postgres://me@{gone},{gone}/orrery")).await.unwrap_err();
    assert!(refused.to_string().contains("the database cannot be opened"), "{refused}");
}
