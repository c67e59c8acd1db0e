use super::support::{MINUTE, START, World};
use entity::job::JobState;
use entity::run::{Reason, RunState};
use scheduler::runs::{self, QUEUE_LENGTH};
use scheduler::signals::Change;
use scheduler::{Error, Refusal};

#[tokio::test]
async fn the_queue_of_an_executor_is_shown_in_the_order_in_which_it_goes() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    world.run(&job, START, |run| run.state = RunState::Running).await;
    world.run(&job, START + 1, |run| (run.state, run.live_bucket) = (RunState::Succeeded, None)).await;
    let late = world.run(&job, START + MINUTE, |run| run.reason = Reason::BehindRun).await;
    let early = world.run(&job, START - MINUTE, |_| ()).await;
    let urgent = world.run(&job, START + 2 * MINUTE, |run| run.priority = 3).await;
    let queue = runs::queue(&world.services, &world.root, job.executor_id).await.unwrap();
    let order: Vec<i64> = queue.waiting.iter().map(|queued| queued.run.id).collect();
    assert_eq!((queue.out, order, queue.more), (1, vec![urgent, early, late], false));
    assert!(queue.waiting.iter().all(|queued| queued.job_name.as_deref() == Some("invoice")));
    let stranger = runs::queue(&world.services, &world.stranger(), job.executor_id).await;
    assert!(matches!(stranger, Err(Error::NotFound("executor"))));
}

#[tokio::test]
async fn a_run_that_waits_is_moved_to_the_front_before_others_that_were() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let mut ids = Vec::new();
    for minute in 0..=QUEUE_LENGTH as i64 {
        ids.push(world.run(&job, START + minute * MINUTE, |run| run.reason = Reason::AtCapacity).await);
    }
    let mut signals = world.services.signals.subscribe();
    for id in [ids[7], ids[50], ids[50]] {
        runs::to_front(&world.services, &world.root, id).await.unwrap();
        assert_eq!(signals.try_recv(), Ok(Change::Run(id)));
    }
    let queue = runs::queue(&world.services, &world.root, job.executor_id).await.unwrap();
    let order: Vec<i64> = queue.waiting.iter().map(|queued| queued.run.id).collect();
    assert_eq!((&order[..3], queue.more), (&[ids[50], ids[7], ids[0]][..], true));
    let out = world.run(&job, START, |run| (run.state, run.nominal_at) = (RunState::Running, 1)).await;
    let refused = runs::to_front(&world.services, &world.root, out).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::RunNotWaiting))));
}
