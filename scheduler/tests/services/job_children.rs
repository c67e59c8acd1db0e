use super::support::{START, World, draft, faults};
use entity::fault::Fault;
use entity::job::{JobState, Model as Job};
use entity::run::{RunKind, RunState};
use entity::{job, job_child};
use scheduler::jobs::{self, JobDetail, JobDraft};
use scheduler::{Error, runs};
use sea_orm::EntityTrait;

/// Saves the job with these children and no other change.
async fn save(world: &World, job: &Job, children: &[i32]) -> Result<Job, Error> {
    let stored = jobs::get(&world.services, &world.root, job.id).await.unwrap().job;
    let typed = JobDraft { name: stored.name, children: children.to_vec(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &world.root, job.id, stored.version, typed).await
}

fn names(detail: &JobDetail) -> (Vec<&str>, Vec<&str>) {
    let of = |jobs: &'_ [jobs::JobName]| jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    assert!(of(&detail.parents).is_sorted() && of(&detail.children).is_sorted());
    let parents = detail.parents.iter().map(|job| job.name.as_str()).collect();
    (parents, detail.children.iter().map(|job| job.name.as_str()).collect())
}

async fn links(world: &World) -> Vec<(i32, i32)> {
    let links = job_child::Entity::find().all(world.services.db.reader()).await.unwrap();
    links.into_iter().map(|link| (link.parent_id, link.child_id)).collect()
}

#[tokio::test]
async fn children_are_saved_with_their_job_and_shown_from_both_sides() {
    let world = World::new().await;
    let a = world.job("a", JobState::On).await;
    let b = world.job("b", JobState::On).await;
    let typed = JobDraft { name: "c".into(), children: vec![b.id, a.id, b.id], ..draft(a.executor_id) };
    let c = jobs::create(&world.services, &world.root, typed, JobState::On).await.unwrap();
    let detail = async |id| jobs::get(&world.services, &world.root, id).await.unwrap();
    assert_eq!(names(&detail(c.id).await), (vec![], vec!["a", "b"]));
    assert_eq!(names(&detail(b.id).await), (vec!["c"], vec![]));
    // A change of the children alone is a version of its own, so that the engine notices.
    let saved = save(&world, &c, &[b.id]).await.unwrap();
    assert_eq!(saved.version, 2);
    assert_eq!(names(&detail(a.id).await), (vec![], vec![]));
    save(&world, &c, &[]).await.unwrap();
    assert!(links(&world).await.is_empty());
}

#[tokio::test]
async fn a_job_that_would_start_itself_is_refused_with_the_way() {
    let world = World::new().await;
    let a = world.job("a", JobState::On).await;
    let b = world.job("b", JobState::On).await;
    let c = world.job("c", JobState::On).await;
    save(&world, &a, &[b.id]).await.unwrap();
    save(&world, &b, &[c.id]).await.unwrap();
    let path = |names: &[&str]| Fault::Cycle { path: names.iter().map(|name| (*name).to_owned()).collect() };
    let back = faults(save(&world, &c, &[a.id]).await);
    assert_eq!(back, [("children", path(&["c", "a", "b", "c"]))]);
    assert_eq!(faults(save(&world, &a, &[a.id]).await), [("children", path(&["a", "a"]))]);
    assert_eq!(links(&world).await, [(a.id, b.id), (b.id, c.id)]);
    assert_eq!(jobs::get(&world.services, &world.root, c.id).await.unwrap().job.version, 1);
    // Where the link that closes it goes away in the same breath, there is none.
    save(&world, &b, &[]).await.unwrap();
    save(&world, &c, &[a.id]).await.unwrap();
}

#[tokio::test]
async fn unknown_jobs_and_those_of_other_namespaces_are_no_children() {
    let world = World::new().await;
    let a = world.job("a", JobState::On).await;
    let (elsewhere, _) = world.executor("other", "worker").await;
    let foreign =
        jobs::create(&world.services, &world.root, draft(elsewhere.id), JobState::On).await.unwrap();
    let missing = || Fault::UnknownIds { ids: vec![foreign.id, 77] };
    assert_eq!(faults(save(&world, &a, &[77, foreign.id, 77]).await), [("children", missing())]);
    let typed = JobDraft { name: "b".into(), children: vec![foreign.id, 77], ..draft(a.executor_id) };
    let created = jobs::create(&world.services, &world.root, typed, JobState::On).await;
    assert_eq!(faults(created), [("children", missing())]);
}

#[tokio::test]
async fn a_hundred_children_are_taken_and_one_more_is_not() {
    let world = World::new().await;
    let parent = world.job("parent", JobState::On).await;
    let mut children = Vec::new();
    for number in 0..101 {
        children.push(world.job(&format!("child {number}"), JobState::Stopped).await.id);
    }
    let refused = faults(save(&world, &parent, &children).await);
    assert_eq!(refused, [("children", Fault::TooMany { max: 100 })]);
    save(&world, &parent, &children[1..]).await.unwrap();
    assert_eq!(links(&world).await.len(), 100);
}

#[tokio::test]
async fn links_vanish_with_either_job() {
    let world = World::new().await;
    let a = world.job("a", JobState::On).await;
    let b = world.job("b", JobState::On).await;
    let c = world.job("c", JobState::On).await;
    save(&world, &a, &[b.id]).await.unwrap();
    save(&world, &b, &[c.id]).await.unwrap();
    jobs::delete(&world.services, &world.root, b.id).await.unwrap();
    assert!(links(&world).await.is_empty());
    assert_eq!(job::Entity::find().all(world.services.db.reader()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn two_people_who_link_two_jobs_to_each_other_at_once_make_no_circle() {
    let world = World::new().await;
    let a = world.job("a", JobState::On).await;
    let b = world.job("b", JobState::On).await;
    let (to_a, to_b) = ([a.id], [b.id]);
    let (one, other) = tokio::join!(save(&world, &a, &to_b), save(&world, &b, &to_a));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(links(&world).await.len(), 1);
}

#[tokio::test]
async fn a_run_by_hand_says_what_may_follow_it() {
    let world = World::new().await;
    let child = world.job("child", JobState::On).await;
    let retries = JobDraft { name: "retries".into(), retries: 1, ..draft(child.executor_id) };
    let parent = JobDraft { name: "parent".into(), children: vec![child.id], ..draft(child.executor_id) };
    for (typed, expected) in [(retries, (false, true)), (parent, (true, false))] {
        let job = jobs::create(&world.services, &world.root, typed, JobState::On).await.unwrap();
        let run = runs::run_now(&world.services, &world.root, job.id, None).await.unwrap();
        let run = world.stored_run(run).await;
        assert_eq!((run.follow_ok, run.follow_fail), expected);
    }
}

#[tokio::test]
async fn a_run_names_what_followed_it() {
    let world = World::new().await;
    let parent = world.job("parent", JobState::On).await;
    let child = world.job("child", JobState::On).await;
    let end = START + 500;
    let cause =
        world.run(&parent, START, |run| (run.state, run.ended_at) = (RunState::Failed, Some(end))).await;
    let retry = world.run(&parent, START, |run| (run.kind, run.slot) = (RunKind::Retry, cause)).await;
    let started = world.run(&child, end, |run| (run.kind, run.slot) = (RunKind::Child, cause)).await;
    world.run(&parent, end, |run| run.slot = -run.id).await;
    let detail = runs::get(&world.services, &world.root, cause).await.unwrap();
    let found: Vec<_> =
        detail.follow_ups.iter().map(|next| (next.run.id, next.job_name.as_deref())).collect();
    assert_eq!(found, [(retry, Some("parent")), (started, Some("child"))]);
    let last = runs::get(&world.services, &world.root, retry).await.unwrap();
    assert!(last.follow_ups.is_empty());
}

#[tokio::test]
async fn a_stop_ends_the_retries_that_wait() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::On).await;
    let retry = world.run(&job, START, |run| (run.kind, run.slot) = (RunKind::Retry, 4)).await;
    let child = world.run(&job, START, |run| (run.kind, run.slot) = (RunKind::Child, 5)).await;
    jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(world.stored_run(retry).await.state, RunState::Skipped);
    assert_eq!(world.stored_run(child).await.state, RunState::Waiting, "its parent's success is no schedule");
}
