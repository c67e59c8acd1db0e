//! Starting, and refusing to.

use crate::support::{Installation, SOON, client};
use scheduler::store::Databases;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use std::process::Output;

const PASSWORD: &str = "one-time password: ";

/// The one line that a refused start prints.
fn only_line(refused: &Output) -> String {
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    let said: Vec<&str> = text.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(said.len(), 1, "{text}");
    assert!(refused.stdout.is_empty(), "{}", String::from_utf8_lossy(&refused.stdout));
    said[0].to_owned()
}

#[tokio::test]
async fn the_first_start_prints_administrator_and_password_and_later_ones_do_not() {
    let installation = Installation::new();
    let mut first = installation.serve().await;
    let printed = first.stdout.wait_for(|lines| lines.iter().any(|line| line.starts_with(PASSWORD)));
    let printed = tokio::time::timeout(SOON, printed).await.unwrap().unwrap().clone();
    assert_eq!(printed.len(), 2, "{printed:?}");
    assert_eq!(printed[0], "user: admin");
    let password = printed[1].strip_prefix(PASSWORD).unwrap().to_owned();
    assert!(password.len() >= 20);
    let (status, _, logged) = first.terminate().await;
    assert!(status.success());
    assert!(!logged.iter().any(|line| line.contains(&password)), "the password is in the log");

    let second = installation.serve().await;
    let stdout = second.stdout.clone();
    assert!(second.terminate().await.0.success());
    assert_eq!(*stdout.borrow(), Vec::<String>::new());
}

#[tokio::test]
async fn a_port_a_database_or_a_folder_in_use_is_said_in_one_line() {
    let holder = Installation::new();
    let serving = holder.serve().await;
    let address = serving.address.strip_prefix("http://").unwrap();
    let refused = Installation::new().run_command(&["--set", &format!("listen={address}")]).await;
    let line = only_line(&refused);
    assert!(line.starts_with("orrery: cannot listen on") && line.contains(address), "{line}");

    let line = only_line(&holder.run_command(&[]).await);
    assert!(line.contains("another server runs on the SQLite database"), "{line}");

    let elsewhere = Installation::new();
    let folder = format!("data_dir={}", holder.folder.path().display());
    let line = only_line(&elsewhere.run_command(&["--set", &folder]).await);
    assert!(line.contains("another server is running with the data folder"), "{line}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let installation = Installation::new();
    assert!(installation.run_command(&["migrate", "up"]).await.status.success());
    let url = format!("sqlite:{}", installation.folder.path().join("orrery.db").display());
    let databases = Databases::connect(&url).await.unwrap();
    let transaction = databases.web.begin().await.unwrap();
    let note = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_future', 0)";
    transaction.execute_unprepared(note).await.unwrap();
    transaction.commit().await.unwrap();
    databases.close().await.unwrap();

    for arguments in [&[][..], &["migrate", "up"], &["user", "reset-password", "admin"]] {
        let line = only_line(&installation.run_command(arguments).await);
        assert!(line.contains("newer than this program") && line.contains("m99991231"), "{line}");
    }
}

#[tokio::test]
async fn every_log_line_of_a_request_carries_its_id() {
    let installation = Installation::new();
    let serving = installation.serve_with(&["--set", "log=debug"]).await;
    let address = format!("{}/api/registry", serving.address);
    for id in ["nightly-1", "nightly-2"] {
        let request = client().post(&address).header("x-request-id", id).body("{");
        assert_eq!(request.send().await.unwrap().headers()["x-request-id"], id);
    }
    let (_, _, logged) = serving.terminate().await;
    let logged: Vec<Value> = logged.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_a_request = logged.iter().filter(|line| line["spans"][0]["name"] == "request");
    let answered = of_a_request.filter(|line| line["message"] == "answered");
    let ids: Vec<&str> = answered.map(|line| line["spans"][0]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["nightly-1", "nightly-2"]);
}
