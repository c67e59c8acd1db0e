use super::support::{MINUTE, START, World, draft, faults};
use entity::fault::Fault;
use entity::instance::{self, Client};
use entity::job::{JobState, Model as Job, RunMode};
use entity::{job_cursor, job_source};
use scheduler::job_sources::{self, JobCode, SourceDraft};
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::source_diff::Change as LineChange;
use scheduler::signals::Change;
use scheduler::{Error, Refusal};
use sea_orm::{EntityTrait, IntoActiveModel};

async fn script(world: &World, source: &str) -> Job {
    let (executor, _) = world.executor("default", "worker").await;
    let typed = JobDraft { run_mode: RunMode::Shell, source: source.into(), ..draft(executor.id) };
    jobs::create(&world.services, &world.root, typed, JobState::On).await.unwrap()
}

async fn save(world: &World, job: i32, base: i32, source: &str) -> Result<Job, Error> {
    let draft = SourceDraft { source: source.into(), remark: format!("after {base}") };
    job_sources::save(&world.services, &world.root, job, base, draft).await
}

async fn code(world: &World, job: i32) -> JobCode {
    job_sources::code(&world.services, &world.root, job).await.unwrap()
}

async fn text(world: &World, job: i32, number: i32) -> String {
    job_sources::text(&world.services, &world.root, job, number).await.unwrap()
}

#[tokio::test]
async fn what_is_saved_is_what_the_next_run_executes_and_a_version() {
    let world = World::new().await;
    let job = script(&world, "echo 1\n").await;
    let mut signals = world.services.signals.subscribe();
    world.clock.advance(MINUTE);
    let draft = SourceDraft { source: "echo 2\r\n".into(), remark: "  say two  ".into() };
    let saved = job_sources::save(&world.services, &world.root, job.id, 1, draft).await.unwrap();
    assert_eq!((saved.source.as_str(), saved.source_changed_at), ("echo 2\n", START + MINUTE));
    // The version of the job grows too, by which the engine knows that its copy is old.
    assert_eq!((saved.version, saved.updated_at), (2, START + MINUTE));
    let cursor = job_cursor::Entity::find_by_id(job.id).one(world.services.db.reader()).await.unwrap();
    assert_eq!(cursor.map(|cursor| (cursor.version, cursor.next_at)), Some((2, Some(START + MINUTE))));
    assert_eq!(signals.try_recv(), Ok(Change::Job(job.id)));
    let versions = code(&world, job.id).await.versions;
    let told: Vec<_> = versions.iter().map(|line| (line.number, line.remark.as_str())).collect();
    assert_eq!(told, [(2, "say two"), (1, "")]);
    assert_eq!(
        (text(&world, job.id, 1).await, text(&world, job.id, 2).await),
        ("echo 1\n".into(), "echo 2\n".into())
    );
}

#[tokio::test]
async fn of_two_who_save_at_once_the_second_is_told_and_changes_nothing() {
    let world = World::new().await;
    let job = script(&world, "one").await;
    let (first, second) = tokio::join!(save(&world, job.id, 1, "mine"), save(&world, job.id, 1, "yours"));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let late = save(&world, job.id, 1, "late").await;
    assert!(matches!(late, Err(Error::Conflict(2))), "{late:?}");
    assert_eq!(code(&world, job.id).await.versions.len(), 2);
    // Whoever switched the job on or off meanwhile is in nobody's way.
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    save(&world, job.id, 2, "late").await.unwrap();
}

#[tokio::test]
async fn a_revert_is_a_new_version_equal_to_the_old_one_in_its_language() {
    let world = World::new().await;
    let job = script(&world, "echo 1").await;
    let typed = JobDraft { run_mode: RunMode::Python, source: "print(2)".into(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &world.root, job.id, 1, typed).await.unwrap();
    let changed = |base| job_sources::revert(&world.services, &world.root, job.id, base, 1);
    assert!(matches!(changed(1).await, Err(Error::Conflict(2))));
    let back = changed(2).await.unwrap();
    assert_eq!((back.run_mode, back.source.as_str()), (RunMode::Shell, "echo 1"));
    let newest = code(&world, job.id).await.versions.remove(0);
    assert_eq!((newest.number, newest.run_mode, newest.restores), (3, RunMode::Shell, Some(1)));
    assert_eq!(faults(changed(3).await), [("source", Fault::Unchanged)]);
    let missing = job_sources::revert(&world.services, &world.root, job.id, 3, 77).await;
    assert!(matches!(missing, Err(Error::NotFound("version"))));
}

#[tokio::test]
async fn the_newest_thirty_versions_are_kept_under_their_numbers() {
    let world = World::new().await;
    let job = script(&world, "text 1").await;
    for number in 2..=33 {
        save(&world, job.id, number - 1, &format!("text {number}")).await.unwrap();
    }
    let numbers: Vec<_> = code(&world, job.id).await.versions.iter().map(|line| line.number).collect();
    assert_eq!(numbers, (4..=33).rev().collect::<Vec<_>>());
    assert_eq!(text(&world, job.id, 4).await, "text 4");
    let gone = job_sources::text(&world.services, &world.root, job.id, 3).await;
    assert!(matches!(gone, Err(Error::NotFound("version"))));
    assert_eq!(job_source::Entity::find().all(world.services.db.reader()).await.unwrap().len(), 30);
}

#[tokio::test]
async fn each_wrong_field_is_named_and_an_unchanged_text_makes_no_version() {
    let world = World::new().await;
    let job = script(&world, "echo 1").await;
    let save = async |source: &str, remark: &str| {
        let draft = SourceDraft { source: source.into(), remark: remark.into() };
        faults(job_sources::save(&world.services, &world.root, job.id, 1, draft).await)
    };
    let expected = [("source", Fault::Required), ("remark", Fault::Required)];
    assert_eq!(save(" \n", "").await, expected);
    let (source, remark) = ("x".repeat((1 << 20) + 1), "x".repeat(101));
    let expected = [("source", Fault::TooLong { max: 1 << 20 }), ("remark", Fault::TooLong { max: 100 })];
    assert_eq!(save(&source, &remark).await, expected);
    assert_eq!(save("echo 2", "fix").await, [("remark", Fault::TooShort { min: 4 })]);
    assert_eq!(save("a\0b", "a zero").await, [("source", Fault::Character)]);
    assert_eq!(save("echo 1", "the same").await, [("source", Fault::Unchanged)]);
    assert_eq!(code(&world, job.id).await.versions.len(), 1);
}

#[tokio::test]
async fn an_edit_of_the_job_makes_a_version_where_it_changes_the_source_and_keeps_it_where_it_names_none() {
    let world = World::new().await;
    let job = script(&world, "echo 1").await;
    let edit = async |version, mode, source: &str| {
        let typed = JobDraft { run_mode: mode, source: source.into(), ..draft(job.executor_id) };
        jobs::edit(&world.services, &world.root, job.id, version, typed).await.unwrap()
    };
    assert_eq!(edit(1, RunMode::Shell, "").await.source, "echo 1");
    assert_eq!(code(&world, job.id).await.versions.len(), 1);
    edit(2, RunMode::Shell, "echo 2").await;
    assert_eq!(code(&world, job.id).await.versions.len(), 2);
    assert_eq!(edit(3, RunMode::Python, "").await.source, "echo 2");
    assert_eq!(code(&world, job.id).await.versions[0].run_mode, RunMode::Python);
    // Its history outlives a while as a handler.
    edit(4, RunMode::Handler, "").await;
    let refused = save(&world, job.id, 3, "echo 4").await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::JobHasNoSource))), "{refused:?}");
    edit(5, RunMode::Shell, "echo 5").await;
    assert_eq!(code(&world, job.id).await.versions[0].number, 4);
}

