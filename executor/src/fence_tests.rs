use super::*;
use crate::queue::tests::serial;

fn fenced(run_id: i64, bucket: i16, fence: i64) -> FencedRun {
    FencedRun { bucket, fence, run: serial(1, run_id) }
}

fn asked(run_id: i64, bucket: i16, fence: i64) -> AskedRun {
    AskedRun { run_id, bucket, fence }
}

#[test]
fn a_server_that_lost_the_bucket_gets_nothing_in_any_more() {
    let mut fences = Fences::default();
    assert!(fences.admits(&fenced(1, 7, 33)));
    assert!(fences.admits(&fenced(2, 7, 49)));
    assert!(!fences.admits(&fenced(3, 7, 33)));
    // Other buckets have other owners.
    assert!(fences.admits(&fenced(4, 8, 33)));
}

#[test]
fn what_was_asked_for_and_had_not_come_needs_a_higher_fence() {
    let mut fences = Fences::default();
    assert!(fences.shut_out(asked(1, 7, 34)));
    assert!(!fences.admits(&fenced(1, 7, 33)));
    assert!(fences.admits(&fenced(1, 7, 34)));
    assert!(fences.admits(&fenced(2, 7, 33)));
}

#[test]
fn a_question_of_a_server_that_lost_the_bucket_shuts_nothing_out() {
    let mut fences = Fences::default();
    assert!(fences.admits(&fenced(1, 7, 49)));
    assert!(!fences.shut_out(asked(2, 7, 34)));
    assert!(fences.admits(&fenced(2, 7, 49)));
}

#[test]
fn memory_is_bounded_and_forgets_the_oldest() {
    let mut fences = Fences::default();
    let count = i64::try_from(MOST_SHUT_OUT).unwrap() + 1;
    (0..count).for_each(|run_id| assert!(fences.shut_out(asked(run_id, 7, 34))));
    assert!(fences.admits(&fenced(0, 7, 33)));
    assert!(!fences.admits(&fenced(1, 7, 33)));
    assert_eq!(fences.shut_out.len(), MOST_SHUT_OUT);
}
