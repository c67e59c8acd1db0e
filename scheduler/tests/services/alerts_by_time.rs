//! Alerts about time: what takes longer than usual, and what has not started or finished by a time of day.

use super::alerts::Stage;
use super::support::{HOUR, MINUTE, START, draft};
use entity::Millis;
use entity::alert_rule::{Event, Model as Rule};
use entity::job::JobState;
use entity::run::{Model as Run, RunState};
use scheduler::alert_rules::AlertRuleEdit;
use scheduler::alerts::watch::Watcher;
use scheduler::clock::Clock;
use scheduler::freezes::{self, FreezeDraft};
use scheduler::jobs::{self, JobDraft};
use scheduler::runs;
use std::sync::Arc;

const SECOND: Millis = 1_000;
const DAY: Millis = 24 * HOUR;

/// A run of the job that was sent then, and has ended so after so long.
async fn took(stage: &Stage, sent_at: Millis, ended: Option<(RunState, Millis)>) -> i64 {
    let change = |run: &mut Run| {
        (run.state, run.sent_at, run.slot) = (RunState::Running, Some(sent_at), -run.id);
        if let Some((state, took)) = ended {
            (run.state, run.ended_at, run.live_bucket) = (state, Some(sent_at + took), None);
        }
    };
    stage.world.run(&stage.job, sent_at, change).await
}

async fn longer(stage: &Stage, name: &str, longer_pct: i32) -> Rule {
    let events = vec![Event::Longer];
    let edit = AlertRuleEdit { name: name.to_owned(), events, longer_pct, group_s: 0, ..stage.edit() };
    stage.rule(edit).await
}

#[tokio::test]
async fn a_run_that_takes_longer_than_usual_is_told_once_by_the_share_of_each_rule_and_so_is_its_end() {
    let mut stage = Stage::new().await;
    let now = stage.world.clock.now();
    for index in 1..=3 {
        took(&stage, now - index * 10 * MINUTE, Some((RunState::Succeeded, 2 * MINUTE))).await;
    }
    longer(&stage, "twice", 200).await;
    longer(&stage, "thrice", 300).await;
    let run = took(&stage, now, None).await;
    // What the home page puts beside it.
    let summary = runs::summary(&stage.world.services, &stage.world.root, now).await.unwrap();
    assert_eq!(summary.usual_ms.get(&stage.job.id), Some(&(2 * MINUTE)));
    assert_eq!(stage.after(4 * MINUTE - 1).await.told, 0);
    assert_eq!(stage.after(MINUTE).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0, "the other rule has more patience");
    assert_eq!(stage.after(MINUTE).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0);
    let message = stage.hook.received()[0].json();
    assert_eq!(message["title"], "[default:default] Longer than usual: invoices");
    let line = message["lines"][0].as_str().unwrap();
    assert!(line.ends_with(&format!("({run}): > 240 s (usually 120 s)")), "{line}");
    assert_eq!(stage.deliveries().await.len(), 2);
    took(&stage, now, Some((RunState::Succeeded, 8 * MINUTE))).await;
    stage.world.clock.advance(MINUTE);
    assert_eq!(stage.after(MINUTE).await.recovered, 2);
}

#[tokio::test]
async fn nothing_is_longer_than_usual_where_too_little_is_known_or_it_was_so_before_the_rule() {
    let mut stage = Stage::new().await;
    let now = stage.world.clock.now();
    for index in 1..=2 {
        took(&stage, now - index * 10 * MINUTE, Some((RunState::Succeeded, MINUTE))).await;
    }
    took(&stage, now - 30 * MINUTE, Some((RunState::Failed, SECOND))).await;
    longer(&stage, "twice", 200).await;
    took(&stage, now, None).await;
    assert_eq!(stage.after(HOUR).await.told, 0, "two successes are too few");
    took(&stage, now - 40 * MINUTE, Some((RunState::Succeeded, MINUTE))).await;
    longer(&stage, "late", 200).await;
    assert_eq!(stage.after(MINUTE).await.told, 1, "only by the rule that was there in time");
}

/// A job that fires at four in Shanghai, and a rule that it has to finish by six; the stage stands at eight in
/// the morning there.
async fn nightly(stage: &mut Stage) -> Rule {
    let draft = JobDraft {
        name: "ledger".to_owned(),
        schedule: "0 0 4 ? * MON-SAT".to_owned(),
        zone: "Asia/Shanghai".to_owned(),
        ..draft(stage.job.executor_id)
    };
    let (services, root) = (&stage.world.services, &stage.world.root);
    stage.job = jobs::create(services, root, draft, JobState::On).await.unwrap();
    by_six(stage, &[Event::NotFinished]).await
}

async fn by_six(stage: &Stage, events: &[Event]) -> Rule {
    let edit = AlertRuleEdit {
        job_id: Some(stage.job.id),
        events: events.to_vec(),
        start_by: "5:00".to_owned(),
        finish_by: "6:00".to_owned(),
        group_s: 0,
        ..stage.edit()
    };
    stage.rule(edit).await
}

