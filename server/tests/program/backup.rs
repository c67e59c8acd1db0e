//! `orrery backup` and `orrery restored`: what they leave, and what they refuse.

use crate::support::{Installation, SOON};
use scheduler::store::Databases;
use sea_orm::ConnectionTrait;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

/// What a refused command says, which is all that it prints.
fn said(refused: &Output) -> String {
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    String::from_utf8(refused.stderr.clone()).unwrap()
}

/// An installation on which a server has worked.
async fn used() -> Installation {
    let installation = Installation::new();
    assert!(installation.serve().await.terminate().await.0.success());
    installation
}

async fn refused(installation: &Installation, arguments: &[&str], expected: &str) {
    let text = said(&installation.run_command(arguments).await);
    assert!(text.contains(expected), "{text}");
}

/// The files of the folder, by name.
fn files(installation: &Installation) -> Vec<String> {
    let entries = fs::read_dir(installation.folder.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_is_the_owners_alone_and_says_what_else_to_keep() {
    let installation = Installation::new();
    let serving = installation.serve().await;
    let done = installation.run_command(&["backup", "copy.db"]).await;
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("orrery.db was copied to copy.db: ") && text.contains("iB\n"), "{text}");
    assert!(text.contains("audit.key, without which nobody can verify the audit"), "{text}");
    let copy = installation.folder.path().join("copy.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!files(&installation).iter().any(|name| name.contains(".part")), "{:?}", files(&installation));
    let copied = Databases::connect(&format!("sqlite:{}", copy.display())).await.unwrap();
    let whole = sea_orm::Statement::from_string(copied.web.backend(), "PRAGMA integrity_check");
    let answer = copied.web.reader().query_one_raw(whole).await.unwrap().unwrap();
    assert_eq!(answer.try_get_by_index::<String>(0).unwrap(), "ok");
    copied.close().await.unwrap();
    assert!(serving.terminate().await.0.success());
}

#[tokio::test]
async fn what_is_there_is_not_overwritten_and_what_cannot_be_written_leaves_nothing() {
    let installation = used().await;
    let there = installation.folder.path().join("there");
    fs::write(&there, "precious").unwrap();
    let before = files(&installation);
    refused(&installation, &["backup", "there"], "there exists already, and is left alone").await;
    refused(&installation, &["backup", "nowhere/copy.db"], "cannot write nowhere/copy.db").await;
    assert_eq!(fs::read_to_string(&there).unwrap(), "precious");
    assert_eq!(files(&installation), before);
}

#[tokio::test]
async fn no_database_and_an_empty_one_are_neither_backed_up_nor_prepared() {
    let installation = Installation::new();
    for arguments in [&["backup", "copy.db"][..], &["restored"]] {
        refused(&installation, arguments, "there is no database at ").await;
    }
    assert!(files(&installation).is_empty(), "{:?}", files(&installation));
    fs::write(installation.folder.path().join("orrery.db"), "").unwrap();
    for arguments in [&["backup", "copy.db"][..], &["restored"]] {
        refused(&installation, arguments, "the database is empty").await;
    }
    assert!(!installation.folder.path().join("copy.db").exists());
    assert!(installation.run_command(&["migrate", "up"]).await.status.success());
    refused(&installation, &["restored"], "no server has ever worked on this database").await;
    let letter = Installation::new();
    fs::write(letter.folder.path().join("orrery.db"), "no database at all, but a letter").unwrap();
    refused(&letter, &["restored"], "not a database").await;
}

#[tokio::test]
async fn other_databases_are_left_to_their_own_programs() {
    let postgres = Installation::on("postgres://me:s3cr3t@127.0.0.1:1/orrery");
    let text = said(&postgres.run_command(&["backup", "x.dump"]).await);
    let command = "pg_dump --format=custom --file=x.dump postgres://me@127.0.0.1:1/orrery";
    assert!(text.contains(command) && !text.contains("s3cr3t"), "{text}");
    let mariadb = Installation::on("mysql://me:s3cr3t@127.0.0.1:1/orrery");
    let text = said(&mariadb.run_command(&["backup", "x.sql"]).await);
    assert!(text.contains("mariadb-dump --single-transaction") && !text.contains("s3cr3t"), "{text}");
    refused(&postgres, &["restored"], "the database cannot be opened").await;
    refused(&Installation::on("oracle://x"), &["restored"], "expected sqlite:, postgres:// or mysql://")
        .await;
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_brought_to_this_ones_schema_and_a_newer_one_is_refused() {
    let installation = used().await;
    assert!(installation.run_command(&["migrate", "down", "--steps", "3"]).await.status.success());
    let done = installation.run_command(&["restored"]).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let status = installation.run_command(&["migrate", "status"]).await;
    assert!(!String::from_utf8(status.stdout).unwrap().contains("missing"));

    let databases = Databases::connect(&installation.database).await.unwrap();
    let transaction = databases.web.begin().await.unwrap();
    let note = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99991231_000001_future', 0)";
    transaction.execute_unprepared(note).await.unwrap();
    transaction.commit().await.unwrap();
    databases.close().await.unwrap();
    refused(&installation, &["restored"], "newer than this program").await;
}

#[tokio::test]
async fn a_second_time_leaves_out_as_much_again_and_does_no_harm() {
    let installation = used().await;
    let mut first_ids = Vec::new();
    for _ in 0..2 {
        let done = installation.run_command(&["restored", "--frozen"]).await;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        let (_, after) = text.split_once("runs are numbered from ").unwrap();
        first_ids.push(after.split(' ').next().unwrap().parse::<i64>().unwrap());
    }
    assert!(first_ids[0] > 10_000_000 && first_ids[1] >= first_ids[0] + 10_000_000, "{first_ids:?}");
    let verified = installation.run_command(&["audit", "verify"]).await;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let frozen_again = installation.run_command(&["fixture", "freeze"]).await;
    assert!(said(&frozen_again).contains("Frozen"), "one freeze, and it lasts");
}

#[tokio::test]
async fn the_key_of_the_audit_is_missed_before_anything_is_written() {
    let installation = used().await;
    assert!(installation.run_command(&["user", "create", "somebody"]).await.status.success());
    fs::remove_file(installation.folder.path().join("audit.key")).unwrap();
    refused(&installation, &["restored"], "was sealed with another key than ").await;
    let done = installation.run_command(&["restored", "--new-audit-key"]).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn sessions_do_not_come_back() {
    let installation = used().await;
    let databases = Databases::connect(&installation.database).await.unwrap();
    let transaction = databases.web.begin().await.unwrap();
    let session = "INSERT INTO session (id_hash, user_id, data, expires_at, created_at) \
                   VALUES ('x', 1, '{}', 9999999999999, 0)";
    transaction.execute_unprepared(session).await.unwrap();
    transaction.commit().await.unwrap();
    databases.close().await.unwrap();
    let done = tokio::time::timeout(SOON, installation.run_command(&["restored"])).await.unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("sessions ended: 1;"), "{text}");
}
