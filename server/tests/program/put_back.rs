//! A database is backed up while jobs fire, more is done, and it is put back by the commands of `docs/backup.md`.

use crate::own_executor::{OwnExecutor, Started};
use crate::support::{EVERY_SECOND, Installation, Run, SOON, Serving, client, now};
use scheduler::store::Databases;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

const DOCUMENTED: &str = include_str!("../../../docs/backup.md");
/// A fire that is no later than this simply runs; a little more.
const TOLERANCE_MS: i64 = 5_500;
/// So that it is soon known what became of what was out.
const QUICK: [&str; 4] = ["--set", "engine.result_wait_ms=1000", "--set", "engine.ask_again_ms=500"];

/// The commands that the documentation gives for a database.
fn documented(database: &str, what: &str) -> &'static str {
    let mark = format!("<!-- {database}: {what} -->\n```sh\n");
    let after = DOCUMENTED.split_once(&mark).unwrap_or_else(|| panic!("no commands below {mark}")).1;
    after.split_once("```").unwrap().0
}

/// An installation and what the documentation's commands find in their environment.
struct Site {
    installation: Installation,
    /// As the documentation calls it.
    database: &'static str,
    environment: Vec<(&'static str, String)>,
    /// Where the database is once it was put back.
    new_url: String,
    /// Always the same, for an executor has one server.
    listen: String,
}

impl Site {
    fn sqlite() -> Self {
        let url = "sqlite:data/orrery.db";
        Self::new("sqlite", url, url.to_owned(), Vec::new())
    }

    /// On the server of this URL.
    async fn on_server(database: &'static str, server: &str) -> Self {
        let names = [(); 2].map(|()| format!("orrery_test_{:x}", rand::random::<u64>()));
        let admin = Databases::connect(server).await.unwrap();
        let create = format!("CREATE DATABASE {}", names[0]);
        admin.web.reader().execute_unprepared(&create).await.unwrap();
        admin.close().await.unwrap();
        let base = server.rsplit_once('/').unwrap().0;
        let [url, new_url] = names.clone().map(|name| format!("{base}/{name}"));
        let [name, new_name] = names;
        let environment = vec![
            ("URL", url.clone()),
            ("NEW_URL", new_url.clone()),
            ("DATABASE", name),
            ("NEW_DATABASE", new_name),
        ];
        Self::new(database, &url, new_url, environment)
    }

    fn new(
        database: &'static str,
        url: &str,
        new_url: String,
        environment: Vec<(&'static str, String)>,
    ) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap().to_string();
        Self { installation: Installation::on(url), database, environment, new_url, listen }
    }

    fn folder(&self) -> &Path {
        self.installation.folder.path()
    }

    async fn serve(&self) -> Serving {
        let listen = format!("listen={}", self.listen);
        self.installation.serve_with(&[&["--set", &listen], &QUICK[..]].concat()).await
    }