/// Four o'clock of the day that many days after the stage's Saturday.
fn four(day: i64) -> Millis {
    START - 4 * HOUR + day * DAY
}

/// Moves the clock on to so long after four o'clock of that day, and looks; how much was told.
async fn look(stage: &mut Stage, day: i64, after: Millis) -> usize {
    let by = four(day) + after - stage.world.clock.now();
    stage.after(by).await.told
}

#[tokio::test]
async fn a_job_that_has_not_succeeded_by_its_time_is_told_once_and_so_is_its_success() {
    let mut stage = Stage::new().await;
    nightly(&mut stage).await;
    assert_eq!(stage.after(MINUTE).await.told, 0, "six was before the rule");
    assert_eq!(look(&mut stage, 1, 12 * HOUR).await, 0, "a Sunday");
    took(&stage, four(2), Some((RunState::Failed, HOUR))).await;
    let run = took(&stage, four(2), None).await;
    assert_eq!(look(&mut stage, 2, 2 * HOUR).await, 0, "what ended at six may not be written yet");
    assert_eq!(look(&mut stage, 2, 2 * HOUR + MINUTE).await, 1);
    assert_eq!(look(&mut stage, 2, 3 * HOUR).await, 0);
    let message = stage.hook.received()[0].json();
    assert_eq!(message["title"], "[default:default] Not finished in time: ledger");
    let line = message["lines"][0].as_str().unwrap();
    assert!(line.ends_with("ledger: 06:00 Asia/Shanghai"), "{line}");
    // Another server finds that it was told.
    stage.watcher = Watcher::new(stage.alerts.clone(), Arc::new(|| true));
    assert_eq!(stage.after(MINUTE).await.told, 0);
    end(&stage, run, four(2) + 3 * HOUR).await;
    assert_eq!(stage.after(MINUTE).await.recovered, 1);
    assert_eq!(stage.titles()[1..], ["[default:default] Recovered: ledger"]);
    took(&stage, four(3), Some((RunState::Succeeded, 2 * HOUR))).await;
    assert_eq!(look(&mut stage, 3, 3 * HOUR).await, 0, "by six is in time");
    took(&stage, four(4), Some((RunState::Succeeded, 2 * HOUR + 1))).await;
    assert_eq!(look(&mut stage, 4, 3 * HOUR).await, 1);
}

async fn end(stage: &Stage, run: i64, at: Millis) {
    use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
    let mut row = stage.world.stored_run(run).await.into_active_model();
    (row.state, row.ended_at, row.live_bucket) = (Set(RunState::Succeeded), Set(Some(at)), Set(None));
    let transaction = stage.world.services.db.begin().await.unwrap();
    row.update(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_job_that_has_not_started_by_its_time_is_told_apart_from_one_that_has_not_finished() {
    let mut stage = Stage::new().await;
    nightly(&mut stage).await;
    let name = "both".to_owned();
    let events = vec![Event::NotStarted, Event::NotFinished];
    let (start_by, finish_by) = ("5:00".to_owned(), "6:00".to_owned());
    let job_id = Some(stage.job.id);
    let edit = AlertRuleEdit { name, job_id, events, start_by, finish_by, group_s: 0, ..stage.edit() };
    stage.rule(edit).await;
    assert_eq!(look(&mut stage, 2, HOUR + MINUTE).await, 1);
    took(&stage, four(2) + HOUR + MINUTE, None).await;
    assert_eq!(look(&mut stage, 2, 3 * HOUR).await, 2, "of both rules");
    took(&stage, four(3) + 1, Some((RunState::Succeeded, MINUTE))).await;
    assert_eq!(look(&mut stage, 3, 3 * HOUR).await, 0);
    assert_eq!(stage.titles()[0], "[default:default] Not started in time: ledger");
}

#[tokio::test]
async fn a_time_that_passes_while_the_job_is_stopped_or_its_namespace_frozen_is_not_told() {
    let mut stage = Stage::new().await;
    nightly(&mut stage).await;
    let (services, root) = (stage.world.services.clone(), stage.world.root.clone());
    let freeze = FreezeDraft { namespace_id: Some(stage.job.namespace_id), reason: "audit".to_owned() };
    let frozen = freezes::freeze(&services, &root, freeze).await.unwrap();
    assert_eq!(look(&mut stage, 2, 3 * HOUR).await, 0);
    freezes::thaw(&services, &root, frozen.id).await.unwrap();
    stage.watcher = Watcher::new(stage.alerts.clone(), Arc::new(|| true));
    assert_eq!(stage.after(MINUTE).await.told, 0, "it was frozen at six");
    jobs::stop(&services, &root, stage.job.id).await.unwrap();
    assert_eq!(look(&mut stage, 3, 3 * HOUR).await, 0);
    jobs::start(&services, &root, stage.job.id).await.unwrap();
    stage.watcher = Watcher::new(stage.alerts.clone(), Arc::new(|| true));
    assert_eq!(stage.after(MINUTE).await.told, 0, "it was started after its time");
    assert_eq!(look(&mut stage, 4, 3 * HOUR).await, 1);
}
