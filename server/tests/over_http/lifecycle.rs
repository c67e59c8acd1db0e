//! Starting and stopping.

use crate::support::{TestServer, pretend_newer, settings};
use entity::user::UserRole;
use scheduler::users::FirstStart;
use server::lifecycle::Server;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_started_server_is_healthy_and_ready() {
    let test = TestServer::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = test.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
    }
}

#[tokio::test]
async fn a_page_is_sent_while_other_servers_of_the_process_start() {
    let test = TestServer::start().await;
    let root = test.signed_in("root", UserRole::SuperAdmin).await;
    let others = std::thread::spawn(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for _ in 0..8 {
            drop(runtime.block_on(TestServer::start()));
        }
    });
    while !others.is_finished() {
        let answer = test.get("/").header("cookie", &root).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    others.join().unwrap();
}

#[tokio::test]
async fn the_first_start_creates_the_administrator_and_later_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(settings(&folder, &[("admin_password", "")])).await.unwrap();
    let FirstStart::Created { one_time_password: Some(password) } = first.first_start() else {
        panic!("{:?}", first.first_start());
    };
    assert!(password.len() >= 20);
    first.stop().await;
    let second = Server::start(settings(&folder, &[])).await.unwrap();
    assert_eq!(*second.first_start(), FirstStart::Existing);
    second.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let address = first.server.address().to_string();
    let refused = Server::start(settings(&folder, &[("listen", &address)])).await;
    let text = format!("{:#}", refused.err().unwrap());
    assert!(text.contains("cannot listen on") && text.contains(&address), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let data_dir = file.join("data").display().to_string();
    let refused = Server::start(settings(&folder, &[("data_dir", &data_dir)])).await;
    let text = format!("{:#}", refused.err().unwrap());
    assert!(text.contains("cannot use the data folder") && text.contains(&data_dir), "{text}");
}

#[tokio::test]
async fn a_second_server_on_the_same_sqlite_database_is_told_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(settings(&folder, &[])).await.unwrap();
    let elsewhere = folder.path().join("elsewhere").display().to_string();
    let refused = Server::start(settings(&folder, &[("data_dir", &elsewhere)])).await;
    let text = format!("{:#}", refused.err().unwrap());
    assert!(text.contains("SQLite serves one, PostgreSQL and MariaDB several"), "{text}");
    first.stop().await;
    Server::start(settings(&folder, &[("data_dir", &elsewhere)])).await.unwrap().stop().await;
}

#[tokio::test]
async fn stopping_answers_what_is_open_and_accepts_nothing_new() {
    let test = TestServer::start().await;
    let address = test.server.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/addJob HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
    open.write_all(head.as_bytes()).await.unwrap();
    // An answer to another request shows that the server has read what came before it.
    test.get("/healthz").send().await.unwrap();
    let begun = Instant::now();
    let stopping = tokio::spawn(test.server.stop());
    while TcpStream::connect(address).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(5), "still accepts connections");
        tokio::task::yield_now().await;
    }
    open.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("uri-mapping"), "{answer}");
    stopping.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let test = TestServer::start_with(&[("http.idle_timeout_ms", "200")]).await;
    let mut silent = TcpStream::connect(test.server.address()).await.unwrap();
    let mut nothing = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), silent.read_to_end(&mut nothing)).await;
    assert!(closed.is_ok(), "still open");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let chosen = settings(&folder, &[]);
    Server::start(chosen.clone()).await.unwrap().stop().await;
    let (databases, services) = server::lifecycle::open(&chosen).await.unwrap();
    pretend_newer(&services).await;
    databases.close().await.unwrap();
    let text = format!("{:#}", Server::start(chosen).await.err().unwrap());
    assert!(text.contains("newer than this program") && text.contains("m99991231"), "{text}");
}
