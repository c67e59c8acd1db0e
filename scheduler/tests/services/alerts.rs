//! Alerts from what happened to what receivers got: the loops are ticked by hand, the clock stands still until a
//! test moves it, the receivers are real.

use super::channels::{channel, typed};
use super::hooks::{Behaviour, Hook, alerts};
use super::support::{MINUTE, World};
use entity::alert_rule::{Event, Model as Rule};
use entity::channel::{ChannelKind, Model as Channel};
use entity::delivery::{DeliveryState, Model as Delivery};
use entity::job::{JobState, Model as Job};
use entity::run::{Model as Run, Reason, RunState};
use entity::{Millis, instance, run_text};
use scheduler::alert_rules::{self, AlertRuleEdit};
use scheduler::alerts::Alerts;
use scheduler::alerts::deliver::Deliverer;
use scheduler::alerts::watch::{WatchReport, Watcher};
use scheduler::channels::ChannelEdit;
use scheduler::clock::Clock;
use scheduler::{Error, Refusal, Services, deliveries};
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::Value;
use std::sync::Arc;

const SECOND: Millis = 1_000;

/// A job, a hook, the channel to it, and both loops of one server.
pub struct Stage {
    pub world: World,
    pub job: Job,
    pub hook: Hook,
    pub channel: Channel,
    pub alerts: Alerts,
    pub watcher: Watcher,
    pub deliverer: Deliverer,
}

impl Stage {
    pub async fn new() -> Self {
        let (world, hook) = (World::new().await, Hook::new().await);
        let job = world.job("invoices", JobState::On).await;
        let alerts = alerts(&world, None);
        let channel = channel(&world, &alerts, typed(ChannelKind::Webhook, &hook.url)).await;
        let watcher = Watcher::new(alerts.clone(), Arc::new(|| true));
        let deliverer = Deliverer::new(alerts.clone());
        Self { world, job, hook, channel, alerts, watcher, deliverer }
    }

    /// A rule that tells of failures to the channel, within a minute in one message.
    pub fn edit(&self) -> AlertRuleEdit {
        AlertRuleEdit {
            name: "failures".to_owned(),
            events: vec![Event::Failed],
            channels: vec![self.channel.id],
            group_s: 60,
            recovery: true,
            ..Default::default()
        }
    }

    pub async fn rule(&self, edit: AlertRuleEdit) -> Rule {
        let namespace_id = self.job.namespace_id;
        alert_rules::create(&self.world.services, &self.world.root, namespace_id, &edit).await.unwrap()
    }

    /// A run of the job that ended like this just now.
    pub async fn ended(&self, job: &Job, state: RunState) -> i64 {
        let now = self.world.clock.now();
        let change = |run: &mut Run| {
            (run.state, run.live_bucket, run.ended_at) = (state, None, Some(now));
            run.attention = (state != RunState::Succeeded).then_some(run.executor_id);
            run.slot = -run.id;
        };
        self.world.run(job, now, change).await
    }

    pub async fn failed(&self) -> i64 {
        self.ended(&self.job, RunState::Failed).await
    }

    /// Moves the clock, looks, and sends to the end what is due.
    pub async fn after(&mut self, by: Millis) -> WatchReport {
        self.world.clock.advance(by);
        let report = self.watcher.tick().await.unwrap();
        self.deliverer.tick().await.unwrap();
        self.deliverer.settle().await;
        report
    }

    /// The titles that the hook got.
    pub fn titles(&self) -> Vec<String> {
        let title = |got: Value| got["title"].as_str().unwrap().to_owned();
        self.hook.received().iter().map(|received| title(received.json())).collect()
    }

    pub async fn deliveries(&self) -> Vec<Delivery> {
        let page = deliveries::list(&self.world.services, &self.world.root, None, None).await.unwrap();
        page.rows.into_iter().map(|row| row.delivery).collect()
    }

    pub async fn state_of(&self, run: i64) -> Option<DeliveryState> {
        deliveries::of_run(&self.world.services, &self.world.root, run).await.unwrap()
    }
}

#[tokio::test]
async fn a_hundred_failures_in_a_minute_are_one_message_and_a_recovery_says_so() {
    let mut stage = Stage::new().await;
    stage.rule(stage.edit()).await;
    for batch in 0..4 {
        for _ in 0..25 {
            stage.failed().await;
        }
        let report = stage.after(10 * SECOND).await;
        assert_eq!((report.told, report.sent), (25, 0), "{batch}");
    }
    assert_eq!(stage.titles(), [""; 0]);
    // Nobody is told of the end before the beginning.
    stage.ended(&stage.job, RunState::Succeeded).await;
    assert_eq!(stage.after(30 * SECOND).await, WatchReport { sent: 1, ..Default::default() });
    assert_eq!(stage.titles(), ["[default:default] Failed 100"]);
    let message = stage.hook.received()[0].json();
    assert_eq!(message["alert"]["counts"]["failed"], 100);
    assert_eq!(message["lines"].as_array().unwrap().len(), 7, "the first few, how many more, the rule");
    assert_eq!(stage.after(SECOND).await.recovered, 1);
    assert_eq!(stage.titles()[1..], ["[default:default] Recovered: invoices"]);
    assert_eq!(stage.after(MINUTE).await, WatchReport::default());
    assert_eq!(stage.titles().len(), 2);
}

