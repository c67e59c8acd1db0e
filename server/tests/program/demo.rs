//! The demonstration that `orrery demo seed` makes.

use crate::support::Installation;
use entity::approval::ApprovalState;
use entity::run::RunState;
use entity::{
    approval, executor, host_state, job, log, log_part, namespace, run, run_by_job, stat_hour, user,
};
use scheduler::store::Databases;
use sea_orm::{EntityTrait, PaginatorTrait};
use std::collections::{BTreeMap, HashSet};

async fn open(installation: &Installation) -> Databases {
    let url = format!("sqlite:{}", installation.folder.path().join("orrery.db").display());
    Databases::connect(&url).await.unwrap()
}

#[tokio::test]
async fn the_demonstration_fills_every_page_and_its_statistics_equal_its_runs() {
    let installation = Installation::new();
    let made = installation.run_command(&["demo", "seed"]).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let databases = open(&installation).await;
    let reader = databases.web.reader();
    assert_eq!(namespace::Entity::find().count(reader).await.unwrap(), 3);
    assert_eq!(executor::Entity::find().count(reader).await.unwrap(), 6);
    assert_eq!(job::Entity::find().count(reader).await.unwrap(), 40);
    assert_eq!(user::Entity::find().count(reader).await.unwrap(), 5);
    let approvals = approval::Entity::find().all(reader).await.unwrap();
    assert_eq!(approvals.len(), 1);
    assert_eq!((approvals[0].state, approvals[0].submitter.as_str()), (ApprovalState::Waiting, "edith"));
    assert_eq!(host_state::Entity::find().count(reader).await.unwrap(), 15);
    let runs = run::Entity::find().all(reader).await.unwrap();
    assert!(runs.len() > 10_000, "{}", runs.len());
    assert_eq!(run_by_job::Entity::find().count(reader).await.unwrap(), runs.len() as u64);
    let mut counted: BTreeMap<(i64, i32, i16), i64> = BTreeMap::new();
    for run in &runs {
        let ended_at = run.ended_at.expect("every run has ended");
        if !run.is_split() {
            let key = (ended_at - ended_at.rem_euclid(3_600_000), run.executor_id, run.state as i16);
            *counted.entry(key).or_default() += 1;
        }
    }
    let stored = stat_hour::Entity::find().all(reader).await.unwrap();
    let stored: BTreeMap<_, _> =
        stored.into_iter().map(|row| ((row.hour, row.executor_id, row.outcome), row.runs)).collect();
    assert_eq!(stored, counted);
    for state in [RunState::Failed, RunState::TimedOut, RunState::Skipped] {
        assert!(runs.iter().any(|run| run.state == state), "{state:?}");
    }
    assert!(runs.iter().any(|run| run.attempt > 1) && runs.iter().any(run::Model::is_shard));
    // What ended in the last two days and was not skipped has its log.
    let newest = runs.iter().filter_map(|run| run.ended_at).max().unwrap_or_default();
    let is_young = |run: &&run::Model| run.ended_at.is_some_and(|at| newest - at < 47 * 3_600_000);
    let logs: HashSet<i64> =
        log::Entity::find().all(reader).await.unwrap().iter().map(|log| log.run_id).collect();
    let ran: Vec<_> = runs.iter().filter(is_young).filter(|run| run.instance_id.is_some()).collect();
    assert!(ran.len() > 1_000 && ran.iter().all(|run| logs.contains(&run.id)));
    assert_eq!(log_part::Entity::find().count(reader).await.unwrap(), logs.len() as u64);
    let again = installation.run_command(&["demo", "seed"]).await;
    assert!(!again.status.success(), "a database with jobs is left alone");
    assert!(String::from_utf8_lossy(&again.stderr).contains("--into-existing"));
    assert_eq!(job::Entity::find().count(reader).await.unwrap(), 40);
}
