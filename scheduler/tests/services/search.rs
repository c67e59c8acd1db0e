use super::support::{START, World, copy_of, draft};
use entity::job::{self, JobState};
use entity::run::RunState;
use scheduler::authority::Caller;
use scheduler::jobs::{self, JobDraft};
use scheduler::search::{Found, Hits, search};
use scheduler::store::filling;
use std::time::Instant;

async fn found(world: &World, caller: &Caller, text: &str) -> Found {
    search(&world.services, caller, text).await.unwrap()
}

fn names(hits: &Hits) -> Vec<&str> {
    hits.hits.iter().map(|hit| hit.name.as_str()).collect()
}

/// A job on this executor.
async fn job(world: &World, executor_id: i32, name: &str) -> job::Model {
    let draft = JobDraft { name: name.into(), ..draft(executor_id) };
    jobs::create(&world.services, &world.root, draft, JobState::Stopped).await.unwrap()
}

#[tokio::test]
async fn things_are_found_by_a_part_of_their_name_those_first_that_begin_with_it() {
    let world = World::new().await;
    let (executor, _) = world.executor("pay", "invoice-worker").await;
    for name in ["Send invoices", "Invoices, monthly", "100 % of it", "Other"] {
        job(&world, executor.id, name).await;
    }
    let by_word = found(&world, &world.root, " INVOICE ").await;
    assert_eq!(names(&by_word.jobs), ["Invoices, monthly", "Send invoices"]);
    assert_eq!(names(&by_word.executors), ["invoice-worker"]);
    assert_eq!(by_word.jobs.hits[0].namespace, "default:pay");
    assert!(!by_word.jobs.more && by_word.namespaces.hits.is_empty() && by_word.run.is_none());
    assert_eq!(names(&found(&world, &world.root, "%").await.jobs), ["100 % of it"], "no wildcard");
    for text in ["pay", "default:pay", "fault:p"] {
        assert_eq!(names(&found(&world, &world.root, text).await.namespaces), ["default:pay"], "{text}");
    }
    assert_eq!(found(&world, &world.root, "  ").await, Found::default());
}

#[tokio::test]
async fn jobs_and_runs_are_found_by_their_number() {
    let world = World::new().await;
    let job = world.job("nightly", JobState::Stopped).await;
    let run = world.run(&job, START, |run| run.state = RunState::Succeeded).await;
    for text in [job.id.to_string(), format!("#{}", job.id)] {
        assert_eq!(found(&world, &world.root, &text).await.jobs.hits[0].id, job.id);
    }
    let hit = found(&world, &world.root, &run.to_string()).await.run.unwrap();
    assert_eq!((hit.id, hit.state, hit.job.as_deref()), (run, RunState::Succeeded, Some("nightly")));
    for none in [(run + 1).to_string(), "-1".to_owned(), "99999999999999999999".to_owned()] {
        assert!(found(&world, &world.root, &none).await.run.is_none(), "{none}");
    }
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    let world = World::new().await;
    let job = world.job("nightly", JobState::Stopped).await;
    let run = world.run(&job, START, |_| ()).await;
    for text in ["nightly", "worker", "default", &job.id.to_string(), &run.to_string()] {
        assert_eq!(found(&world, &world.stranger(), text).await, Found::default(), "{text}");
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_a_wrong_field() {
    let world = World::new().await;
    let refused = search(&world.services, &world.root, &"x".repeat(101)).await.unwrap_err();
    assert!(format!("{refused:?}").contains("\"q\""), "{refused:?}");
}

#[tokio::test]
async fn among_ten_thousand_jobs_few_are_named_and_it_is_said_that_there_are_more() {
    let world = World::new().await;
    let first = world.job("copy", JobState::Stopped).await;
    filling::jobs(&world.services.db, (1..10_000).map(|number| copy_of(&first, number))).await.unwrap();
    let began = Instant::now();
    let many = found(&world, &world.root, "copy").await;
    println!("searched 10,000 jobs in {:?}", began.elapsed());
    assert_eq!((many.jobs.hits.len(), many.jobs.more), (6, true));
    assert_eq!(names(&found(&world, &world.root, "copy 09999").await.jobs), ["copy 09999"]);
}
