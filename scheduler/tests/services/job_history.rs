use super::support::{MINUTE, START, World, draft};
use entity::audit_entry::Verb;
use entity::job::{JobState, Model, ScheduleKind};
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::audit::differences;
use scheduler::{Error, audit};

async fn edit(world: &World, job: &Model, draft: JobDraft) -> Model {
    jobs::edit(&world.services, &world.root, job.id, job.version, draft).await.unwrap()
}

#[tokio::test]
async fn every_definition_of_a_job_is_shown_with_what_it_changed() {
    let world = World::new().await;
    let child = world.job("report", JobState::Stopped).await;
    let job = world.job("invoice", JobState::Stopped).await;
    let with_child = JobDraft { name: "invoice".into(), children: vec![child.id], ..draft(job.executor_id) };
    let job = edit(&world, &job, with_child.clone()).await;
    world.clock.advance(MINUTE);
    edit(&world, &job, JobDraft { name: "invoices".into(), ..with_child }).await;
    let history = jobs::history(&world.services, &world.root, job.id).await.unwrap();
    let verbs: Vec<Verb> = history.iter().map(|entry| entry.verb).collect();
    assert_eq!(verbs, [Verb::Edit, Verb::Edit, Verb::Create]);
    let changed = |n: usize| {
        let found = differences(history[n].before.as_deref(), history[n].after.as_deref());
        found.into_iter().map(|change| (change.field, change.after.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(changed(0), [("name".to_owned(), "invoices".to_owned())]);
    assert_eq!(changed(1), [("children".to_owned(), format!("[{}]", child.id))]);
    assert_eq!(history[0].at, START + MINUTE);
}

#[tokio::test]
async fn a_job_becomes_what_it_was_which_is_a_change_itself() {
    let world = World::new().await;
    let child = world.job("report", JobState::Stopped).await;
    let job = world.job("invoice", JobState::On).await;
    let first = JobDraft {
        name: "invoice".into(),
        children: vec![child.id],
        valid_from: "2026-03-01 08:00:00".into(),
        zone: "Europe/Berlin".into(),
        ..draft(job.executor_id)
    };
    let was = edit(&world, &job, first.clone()).await;
    let seq = jobs::history(&world.services, &world.root, job.id).await.unwrap()[0].seq;
    let other = JobDraft {
        name: "other".into(),
        schedule_kind: ScheduleKind::FixedRate,
        schedule: "600".into(),
        ..draft(job.executor_id)
    };
    let other = edit(&world, &was, other).await;
    let back = jobs::revert(&world.services, &world.root, job.id, other.version, seq).await.unwrap();
    let bare = |job: &Model| Model { version: 0, updated_at: 0, ..job.clone() };
    assert_eq!(bare(&back), bare(&was));
    assert_eq!((back.version, back.state), (other.version + 1, JobState::On));
    let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(detail.children.len(), 1);
    let history = jobs::history(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!((history.len(), history[0].verb), (4, Verb::Edit));
    assert_eq!(audit::verify(&world.services, None).await.unwrap().broken, None);
}

#[tokio::test]
async fn the_way_back_is_refused_where_it_leads_elsewhere_or_somebody_was_first() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let other = world.job("report", JobState::Stopped).await;
    let job = world.job("invoice", JobState::Stopped).await;
    let of_other = jobs::history(services, root, other.id).await.unwrap()[0].seq;
    let foreign = jobs::revert(services, root, job.id, job.version, of_other).await;
    assert!(matches!(foreign, Err(Error::NotFound("definition"))));
    let started = jobs::start(services, root, job.id).await.unwrap();
    let history = jobs::history(services, root, job.id).await.unwrap();
    let no_definition = jobs::revert(services, root, job.id, started.version, history[0].seq).await;
    assert!(matches!(no_definition, Err(Error::NotFound("definition"))));
    let late = jobs::revert(services, root, job.id, started.version - 1, history[1].seq).await;
    assert!(matches!(late, Err(Error::Conflict(version)) if version == started.version));
    let stranger = jobs::history(services, &world.stranger(), job.id).await;
    assert!(matches!(stranger, Err(Error::NotFound("job"))));
}
