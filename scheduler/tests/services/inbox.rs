//! Runs that went wrong and that nobody has dealt with: replaying and dismissing them.

use super::support::{MINUTE, START, World};
use entity::audit_entry::Verb;
use entity::job::{JobState, Model};
use entity::run::{RunKind, RunState};
use entity::run_text;
use scheduler::runs::{self, Deal, InboxFilter};
use scheduler::{Error, Refusal, audit, jobs};
use sea_orm::{EntityTrait, IntoActiveModel};

/// A run that ended in that state, wanting attention unless it succeeded.
async fn ended(world: &World, job: &Model, due_at: i64, state: RunState) -> i64 {
    let executor_id = job.executor_id;
    world
        .run(job, due_at, |run| {
            (run.state, run.live_bucket, run.ended_at) = (state, None, Some(due_at + 1));
            run.attention = (state != RunState::Succeeded).then_some(executor_id);
        })
        .await
}

async fn listed(world: &World, filter: InboxFilter) -> Vec<i64> {
    let page = runs::inbox(&world.services, &world.root, &filter, None).await.unwrap();
    page.rows.into_iter().map(|row| row.row.run.id).collect()
}

fn is_refused(outcome: Result<Option<i64>, Error>) -> bool {
    matches!(outcome, Err(Error::Refused(Refusal::NothingToDeal)))
}

#[tokio::test]
async fn what_went_wrong_stays_until_somebody_deals_with_it_and_what_is_moot_can_be_hidden() {
    let world = World::new().await;
    let (job, other) = (world.job("broken", JobState::On).await, world.job("better", JobState::On).await);
    let failed = ended(&world, &job, START, RunState::Failed).await;
    let missed = ended(&world, &job, START + MINUTE, RunState::Skipped).await;
    let moot = ended(&world, &other, START, RunState::TimedOut).await;
    ended(&world, &other, START + 2 * MINUTE, RunState::Succeeded).await;
    let retried = ended(&world, &job, START + 3 * MINUTE, RunState::Failed).await;
    let undecided = world.run(&job, START + 4 * MINUTE, |run| run.state = RunState::Failed).await;
    runs::deal(&world.services, &world.root, retried, Deal::Dismiss).await.unwrap();
    assert_eq!(listed(&world, InboxFilter::default()).await, [missed, failed.max(moot), failed.min(moot)]);
    let hide = InboxFilter { hide_moot: true, ..InboxFilter::default() };
    assert_eq!(listed(&world, hide).await, [missed, failed]);
    let of_other = InboxFilter { job_id: Some(other.id), ..InboxFilter::default() };
    assert_eq!(listed(&world, of_other).await, [moot]);
    assert!(is_refused(runs::deal(&world.services, &world.root, undecided, Deal::Dismiss).await));
    let (root, stranger) = (world.root.clone(), world.stranger());
    let counted = async |caller| runs::inbox_count(&world.services, caller).await.unwrap();
    assert_eq!((counted(&root).await, counted(&stranger).await), (3, 0));
    for minute in 10..110 {
        ended(&world, &job, START + minute * MINUTE, RunState::Failed).await;
    }
    assert_eq!(counted(&root).await, runs::COUNTED, "more are not counted");
    let nobody =
        runs::inbox(&world.services, &world.stranger(), &InboxFilter::default(), None).await.unwrap();
    assert!(nobody.rows.is_empty());
}

#[tokio::test]
async fn a_replay_has_the_parameter_that_was_typed_and_each_of_both_leads_to_the_other() {
    let world = World::new().await;
    let job = world.job("broken", JobState::Stopped).await;
    let failed = ended(&world, &job, START, RunState::Failed).await;
    let transaction = world.services.db.begin().await.unwrap();
    let text = run_text::Model {
        run_id: failed,
        parameter: Some("only berlin".into()),
        started_by: None,
        ended_by: None,
        tries: None,
        dispatch: None,
        result: None,
        late_result: None,
    };
    run_text::Entity::insert(text.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let (one, two) = tokio::join!(
        runs::deal(&world.services, &world.root, failed, Deal::Replay),
        runs::deal(&world.services, &world.root, failed, Deal::Replay),
    );
    let (done, refused) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(is_refused(refused), "once");
    let replay = done.unwrap().unwrap();
    let new = runs::get(&world.services, &world.root, replay).await.unwrap();
    assert_eq!(
        (new.run.kind, new.run.state, new.replay_of),
        (RunKind::Manual, RunState::Waiting, Some(failed))
    );
    assert_eq!(new.text.unwrap().parameter.as_deref(), Some("only berlin"));
    let old = runs::get(&world.services, &world.root, failed).await.unwrap();
    let dealing = old.dealing.unwrap();
    assert_eq!((dealing.replay_id, dealing.dealt_at, old.run.attention), (Some(replay), START, None));
    let entry =
        &audit::list(&world.services, &world.root, &Default::default(), None).await.unwrap().entries[0];
    assert_eq!((entry.verb, entry.object_id), (Verb::Replay, i64::from(job.id)));
    assert!(listed(&world, InboxFilter::default()).await.is_empty());
}

#[tokio::test]
async fn several_are_dealt_with_at_once_and_one_that_is_refused_does_not_keep_the_others() {
    let world = World::new().await;
    let (job, disabled) = (world.job("broken", JobState::On).await, world.job("off", JobState::On).await);
    let good = ended(&world, &job, START, RunState::Failed).await;
    let bad = ended(&world, &disabled, START, RunState::Failed).await;
    jobs::disable(&world.services, &world.root, disabled.id).await.unwrap();
    let dealt = runs::deal_with(&world.services, &world.root, &[good, bad], Deal::Replay).await.unwrap();
    assert_eq!((dealt.done.len(), dealt.done[0].0), (1, good));
    assert!(matches!(dealt.refused[..], [(id, Error::Refused(Refusal::JobIs(_)))] if id == bad));
    assert_eq!(listed(&world, InboxFilter::default()).await, [bad], "nothing of it was done");
    let unseen = runs::deal_with(&world.services, &world.stranger(), &[bad], Deal::Dismiss).await;
    assert!(matches!(unseen, Err(Error::NotFound("run"))));
    runs::deal_with(&world.services, &world.root, &[bad], Deal::Dismiss).await.unwrap();
    assert!(listed(&world, InboxFilter::default()).await.is_empty());
}

#[tokio::test]
async fn the_shards_of_a_run_are_dealt_with_as_a_whole() {
    let world = World::new().await;
    let job = world.job("split", JobState::On).await;
    let whole = ended(&world, &job, START, RunState::Failed).await;
    let executor_id = job.executor_id;
    let shard = world
        .run(&job, START + 1, |run| {
            (run.state, run.live_bucket, run.parent_id) = (RunState::Failed, None, Some(whole));
            run.attention = Some(executor_id);
        })
        .await;
    assert_eq!(listed(&world, InboxFilter::default()).await, [whole]);
    assert!(is_refused(runs::deal(&world.services, &world.root, shard, Deal::Replay).await));
    runs::deal(&world.services, &world.root, whole, Deal::Dismiss).await.unwrap();
    assert_eq!(world.stored_run(shard).await.attention, None);
}