    /// Runs commands as they stand in the documentation, in the folder of the server.
    async fn shell(&self, commands: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_orrery")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ORRERY_") {
                shell.env_remove(name);
            }
        }
        shell.args(["-euc", commands]).current_dir(self.folder()).env("PATH", path).stdin(Stdio::null());
        shell.env("ORRERY_DATABASE_URL", &self.installation.database).kill_on_drop(true);
        shell.envs(self.environment.iter().map(|(name, value)| (name, value)));
        timeout(SOON * 3, shell.output()).await.expect("the commands do not end").unwrap()
    }

    /// The same; returns what they said.
    async fn follow(&self, what: &str) -> String {
        let done = self.shell(documented(self.database, what)).await;
        assert!(done.status.success(), "{what}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }
}

/// Everything up to the moment when the servers have stopped for good.
struct Past {
    site: Site,
    executor: OwnExecutor,
    /// What was started until then.
    started: Vec<Started>,
    stopped_at: i64,
}

impl Past {
    /// Jobs fire; amid them the backup is taken; then the server starts twice, each time with new run ids and new
    /// epochs, and a run that was out ends.
    async fn of(site: Site) -> Self {
        let job = |name: &str, handler: &str, parameter: &str| {
            json!({
                "name": name, "app_name": "worker", "handler": handler, "parameter": parameter,
                "cron": EVERY_SECOND, "misfire": "skip", "overlap": "skip",
            })
        };
        let held = |name: &str| job(name, "held", name);
        let jobs = [job("one", "any", ""), job("two", "any", ""), held("ends"), held("goes on")];
        let tokens = site.installation.apply(&["worker"], &jobs).await;
        let serving = site.serve().await;
        let executor = OwnExecutor::start(&serving.address, &tokens["worker"], site.folder()).await;
        let both_held = |all: &[Started]| all.iter().filter(|run| !run.parameter.is_empty()).count() == 2;
        executor.until("both held runs start", both_held).await;
        for held in ["ends", "goes on"] {
            site.run_of(held, "it is known to run", |run| run.state == "running").await;
        }

        site.follow("take").await;
        executor.starts(2).await;
        executor.release("ends");
        site.run_of("ends", "it ends", |run| run.state == "succeeded").await;
        site.refuses_while_a_server_is_at_work(&serving).await;
        let mut serving = Some(serving);
        for _ in 0..2 {
            assert!(serving.take().unwrap().terminate().await.0.success());
            serving = Some(site.serve().await);
            executor.starts(4).await;
        }
        assert!(serving.unwrap().terminate().await.0.success());
        Self { started: executor.started(), site, executor, stopped_at: now() }
    }

    /// Waits until nothing that ran before the stop is so young that it would simply run.
    async fn grow_old(&self) {
        let left = self.stopped_at + TOLERANCE_MS - now();
        sleep(Duration::from_millis(left.max(0).unsigned_abs())).await;
    }
}

impl Site {
    async fn refuses_while_a_server_is_at_work(&self, serving: &Serving) {
        let refused = self.installation.run_command(&["restored"]).await;
        assert!(!refused.status.success());
        let text = String::from_utf8_lossy(&refused.stderr);
        let expected = match self.database {
            "sqlite" => "another server runs on the SQLite database",
            _ => "is at work on this database",
        };
        assert!(text.contains(expected), "{text}");
        let ready = client().get(format!("{}/readyz", serving.address)).send().await.unwrap();
        assert_eq!(ready.status(), 200, "it was left alone");
    }

    async fn run_of(&self, job: &str, what: &str, holds: impl Fn(&Run) -> bool) {
        let found = |runs: &[Run]| runs.iter().any(|run| run.job == job && holds(run));
        self.installation.runs_when(SOON, what, found).await;
    }
}

/// Nothing goes back that must not, and nothing is started twice.
async fn comes_back_whole(site: Site) {
    let mut past = Past::of(site).await;
    let said = past.site.follow("put back").await;
    past.grow_old().await;
    past.site.installation.database = past.site.new_url.clone();
    let Past { site, executor, started: before, .. } = past;
    let serving = site.serve().await;
    executor.starts(6).await;

    site.run_of("ends", "its result is missing", |run| run.end() == ("lost", "restored")).await;
    site.run_of("goes on", "it still runs", |run| run.state == "running").await;
    executor.release("goes on");
    site.run_of("goes on", "its result counts", |run| run.state == "succeeded").await;

    let highest = before.iter().map(|run| run.run_id).max().unwrap();
    let after = executor.started().split_off(before.len());
    assert!(after.iter().all(|run| run.run_id > highest), "{highest}: {after:?}");
    let all = executor.started();
    let ids: HashSet<i64> = all.iter().map(|run| run.run_id).collect();
    let fires: HashSet<(i32, i64)> = all.iter().map(|run| (run.job_id, run.due_at)).collect();
    assert_eq!((ids.len(), fires.len()), (all.len(), all.len()), "{all:?}");
    let first = after.iter().map(|run| run.run_id).min().unwrap();
    assert!(
        said.contains(&format!("runs are numbered from {} on", first / 10_000 * 10_000)),
        "{first}: {said}"
    );
    let failed = |run: &Run| !matches!(run.end(), ("succeeded" | "sending" | "running", "none"));
    let of_after: Vec<Run> =
        site.installation.runs().await.into_iter().filter(|run| run.id > highest).collect();
    let wrong: Vec<&Run> = of_after.iter().filter(|run| failed(run) && run.state != "skipped").collect();
    assert!(wrong.is_empty() && of_after.iter().any(|run| run.state == "succeeded"), "{wrong:?}");
    assert_verified(&site).await;
    assert!(serving.terminate().await.0.success());
}

/// The chain is whole, and says that the database was put back.
async fn assert_verified(site: &Site) {
    let verified = site.installation.run_command(&["audit", "verify"]).await;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let exported = site.installation.run_command(&["audit", "export"]).await;
    let lines = String::from_utf8(exported.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let restores: Vec<Value> = entries.filter(|entry| entry["verb"] == "restore").collect();
    assert_eq!(restores.len(), 1, "{lines}");
    assert_eq!((&restores[0]["noun"], &restores[0]["actor"]), (&json!("database"), &json!("operator")));
}

#[tokio::test]
async fn a_backup_taken_while_jobs_fire_comes_back_whole_on_sqlite() {
    comes_back_whole(Site::sqlite()).await;
}

#[tokio::test]
async fn a_backup_taken_while_jobs_fire_comes_back_whole_on_postgresql() {
    let Ok(server) = std::env::var("ORRERY_TEST_POSTGRES_URL") else {
        eprintln!("skipped: ORRERY_TEST_POSTGRES_URL is not set");
        return;
    };
    comes_back_whole(Site::on_server("postgresql", &server).await).await;
}

#[tokio::test]
async fn a_backup_taken_while_jobs_fire_comes_back_whole_on_mariadb() {
    let Ok(server) = std::env::var("ORRERY_TEST_MYSQL_URL") else {
        eprintln!("skipped: ORRERY_TEST_MYSQL_URL is not set");
        return;
    };
    let site = Site::on_server("mariadb", &server).await;
    std::fs::write(site.folder().join("orrery.cnf"), client_options(&server)).unwrap();
    comes_back_whole(site).await;
}

/// What MariaDB's programs read of `mysql://user:password@host:port/…`.
fn client_options(server: &str) -> String {
    let authority = server.split("://").nth(1).unwrap().split('/').next().unwrap();
    let (account, place) = authority.rsplit_once('@').unwrap();
    let (user, password) = account.split_once(':').unwrap_or((account, ""));
    let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
    format!("[client]\nprotocol=tcp\nhost={host}\nport={port}\nuser={user}\npassword={password}\n")
}

#[tokio::test]
async fn without_being_prepared_a_backup_brings_back_epochs_that_executors_refuse() {
    let past = Past::of(Site::sqlite()).await;
    let commands = documented("sqlite", "put back").replace("orrery restored\n", "");
    assert!(!commands.contains("restored"));
    assert!(past.site.shell(&commands).await.status.success());
    past.grow_old().await;
    let serving = past.site.serve().await;
    let given: HashSet<i64> = past.started.iter().map(|run| run.run_id).collect();
    let refused = |run: &Run| run.end() == ("failed", "refused") && given.contains(&run.id);
    past.site.run_of("one", "a run is refused, under a number that was given before", refused).await;
    let runs = past.site.installation.runs_with_texts().await;
    let run = runs.iter().find(|run| refused(run)).unwrap();
    assert!(run.dispatch.as_ref().is_some_and(|text| text.contains("it was sent too late")), "{run:?}");
    drop(serving);
}

#[tokio::test]
async fn what_was_put_back_frozen_goes_on_when_somebody_thaws_it() {
    let past = Past::of(Site::sqlite()).await;
    let commands = documented("sqlite", "put back").replace("orrery restored", "orrery restored --frozen");
    let done = past.site.shell(&commands).await;
    assert!(String::from_utf8_lossy(&done.stdout).contains("Everything is frozen"), "{done:?}");
    past.grow_old().await;
    let serving = past.site.serve().await;
    // What was out is asked after, which takes longer than the next fires would.
    past.site.run_of("ends", "its result is missing", |run| run.end() == ("lost", "restored")).await;
    assert_eq!(past.executor.started(), past.started);
    assert!(past.site.installation.run_command(&["fixture", "thaw", "1"]).await.status.success());
    past.executor.starts(2).await;
    assert!(serving.terminate().await.0.success());
}
