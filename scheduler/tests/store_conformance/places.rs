//! A database at two places, of which the first one goes away.

use scheduler::store::{Databases, Db};
use sea_orm::ConnectionTrait;
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

#[tokio::test]
async fn where_no_place_writes_the_reason_is_said() {
    let (gone, nobody) = way_to(String::new()).await;
    nobody.abort();
    drop(nobody.await);
    let refused = Databases::connect(&format!("postgres://me@{gone},{gone}/orrery")).await.unwrap_err();
    assert!(refused.to_string().contains("the database cannot be opened"), "{refused}");
}
