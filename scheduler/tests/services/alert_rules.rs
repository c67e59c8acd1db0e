//! Alert rules: what is stored of them, and what a silence keeps back.

use super::alerts::Stage;
use super::support::{MINUTE, faults};
use entity::Millis;
use entity::alert_rule::Event;
use entity::fault::Fault;
use scheduler::Error;
use scheduler::alert_rules::{self, AlertRuleEdit};
use scheduler::clock::Clock;

const SECOND: Millis = 1_000;

#[tokio::test]
async fn nothing_is_told_of_what_happens_in_a_silence() {
    let mut stage = Stage::new().await;
    let rule = stage.rule(AlertRuleEdit { group_s: 0, ..stage.edit() }).await;
    let (services, root) = (stage.world.services.clone(), stage.world.root.clone());
    let silence = async |until| alert_rules::silence(&services, &root, rule.id, until).await;
    let now = stage.world.clock.now();
    assert_eq!(faults(silence(Some(now)).await), [("until", Fault::Past)]);
    silence(Some(now + 10 * MINUTE)).await.unwrap();
    stage.failed().await;
    assert_eq!(stage.after(MINUTE).await.told, 0);
    // It ends early; what happened in it stays untold.
    silence(None).await.unwrap();
    assert_eq!(stage.after(SECOND).await.told, 0);
    stage.failed().await;
    assert_eq!(stage.after(SECOND).await.told, 1);
}

#[tokio::test]
async fn each_wrong_field_of_a_rule_is_named() {
    let stage = Stage::new().await;
    let (services, root) = (&stage.world.services, &stage.world.root);
    let create = async |edit: AlertRuleEdit| {
        faults(alert_rules::create(services, root, stage.job.namespace_id, &edit).await)
    };
    let wrong = AlertRuleEdit {
        events: vec![Event::Late, Event::Long, Event::Longer],
        longer_pct: 109,
        channels: vec![4_711],
        executor_id: Some(4_711),
        job_id: Some(4_711),
        group_s: 3_601,
        escalate_s: 60,
        ..Default::default()
    };
    let range = |min, max| Fault::OutOfRange { min, max };
    assert_eq!(
        create(wrong).await,
        [
            ("name", Fault::Required),
            ("late_s", range(1, 604_800)),
            ("long_s", range(1, 604_800)),
            ("longer_pct", range(110, 10_000)),
            ("group_s", range(0, 3_600)),
            ("escalate_channel", Fault::Required),
            ("channels", Fault::Unknown),
            ("executor_id", Fault::Unknown),
            ("job_id", Fault::Unknown),
        ]
    );
    let timely = AlertRuleEdit {
        events: vec![Event::NotStarted, Event::NotFinished],
        finish_by: "48:00".to_owned(),
        ..stage.edit()
    };
    assert_eq!(
        create(timely).await,
        [("job_id", Fault::Required), ("start_by", Fault::Required), ("finish_by", Fault::TimeOfDay)]
    );
    let empty = AlertRuleEdit { name: "x".to_owned(), ..Default::default() };
    assert_eq!(create(empty).await, [("events", Fault::Required), ("channels", Fault::Required)]);
    let rule = stage.rule(stage.edit()).await;
    let taken = Fault::Taken { id: Some(rule.id.into()) };
    assert_eq!(create(stage.edit()).await, [("name", taken)]);
    let narrow = AlertRuleEdit { name: "one".to_owned(), job_id: Some(stage.job.id), ..stage.edit() };
    stage.rule(narrow).await;
    let edited = alert_rules::edit(services, root, rule.id, 1, &stage.edit()).await.unwrap();
    assert_eq!(edited.version, 2);
    let again = alert_rules::edit(services, root, rule.id, 1, &stage.edit()).await;
    assert!(matches!(again, Err(Error::Conflict(2))));
}
