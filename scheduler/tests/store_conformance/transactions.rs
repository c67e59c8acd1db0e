//! Transactions that somebody leaves alone.

use crate::database::Fresh;
use futures::future::poll_immediate;
use sea_orm::{ConnectionTrait, Statement};

/// Whoever stands still amid a transaction keeps its rows locked, and those of a server have to change hands.
async fn a_transaction_that_stands_still_is_ended(variable: &str) {
    let Ok(server) = std::env::var(variable) else {
        eprintln!("skipped: {variable} is not set");
        return;
    };
    let fresh = Fresh::on_server(&server).await;
    let db = &fresh.databases.engine;
    let (still, needing) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let mine = "UPDATE bucket SET epoch = epoch + 1 WHERE id = 7";
    still.execute_unprepared(mine).await.unwrap();
    // It waits for the lock, which nobody gives back.
    needing.execute_unprepared(mine).await.unwrap();
    needing.commit().await.unwrap();
    still.execute_unprepared(mine).await.unwrap_err();
}

#[tokio::test]
async fn a_transaction_that_stands_still_is_ended_by_postgres() {
    a_transaction_that_stands_still_is_ended("ORRERY_TEST_POSTGRES_URL").await;
}

#[tokio::test]
async fn a_transaction_that_stands_still_is_ended_by_mariadb() {
    a_transaction_that_stands_still_is_ended("ORRERY_TEST_MYSQL_URL").await;
}

#[tokio::test]
async fn a_transaction_of_which_the_beginning_was_given_up_is_none() {
    let Ok(server) = std::env::var("ORRERY_TEST_POSTGRES_URL") else {
        eprintln!("skipped: ORRERY_TEST_POSTGRES_URL is not set");
        return;
    };
    let fresh = Fresh::on_server(&server).await;
    let db = &fresh.databases.web;
    let ask = async |question: &str| {
        db.reader().query_one_raw(Statement::from_string(db.backend(), question)).await
    };
    for _ in 0..50 {
        let begun = poll_immediate(Box::pin(db.begin())).await;
        assert!(begun.is_none(), "it began at once: the test shows nothing");
        // Inside a transaction, nothing else would be answered after this.
        ask("SELECT 1 / 0").await.unwrap_err();
    }
    for _ in 0..50 {
        ask("SELECT 1").await.unwrap();
    }
}
