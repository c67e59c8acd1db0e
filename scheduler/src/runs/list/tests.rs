use super::*;
use crate::rules::follow::tests::job;
use crate::runs::new_manual;

fn batch(dues: &[(Millis, i64)], complete: bool) -> Batch {
    let job = job(1);
    let run = |(due_at, id): &(Millis, i64)| new_manual(*id, &job, 0, false, *due_at);
    Batch { rows: dues.iter().map(run).collect(), end: dues.last().copied().filter(|_| !complete) }
}

/// One step of a list.
fn page(batches: Vec<Batch>, keep: impl Fn(&Model) -> bool, most: usize) -> (Vec<Model>, Option<Position>) {
    let (rows, horizon) = merge(batches, keep);
    cut(rows, horizon, most)
}

fn ids(rows: &[Model]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

#[test]
fn complete_sources_are_merged_newest_first_and_end_the_list() {
    let sources = vec![batch(&[(30, 3), (10, 1)], true), batch(&[(20, 2), (10, 9)], true)];
    let (rows, next) = page(sources, |_| true, 10);
    assert_eq!(ids(&rows), [3, 2, 9, 1]);
    assert_eq!(next, None);
}

#[test]
fn rows_older_than_an_unread_part_wait_for_the_next_step() {
    // The first source may hold more rows due before 20, so the row due at 5 is not certain yet.
    let sources = vec![batch(&[(30, 3), (20, 2)], false), batch(&[(25, 7), (5, 8)], true)];
    let (rows, next) = page(sources, |_| true, 10);
    assert_eq!(ids(&rows), [3, 7, 2]);
    assert_eq!(next, Some((20, 2)));
}

#[test]
fn a_full_page_goes_on_behind_its_last_row() {
    let sources = vec![batch(&[(30, 3), (20, 2), (10, 1)], true)];
    let (rows, next) = page(sources, |_| true, 2);
    assert_eq!(ids(&rows), [3, 2]);
    assert_eq!(next, Some((20, 2)));
}

#[test]
fn a_page_that_fits_exactly_is_the_last_one() {
    let (rows, next) = page(vec![batch(&[(30, 3), (20, 2)], true)], |_| true, 2);
    assert_eq!((ids(&rows), next), (vec![3, 2], None));
}

#[test]
fn a_filter_that_matches_nothing_goes_on_where_reading_stopped() {
    let (rows, next) = page(vec![batch(&[(30, 3), (20, 2)], false)], |_| false, 2);
    assert_eq!((rows, next), (vec![], Some((20, 2))));
}

#[test]
fn a_run_that_two_sources_hold_is_shown_once() {
    let sources = vec![batch(&[(30, 3)], true), batch(&[(30, 3)], true)];
    assert_eq!(ids(&page(sources, |_| true, 5).0), [3]);
}