#[tokio::test]
async fn versions_vanish_with_their_job_and_those_of_others_stay() {
    let world = World::new().await;
    let job = script(&world, "echo 1").await;
    let typed = JobDraft {
        name: "other".into(),
        run_mode: RunMode::Node,
        source: "1".into(),
        ..draft(job.executor_id)
    };
    let other = jobs::create(&world.services, &world.root, typed, JobState::Stopped).await.unwrap();
    jobs::delete(&world.services, &world.root, job.id).await.unwrap();
    let left = job_source::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(left.iter().map(|version| version.job_id).collect::<Vec<_>>(), [other.id]);
}

#[tokio::test]
async fn two_versions_are_compared_line_by_line() {
    let world = World::new().await;
    let job = script(&world, "cd /\nls\n").await;
    save(&world, job.id, 1, "cd /\nls -l\n").await.unwrap();
    let compare = |from, to| job_sources::compare(&world.services, &world.root, job.id, from, to);
    let lines: Vec<_> = compare(1, 2).await.unwrap().hunks.concat().into_iter().collect();
    let told: Vec<_> = lines.iter().map(|line| (line.change, line.text.as_str())).collect();
    let expected = [(LineChange::Kept, "cd /"), (LineChange::Removed, "ls"), (LineChange::Added, "ls -l")];
    assert_eq!(told, expected);
    assert!(compare(2, 2).await.unwrap().hunks.is_empty());
    assert!(matches!(compare(1, 9).await, Err(Error::NotFound("version"))));
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_the_code_and_changes_nothing() {
    let world = World::new().await;
    let job = script(&world, "secret").await;
    let (services, stranger) = (&world.services, &world.stranger());
    let draft = SourceDraft { source: String::new(), remark: String::new() };
    assert!(matches!(job_sources::code(services, stranger, job.id).await, Err(Error::NotFound("job"))));
    assert!(matches!(job_sources::text(services, stranger, job.id, 1).await, Err(Error::NotFound("job"))));
    assert!(matches!(
        job_sources::compare(services, stranger, job.id, 1, 1).await,
        Err(Error::NotFound("job"))
    ));
    assert!(matches!(
        job_sources::save(services, stranger, job.id, 1, draft).await,
        Err(Error::NotFound("job"))
    ));
    assert!(matches!(
        job_sources::revert(services, stranger, job.id, 1, 1).await,
        Err(Error::NotFound("job"))
    ));
}

#[tokio::test]
async fn instances_that_cannot_run_the_mode_are_counted_where_that_is_known() {
    let world = World::new().await;
    let job = script(&world, "echo 1").await;
    let transaction = world.services.db.begin().await.unwrap();
    for (id, client) in (1..).zip([Client::Java, Client::Orrery, Client::Go, Client::Other]) {
        let row = instance::Model {
            id,
            executor_id: job.executor_id,
            address: format!("http://10.0.0.{id}:9999"),
            labels: String::new(),
            client,
            life: String::new(),
            announced: String::new(),
            version: String::new(),
            workers: 0,
            queue_length: 0,
            generation: 1,
            manual: false,
            registered_at: START,
            seen_at: START,
            draining_since: None,
            gone_at: None,
        };
        instance::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let shell = code(&world, job.id).await;
    assert_eq!((shell.online, shell.unable), (4, 1));
    let typed = JobDraft { run_mode: RunMode::Groovy, source: "class A {}".into(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &world.root, job.id, 1, typed).await.unwrap();
    let groovy = code(&world, job.id).await;
    assert_eq!((groovy.online, groovy.unable), (4, 2));
}
