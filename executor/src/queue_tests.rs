use protocol::RunMode;

use super::*;

fn request(job_id: i32, log_id: i64, strategy: BlockStrategy) -> TriggerRequest {
    TriggerRequest {
        job_id,
        log_id,
        executor_block_strategy: strategy,
        executor_handler: "h".to_owned(),
        executor_params: String::new(),
        executor_timeout: 0,
        log_date_time: 0,
        glue_type: RunMode::Bean,
        glue_source: String::new(),
        glue_updated_at: 0,
        broadcast_index: 0,
        broadcast_total: 1,
        attempt: None,
    }
}

pub(crate) fn serial(job_id: i32, log_id: i64) -> TriggerRequest {
    request(job_id, log_id, BlockStrategy::SerialExecution)
}

fn accepted(start_worker: bool) -> Admission {
    Admission::Accepted { start_worker, dropped: Vec::new() }
}

#[test]
fn runs_of_a_job_form_one_line_and_jobs_do_not_meet() {
    let mut queues = Queues::default();
    assert_eq!(queues.admit(serial(1, 10)), accepted(true));
    assert_eq!(queues.admit(serial(1, 11)), accepted(false));
    assert_eq!(queues.admit(serial(2, 20)), accepted(true));
    assert_eq!(queues.next(1).unwrap().0.log_id, 10);
    queues.finish(1);
    assert_eq!(queues.next(1).unwrap().0.log_id, 11);
    assert!(!queues.is_idle(1));
    queues.finish(1);
    assert!(queues.is_idle(1));
    assert!(queues.next(1).is_none());
    assert!(!queues.all_idle());
    assert_eq!(queues.admit(serial(1, 12)), accepted(true));
}

#[test]
fn a_run_is_taken_once_whether_it_waits_runs_or_is_over() {
    let mut queues = Queues::default();
    let refused = Admission::Refused("repeat trigger job, logId:10".to_owned());
    queues.admit(serial(1, 10));
    assert_eq!(queues.admit(serial(1, 10)), refused);
    queues.next(1);
    assert_eq!(queues.admit(serial(1, 10)), refused);
    queues.finish(1);
    assert_eq!(queues.admit(serial(1, 10)), refused);
    queues.next(1);
    assert_eq!(queues.admit(serial(1, 10)), refused);
}

#[test]
fn a_finished_run_is_forgotten_after_as_many_others_as_are_remembered() {
    let mut recent = Recent::default();
    (0..REMEMBERED as i64).for_each(|id| recent.remember(id));
    assert!(recent.contains(0));
    recent.remember(-1);
    assert!(!recent.contains(0));
    assert!(recent.contains(1));
    assert_eq!(recent.ids.len(), REMEMBERED);
}

#[test]
fn discard_later_refuses_only_while_busy() {
    let mut queues = Queues::default();
    let discard = |id| request(1, id, BlockStrategy::DiscardLater);
    assert_eq!(queues.admit(discard(10)), accepted(true));
    assert_eq!(queues.admit(discard(11)), Admission::Refused(TEXT_DISCARDED.to_owned()));
    queues.next(1);
    assert_eq!(queues.admit(discard(11)), Admission::Refused(TEXT_DISCARDED.to_owned()));
    queues.finish(1);
    // The worker has not looked yet, but nothing is in its way.
    assert_eq!(queues.admit(discard(11)), accepted(false));
}

#[test]
fn a_full_queue_refuses_until_there_is_room_and_the_run_may_come_again() {
    let mut queues = Queues::of_length(2);
    assert_eq!(queues.admit(serial(1, 10)), accepted(true));
    queues.next(1);
    assert_eq!(queues.admit(serial(1, 11)), accepted(false));
    assert_eq!(queues.admit(serial(1, 12)), accepted(false));
    assert_eq!(queues.admit(serial(1, 13)), Admission::Refused(full(2)));
    assert!(!queues.is_live(13));
    // Another job has a queue of its own, and what replaces those that wait needs no room.
    assert_eq!(queues.admit(serial(2, 20)), accepted(true));
    queues.finish(1);
    queues.next(1);
    assert_eq!(queues.admit(serial(1, 13)), accepted(false));
    let cover = queues.admit(request(1, 14, BlockStrategy::CoverEarly));
    assert_eq!(
        cover,
        Admission::Accepted { start_worker: false, dropped: vec![serial(1, 12), serial(1, 13)] }
    );
}

#[tokio::test]
async fn cover_early_stops_what_runs_and_drops_what_waits() {
    let mut queues = Queues::default();
    queues.admit(serial(1, 10));
    let (_, stop) = queues.next(1).unwrap();
    queues.admit(serial(1, 11));
    let admission = queues.admit(request(1, 12, BlockStrategy::CoverEarly));
    assert_eq!(admission, Admission::Accepted { start_worker: false, dropped: vec![serial(1, 11)] });
    assert_eq!(stop.requested().await, REASON_COVERED);
    queues.finish(1);
    assert_eq!(queues.next(1).unwrap().0.log_id, 12);
}

#[tokio::test]
async fn a_kill_reaches_the_running_and_the_waiting_of_one_job() {
    let mut queues = Queues::default();
    assert_eq!(queues.kill(1, REASON_KILLED), None);
    queues.admit(serial(1, 10));
    queues.admit(serial(2, 20));
    let (_, stop) = queues.next(1).unwrap();
    queues.admit(serial(1, 11));
    assert_eq!(queues.kill(1, REASON_KILLED), Some(vec![serial(1, 11)]));
    assert_eq!(stop.requested().await, REASON_KILLED);
    assert!(queues.is_live(20));
}

#[tokio::test]
async fn a_closed_executor_refuses_and_gives_back_what_waits() {
    let mut queues = Queues::default();
    queues.admit(serial(1, 10));
    let (_, stop) = queues.next(1).unwrap();
    queues.admit(serial(1, 11));
    assert_eq!(queues.close(), [serial(1, 11)]);
    assert_eq!(queues.admit(serial(3, 30)), Admission::Refused(REASON_STOPPING.to_owned()));
    assert!(queues.is_live(10));
    queues.stop_running(REASON_STOPPING);
    assert_eq!(stop.requested().await, REASON_STOPPING);
}

#[test]
fn a_question_about_a_run_that_is_known_shows_who_has_the_bucket_too() {
    let mut queues = Queues::default();
    let sent = |run_id, fence| FencedRun { bucket: 7, fence, run: serial(1, run_id) };
    let (before, after) = (33, 49);
    assert_eq!(queues.admit_fenced(sent(1, before)), accepted(true));
    let asked = AskedRun { run_id: 1, bucket: 7, fence: after };
    assert_eq!(queues.standing(asked), Some(Standing::Live));
    assert_eq!(queues.admit_fenced(sent(2, before)), Admission::Fenced);
    assert_eq!(
        queues.admit_fenced(sent(1, before)),
        Admission::Refused(TEXT_FENCED.to_owned()),
        "it is here"
    );
}
