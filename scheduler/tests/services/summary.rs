use super::statistics::{job_with_instance, past};
use super::support::{HOUR, MINUTE, START, World};
use entity::run::RunState;
use scheduler::clock::Clock;
use scheduler::runs;

#[tokio::test]
async fn the_summary_tells_what_is_late_and_how_long_a_run_usually_takes() {
    let world = World::new().await;
    let job = job_with_instance(&world, "billing").await;
    past(&world, &job, (1..=9).map(|hours| START - hours * HOUR)).await;
    world.run(&job.0, START - MINUTE, |run| run.state = RunState::Waiting).await;
    world.run(&job.0, START - 3 * MINUTE, |run| run.state = RunState::Waiting).await;
    world.run(&job.0, START + MINUTE, |run| run.state = RunState::Waiting).await;
    world
        .run(&job.0, START - 2 * MINUTE, |run| {
            (run.state, run.sent_at) = (RunState::Running, Some(START - 2 * MINUTE));
        })
        .await;
    let found = runs::summary(&world.services, &world.root, world.clock.now()).await.unwrap();
    assert_eq!((found.late, found.latest_ms), (2, 3 * MINUTE), "what is due later is not late");
    // Sent a millisecond after it was due, ended a second after.
    assert_eq!(found.usual_ms.get(&job.0.id), Some(&999));
    let stranger = runs::summary(&world.services, &world.stranger(), world.clock.now()).await.unwrap();
    assert_eq!((stranger.late, stranger.usual_ms.len()), (0, 0));
}