#[tokio::test]
async fn a_job_that_goes_on_failing_holds_up_neither_the_recovery_of_another_nor_the_escalation() {
    let mut stage = Stage::new().await;
    let edit = AlertRuleEdit { escalate_s: 120, escalate_channel: Some(stage.channel.id), ..stage.edit() };
    stage.rule(edit).await;
    let other = stage.world.job("reports", JobState::On).await;
    stage.ended(&other, RunState::Failed).await;
    let mut total = WatchReport::default();
    for minute in 0..4 {
        stage.failed().await;
        if minute == 1 {
            stage.ended(&other, RunState::Succeeded).await;
        }
        let report = stage.after(MINUTE).await;
        total.recovered += report.recovered;
        total.escalated += report.escalated;
    }
    assert_eq!((total.recovered, total.escalated), (1, 1));
    assert!(stage.titles().contains(&"[default:default] Recovered: reports".to_owned()));
}

#[tokio::test]
async fn a_failure_is_told_once_with_its_job_its_run_and_the_error_by_whichever_server() {
    let mut stage = Stage::new().await;
    stage.failed().await;
    stage.world.clock.advance(SECOND);
    stage.rule(AlertRuleEdit { group_s: 0, ..stage.edit() }).await;
    assert_eq!(stage.after(SECOND).await, WatchReport::default(), "it was before the rule");
    let run = stage.failed().await;
    let text = run_text::Model {
        run_id: run,
        parameter: None,
        started_by: None,
        ended_by: None,
        tries: None,
        dispatch: None,
        result: Some("disk full".to_owned()),
        late_result: None,
    };
    let transaction = stage.world.services.db.begin().await.unwrap();
    run_text::Entity::insert(text.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(stage.state_of(run).await, None);
    let report = stage.after(SECOND).await;
    assert_eq!((report.told, report.sent), (1, 1));
    let message = stage.hook.received()[0].json();
    assert_eq!(message["title"], "[default:default] Failed: invoices");
    let line = message["lines"][0].as_str().unwrap();
    let end = format!("Failed #{} invoices ({run}): disk full", stage.job.id);
    assert!(line.ends_with(&end), "{line}");
    assert_eq!(stage.state_of(run).await, Some(DeliveryState::Sent));
    // Another server, which remembers nothing, finds that it was told.
    stage.watcher = Watcher::new(stage.alerts.clone(), Arc::new(|| true));
    assert_eq!(stage.after(SECOND).await, WatchReport::default());
    // One that is not on duty decides nothing.
    stage.watcher = Watcher::new(stage.alerts.clone(), Arc::new(|| false));
    stage.failed().await;
    assert_eq!(stage.after(SECOND).await, WatchReport::default());
    assert_eq!(stage.titles().len(), 1);
}

#[tokio::test]
async fn without_a_rule_nothing_is_sent() {
    let mut stage = Stage::new().await;
    let run = stage.failed().await;
    assert_eq!(stage.after(MINUTE).await, WatchReport::default());
    assert_eq!((stage.state_of(run).await, stage.deliveries().await), (None, vec![]));
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_after_growing_pauses_until_it_has_failed() {
    let mut stage = Stage::new().await;
    stage.rule(AlertRuleEdit { group_s: 0, recovery: false, ..stage.edit() }).await;
    stage.hook.behave(Behaviour::Says(500, "down".to_owned()));
    let run = stage.failed().await;
    stage.after(SECOND).await;
    for (attempts, pause) in [(1, 10 * SECOND), (2, MINUTE), (3, 5 * MINUTE), (4, 30 * MINUTE)] {
        let delivery = stage.deliveries().await.remove(0);
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Pending, attempts));
        assert_eq!(
            (delivery.next_at, &*delivery.answer),
            (Some(stage.world.clock.now() + pause), "HTTP 500: down")
        );
        stage.after(pause - 1).await;
        assert_eq!(stage.hook.received().len(), attempts as usize, "not before its time");
        stage.after(1).await;
    }
    let delivery = stage.deliveries().await.remove(0);
    assert_eq!((delivery.state, delivery.attempts, delivery.next_at), (DeliveryState::Failed, 5, None));
    assert_eq!(stage.state_of(run).await, Some(DeliveryState::Failed));
    stage.hook.behave(Behaviour::Says(200, String::new()));
    deliveries::send_again(&stage.alerts, &stage.world.root, delivery.id).await.unwrap();
    stage.after(SECOND).await;
    assert_eq!(stage.state_of(run).await, Some(DeliveryState::Sent));
    let refused = deliveries::send_again(&stage.alerts, &stage.world.root, delivery.id).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::DeliveryNotFailed))));
    let foreign = deliveries::send_again(&stage.alerts, &stage.world.stranger(), delivery.id).await;
    assert!(matches!(foreign, Err(Error::NotFound("delivery"))));
}

