use super::*;
use crate::rules::follow::tests as follow;
use entity::incident::Subject;

fn rule() -> Rule {
    Rule {
        id: 1,
        namespace_id: 1,
        name: "all".to_owned(),
        executor_id: None,
        job_id: None,
        events: "failed,late,long".to_owned(),
        late_s: 60,
        long_s: 600,
        longer_pct: 200,
        start_by: String::new(),
        finish_by: String::new(),
        start_told: None,
        finish_told: None,
        channels: "1".to_owned(),
        group_s: 60,
        recovery: true,
        escalate_s: 1_800,
        escalate_channel: Some(2),
        silent_until: None,
        since: 1_000,
        version: 1,
        created_at: 0,
        updated_at: 0,
        updated_by: None,
    }
}

fn run() -> Run {
    let mut run = follow::run(1);
    (run.state, run.attention, run.live_bucket) = (RunState::Failed, Some(1), None);
    run.ended_at = Some(5_000);
    run
}

fn sighting() -> Sighting {
    Sighting {
        event: Event::Failed,
        namespace_id: 1,
        executor_id: 1,
        job_id: Some(1),
        run_id: Some(1),
        at: 5_000,
        rule_id: None,
        measure: Measure::None,
    }
}

fn incident() -> Incident {
    let (since, last_at) = (5_000, 9_000);
    Incident {
        rule_id: 1,
        subject: Subject::Job,
        subject_id: 1,
        since,
        last_at,
        event: Event::Failed,
        alert_id: 1,
        escalated: false,
    }
}

#[test]
fn a_run_is_told_once_nothing_follows_it_any_more() {
    assert_eq!(event_of(&run()), Some(Event::Failed));
    assert_eq!(event_of(&Run { live_bucket: Some(1), ..run() }), None, "it may be retried");
    assert_eq!(event_of(&Run { attention: None, ..run() }), None, "it was retried");
    assert_eq!(event_of(&Run { parent_id: Some(9), ..run() }), None, "the whole is told");
    let ended = |state| event_of(&Run { state, ..run() });
    assert_eq!(ended(RunState::TimedOut), Some(Event::TimedOut));
    assert_eq!(ended(RunState::Lost), Some(Event::Lost));
    assert_eq!(ended(RunState::Skipped), Some(Event::Missed));
    assert_eq!((ended(RunState::Unknown), ended(RunState::Succeeded)), (None, None));
}

#[test]
fn a_run_is_late_or_long_from_its_threshold_on() {
    let waiting = Run { state: RunState::Waiting, due_at: 0, ..run() };
    let late = |run: &Run, now| overdue_since(&rule(), run, Event::Late, now);
    let minute = Some((60_000, Measure::Limit(60_000)));
    assert_eq!((late(&waiting, 59_999), late(&waiting, 60_000)), (None, minute));
    assert_eq!(late(&Run { reason: Reason::Frozen, ..waiting.clone() }, 60_000), None);
    let running = Run { state: RunState::Running, sent_at: Some(100), accepted_at: Some(200), ..run() };
    let long = |run: &Run, now| overdue_since(&rule(), run, Event::Long, now);
    let ten_minutes = Some((600_200, Measure::Limit(600_000)));
    assert_eq!((long(&running, 600_199), long(&running, 600_200)), (None, ten_minutes));
    assert_eq!((long(&waiting, 700_000), late(&running, 700_000)), (None, None));
}

#[test]
fn a_run_is_longer_than_usual_from_a_share_of_the_usual_on_and_never_for_seconds() {
    let running = Run { state: RunState::Running, sent_at: Some(100), accepted_at: Some(900), ..run() };
    let longer = |run: &Run, usual, now| longer_since(&rule(), run, usual, now);
    let measure = Measure::Usual { limit: 60_000, usual: 30_000 };
    assert_eq!(longer(&running, 30_000, 60_099), None);
    assert_eq!(longer(&running, 30_000, 60_100), Some((60_100, measure)));
    assert_eq!(longer(&running, 5, 10_000), None, "twice of next to nothing is no trouble");
    assert_eq!(longer(&running, 5, 10_105).map(|found| found.0), Some(10_105));
    assert_eq!(longer(&Run { parent_id: Some(9), ..running.clone() }, 30_000, 90_000), None, "a shard");
    assert_eq!(longer(&Run { state: RunState::Succeeded, ..running }, 30_000, 90_000), None);
}

#[test]
fn what_was_seen_by_the_measure_of_one_rule_is_told_by_no_other() {
    let seen = Sighting { rule_id: Some(2), ..sighting() };
    assert!(!tells(&rule(), &seen, 10_000));
    assert!(tells(&Rule { id: 2, ..rule() }, &seen, 10_000));
}

#[test]
fn a_rule_tells_what_it_names_in_its_scope_since_it_was_written() {
    let tells = |rule: Rule, seen: Sighting| tells(&rule, &seen, 10_000);
    assert!(tells(rule(), sighting()));
    assert!(!tells(rule(), Sighting { event: Event::Lost, ..sighting() }));
    assert!(!tells(rule(), Sighting { namespace_id: 2, ..sighting() }));
    assert!(!tells(rule(), Sighting { at: 999, ..sighting() }));
    let narrow = Rule { executor_id: Some(1), job_id: Some(1), ..rule() };
    assert!(tells(narrow.clone(), sighting()));
    assert!(!tells(narrow.clone(), Sighting { job_id: Some(2), ..sighting() }));
    assert!(!tells(narrow, Sighting { executor_id: 2, ..sighting() }));
}

#[test]
fn nothing_is_told_of_what_happens_in_the_silence() {
    let silent = Rule { silent_until: Some(5_001), ..rule() };
    assert!(!tells(&silent, &sighting(), 5_000) && !tells(&silent, &sighting(), 9_000));
    assert!(tells(&silent, &Sighting { at: 5_001, ..sighting() }, 9_000));
}

#[test]
fn the_first_success_after_the_last_failure_is_the_recovery() {
    let success =
        |id, at| RecentRun::from(&Run { id, state: RunState::Succeeded, ended_at: Some(at), ..run() });
    let newest = [success(3, 20_000), success(2, 10_000), success(1, 8_000), RecentRun::from(&run())];
    assert_eq!(recovered(&incident(), &newest).map(|run| run.id), Some(2));
    assert_eq!(recovered(&incident(), &newest[2..]), None);
}

#[test]
fn an_incident_is_escalated_once_when_it_has_lasted() {
    let at = 5_000 + 1_800_000;
    assert_eq!(escalation(&rule(), &incident(), at - 1), None);
    assert_eq!(escalation(&rule(), &incident(), at), Some(30));
    assert_eq!(escalation(&rule(), &Incident { escalated: true, ..incident() }, at), None);
    assert_eq!(escalation(&Rule { escalate_s: 0, ..rule() }, &incident(), at), None);
    assert_eq!(escalation(&Rule { silent_until: Some(at + 1), ..rule() }, &incident(), at), None);
}
