//! A past that is written at once looks as one that happened.

use crate::database::Fresh;
use crate::rows::{START, instance, job};
use entity::id_block::BLOCK;
use entity::run::RunState;
use entity::{id_block, run, run_by_job, run_text, stat_hour};
use scheduler::store::filling::{self, History};
use scheduler::store::ids::RunIds;
use sea_orm::{EntityTrait, QueryOrder};

#[tokio::test]
async fn a_past_is_over_settled_and_counted_and_later_ids_are_free() {
    let fresh = Fresh::sqlite().await;
    let db = &fresh.databases.engine;
    let (like, instance) = (job(1, 2), instance(3, 2));
    let (since, until) = (START - 86_400_000, START);
    let past = History { runs: 10_001, like: &like, jobs: &[1, 4, 9], instance: &instance, since, until };
    filling::history(db, &past).await.unwrap();
    let runs = run::Entity::find().order_by_asc(run::Column::Id).all(db.reader()).await.unwrap();
    let ways = run_by_job::Entity::find().all(db.reader()).await.unwrap();
    assert_eq!((runs.len(), ways.len()), (10_001, 10_001));
    assert!(runs.iter().all(|run| run.live_bucket.is_none() && (since..until).contains(&run.due_at)));
    let failed = runs.iter().filter(|run| run.state == RunState::Failed && run.attention == Some(2)).count();
    let texts = run_text::Entity::find().all(db.reader()).await.unwrap();
    assert_eq!((failed, texts.len()), (101, 101));
    assert!(runs.iter().all(|run| matches!(run.state, RunState::Succeeded | RunState::Failed)));
    let counts = stat_hour::Entity::find().all(db.reader()).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.runs).sum::<i64>(), 10_001);
    let blocks = id_block::Entity::find().all(db.reader()).await.unwrap();
    assert!(blocks.iter().all(|block| block.settled_to == block.start + BLOCK));
    let next = RunIds::new(db.clone()).take_one().await.unwrap();
    assert!(runs.iter().all(|run| run.id < next));
}