#[tokio::test]
async fn a_hook_that_hangs_delays_no_other_delivery() {
    let mut stage = Stage::new().await;
    let (slow, edit) = (Hook::new().await, stage.edit());
    slow.behave(Behaviour::Hangs);
    let other = ChannelEdit { name: "slow".to_owned(), ..typed(ChannelKind::Wecom, &slow.url) };
    let other = channel(&stage.world, &stage.alerts, other).await;
    let channels = vec![stage.channel.id, other.id];
    stage.rule(AlertRuleEdit { channels, group_s: 0, ..edit }).await;
    for round in 1..=3 {
        stage.failed().await;
        stage.world.clock.advance(SECOND);
        stage.watcher.tick().await.unwrap();
        stage.deliverer.tick().await.unwrap();
        stage.hook.until(round).await;
        slow.until(1).await;
    }
    assert!(slow.received().len() <= 2, "one at a time goes to a hook");
    stage.deliverer.settle().await;
    let waiting = stage.deliveries().await.into_iter().filter(|found| found.channel_id == other.id);
    assert!(waiting.into_iter().all(|found| found.state == DeliveryState::Pending));
}

#[tokio::test]
async fn of_two_servers_one_sends_and_what_one_left_undone_another_does() {
    let mut stage = Stage::new().await;
    stage.rule(AlertRuleEdit { group_s: 0, ..stage.edit() }).await;
    let mut second = Deliverer::new(stage.alerts.clone());
    stage.failed().await;
    stage.world.clock.advance(SECOND);
    stage.watcher.tick().await.unwrap();
    let (one, two) = tokio::join!(stage.deliverer.tick(), second.tick());
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    stage.deliverer.settle().await;
    second.settle().await;
    assert_eq!(stage.hook.received().len(), 1);
    // One that dies amid it leaves it to others, a minute later.
    stage.hook.behave(Behaviour::Hangs);
    stage.failed().await;
    stage.world.clock.advance(SECOND);
    stage.watcher.tick().await.unwrap();
    let mut dying = Deliverer::new(stage.alerts.clone());
    assert_eq!(dying.tick().await.unwrap(), 1);
    drop(dying);
    stage.hook.behave(Behaviour::Says(200, String::new()));
    stage.world.clock.advance(MINUTE - 1);
    assert_eq!(second.tick().await.unwrap(), 0);
    stage.world.clock.advance(1);
    assert_eq!(second.tick().await.unwrap(), 1);
    second.settle().await;
    assert_eq!(stage.deliveries().await[0].state, DeliveryState::Sent);
}

#[tokio::test]
async fn time_outs_lost_and_skipped_runs_are_told_and_retried_ones_and_shards_are_not() {
    let mut stage = Stage::new().await;
    let events = vec![Event::TimedOut, Event::Lost, Event::Missed];
    stage.rule(AlertRuleEdit { events, group_s: 0, ..stage.edit() }).await;
    for state in [RunState::TimedOut, RunState::Lost, RunState::Skipped, RunState::Failed] {
        stage.ended(&stage.job, state).await;
    }
    let now = stage.world.clock.now();
    for (index, undecided) in [(1, true), (2, false)] {
        let change = |run: &mut Run| {
            (run.state, run.ended_at, run.slot) = (RunState::TimedOut, Some(now), -run.id);
            run.attention = Some(run.executor_id);
            run.live_bucket = undecided.then_some(run.bucket);
            run.parent_id = (!undecided).then_some(index);
        };
        stage.world.run(&stage.job, now, change).await;
    }
    assert_eq!(stage.after(SECOND).await.told, 3);
    assert_eq!(stage.titles(), ["[default:default] Timed out 1, Lost 1, Not executed 1"]);
}

