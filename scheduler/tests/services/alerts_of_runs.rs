//! Runs as they are found by what became of the messages that tell of them.

use super::alerts::Stage;
use super::channels::{channel, typed};
use super::hooks::{Behaviour, Hook};
use super::support::MINUTE;
use entity::Millis;
use entity::channel::ChannelKind;
use entity::delivery::DeliveryState;
use entity::run::RunState;
use scheduler::alert_rules::AlertRuleEdit;
use scheduler::authority::Caller;
use scheduler::channels::ChannelEdit;
use scheduler::runs::{self, RunFilter, Told};

const SECOND: Millis = 1_000;
const SENT: Told = Told::Something(DeliveryState::Sent);
const PENDING: Told = Told::Something(DeliveryState::Pending);
const FAILED: Told = Told::Something(DeliveryState::Failed);

/// The ids of all pages, and how many pages there were.
async fn found(stage: &Stage, caller: &Caller, filter: &RunFilter) -> (Vec<i64>, usize) {
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = runs::list(&stage.world.services, caller, filter, after.as_deref()).await.unwrap();
        ids.extend(page.rows.into_iter().map(|row| row.run.id));
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (ids, pages);
        }
    }
}

async fn told(stage: &Stage, alert: Told) -> Vec<i64> {
    let root = stage.world.root.clone();
    found(stage, &root, &RunFilter { alert: Some(alert), ..Default::default() }).await.0
}

#[tokio::test]
async fn runs_are_found_by_what_became_of_the_messages_that_tell_of_them() {
    let mut stage = Stage::new().await;
    let silent = stage.failed().await;
    stage.world.clock.advance(SECOND);
    stage.rule(AlertRuleEdit { group_s: 0, recovery: false, ..stage.edit() }).await;
    let sent = stage.failed().await;
    stage.after(SECOND).await;
    stage.hook.behave(Behaviour::Says(500, "down".to_owned()));
    let failed = stage.failed().await;
    for pause in [SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE] {
        stage.after(pause).await;
    }
    let pending = stage.failed().await;
    stage.after(SECOND).await;
    assert_eq!(told(&stage, Told::Nothing).await, [silent]);
    assert_eq!(told(&stage, SENT).await, [sent]);
    assert_eq!(told(&stage, FAILED).await, [failed]);
    assert_eq!(told(&stage, PENDING).await, [pending]);
    // Together with other filters, along the other ways to runs.
    let of_job = RunFilter { job_id: Some(stage.job.id), alert: Some(FAILED), ..Default::default() };
    assert_eq!(found(&stage, &stage.world.root, &of_job).await.0, [failed]);
    let succeeded = RunFilter { states: vec![RunState::Succeeded], alert: Some(SENT), ..Default::default() };
    assert_eq!(found(&stage, &stage.world.root, &succeeded).await.0, [0; 0]);
    let nothing = RunFilter { alert: Some(SENT), ..Default::default() };
    assert_eq!(found(&stage, &stage.world.stranger(), &nothing).await.0, [0; 0], "it is foreign");
}

#[tokio::test]
async fn of_several_messages_the_worst_counts_and_what_gathers_is_on_its_way() {
    let mut stage = Stage::new().await;
    let broken = Hook::saying("no").await;
    broken.behave(Behaviour::Says(500, "down".to_owned()));
    let other = ChannelEdit { name: "broken".to_owned(), ..typed(ChannelKind::Wecom, &broken.url) };
    let other = channel(&stage.world, &stage.alerts, other).await;
    let channels = vec![stage.channel.id, other.id];
    stage.rule(AlertRuleEdit { channels, recovery: false, ..stage.edit() }).await;
    let run = stage.failed().await;
    stage.after(SECOND).await;
    assert_eq!(stage.state_of(run).await, Some(DeliveryState::Pending), "it gathers");
    assert_eq!(told(&stage, PENDING).await, [run]);
    stage.after(MINUTE).await;
    assert_eq!(told(&stage, PENDING).await, [run], "one of both has it");
    for pause in [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE] {
        stage.after(pause).await;
    }
    assert_eq!((told(&stage, FAILED).await, told(&stage, SENT).await), (vec![run], vec![]));
}

#[tokio::test]
async fn every_run_that_was_told_of_is_on_one_page_and_in_order() {
    let mut stage = Stage::new().await;
    for name in ["one", "two"] {
        let edit = AlertRuleEdit { name: name.to_owned(), group_s: 0, recovery: false, ..stage.edit() };
        stage.rule(edit).await;
    }
    let mut expected = Vec::new();
    for index in 0..130 {
        stage.world.clock.advance(SECOND);
        let run = stage.failed().await;
        expected.insert(0, run);
        if index % 5 == 0 {
            stage.ended(&stage.job, RunState::Succeeded).await;
        }
    }
    stage.after(SECOND).await;
    stage.after(SECOND).await;
    let root = stage.world.root.clone();
    let filter = RunFilter { alert: Some(SENT), ..Default::default() };
    assert_eq!(
        found(&stage, &root, &filter).await,
        (expected, 3),
        "each once, although two rules tell of it"
    );
    let untold = RunFilter { alert: Some(Told::Nothing), ..Default::default() };
    assert_eq!(found(&stage, &root, &untold).await.0.len(), 26);
}