#[tokio::test]
async fn a_run_that_waits_or_runs_for_too_long_is_told_once_by_each_threshold() {
    let mut stage = Stage::new().await;
    let events = vec![Event::Late, Event::Long];
    stage.rule(AlertRuleEdit { events, late_s: 60, long_s: 120, group_s: 0, ..stage.edit() }).await;
    let now = stage.world.clock.now();
    let waiting = |run: &mut Run| (run.reason, run.slot) = (Reason::BehindRun, -run.id);
    stage.world.run(&stage.job, now, waiting).await;
    let frozen = |run: &mut Run| (run.reason, run.slot) = (Reason::Frozen, -run.id);
    stage.world.run(&stage.job, now, frozen).await;
    let running = |run: &mut Run| {
        (run.state, run.sent_at, run.accepted_at, run.slot) =
            (RunState::Running, Some(now), Some(now), -run.id);
    };
    stage.world.run(&stage.job, now, running).await;
    assert_eq!(stage.after(59 * SECOND).await.told, 0);
    assert_eq!(stage.after(SECOND).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0);
    assert_eq!(
        stage.titles(),
        ["[default:default] Late: invoices", "[default:default] Running long: invoices"]
    );
}

#[tokio::test]
async fn each_rule_tells_what_is_late_or_long_by_its_own_threshold() {
    let mut stage = Stage::new().await;
    for (name, late_s) in [("soon", 60), ("later", 180)] {
        let (name, events) = (name.to_owned(), vec![Event::Late]);
        stage.rule(AlertRuleEdit { name, events, late_s, group_s: 0, ..stage.edit() }).await;
    }
    let now = stage.world.clock.now();
    stage.world.run(&stage.job, now, |run| run.slot = -run.id).await;
    assert_eq!(stage.after(MINUTE).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0);
    assert_eq!(stage.after(MINUTE).await.told, 1);
    let lines: Vec<Value> = stage.hook.received().iter().map(|got| got.json()["lines"][0].clone()).collect();
    assert!(lines[0].as_str().unwrap().ends_with(": > 60 s"), "{lines:?}");
    assert!(lines[1].as_str().unwrap().ends_with(": > 180 s"), "{lines:?}");
}

#[tokio::test]
async fn what_lasts_is_escalated_once_to_another_channel() {
    let mut stage = Stage::new().await;
    let boss = Hook::saying("ok").await;
    let other = channel(&stage.world, &stage.alerts, typed(ChannelKind::Slack, &boss.url)).await;
    let edit =
        AlertRuleEdit { group_s: 0, escalate_s: 1_800, escalate_channel: Some(other.id), ..stage.edit() };
    stage.rule(edit).await;
    stage.failed().await;
    stage.after(SECOND).await;
    assert_eq!(stage.after(29 * MINUTE).await.escalated, 0);
    // Failing on and on begins nothing anew.
    stage.failed().await;
    assert_eq!(stage.after(MINUTE).await.escalated, 1);
    let text = boss.received()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("*[default:default] Not recovered for 30 min: invoices*"), "{text}");
    assert!(text.contains("Failed #"), "it says what happened: {text}");
    assert_eq!(stage.after(MINUTE).await.escalated, 0);
    assert_eq!((boss.received().len(), stage.hook.received().len()), (1, 2));
}

/// The one instance of an executor is there, or left at that time.
async fn set_instance(services: &Services, executor_id: i32, gone_at: Option<Millis>) {
    let row = instance::Model {
        id: 1,
        executor_id,
        address: "http://10.0.0.9:9999".to_owned(),
        labels: String::new(),
        client: instance::Client::Java,
        life: String::new(),
        announced: String::new(),
        version: String::new(),
        workers: 0,
        queue_length: 0,
        generation: 1,
        manual: false,
        registered_at: 0,
        seen_at: 0,
        draining_since: None,
        gone_at,
    };
    let transaction = services.db.begin().await.unwrap();
    instance::Entity::delete_many().exec(&transaction).await.unwrap();
    instance::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn an_executor_that_is_offline_is_told_and_that_it_is_back() {
    let mut stage = Stage::new().await;
    let edit = AlertRuleEdit { events: vec![Event::Offline], group_s: 0, ..stage.edit() };
    stage.rule(edit).await;
    let (services, executor) = (stage.world.services.clone(), stage.job.executor_id);
    assert_eq!(stage.after(MINUTE).await, WatchReport::default(), "it never was there");
    set_instance(&services, executor, Some(stage.world.clock.now())).await;
    assert_eq!(stage.after(29 * SECOND).await.told, 0, "it may be started anew");
    assert_eq!(stage.after(SECOND).await.told, 1);
    assert_eq!(stage.after(MINUTE).await.told, 0);
    set_instance(&services, executor, None).await;
    assert_eq!(stage.after(SECOND).await.recovered, 1);
    assert_eq!(
        stage.titles(),
        ["[default:default] Executor offline: worker", "[default:default] Recovered: worker"]
    );
}
