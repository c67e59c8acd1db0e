//! What follows final runs.

use crate::bench::{Bench, conform};
use crate::result;
use crate::rows::{START, cursor, job};
use crate::run_rows::sending;
use entity::job::Model as Job;
use entity::job_cursor;
use entity::run::{Model as Run, RunKind, RunState};
use scheduler::Error;
use scheduler::engine::step::{Applied, Step, What};
use scheduler::rules::bucket::bucket_of;
use scheduler::store::engine::{Ending, Over, Restart, RunWithParameter};

/// Run 7 of job 1 has ended, and something is to follow.
fn ended(state: RunState) -> Run {
    let ended_at = state.is_final().then_some(START + 500);
    let attention = (state == RunState::Failed).then_some(1);
    Run { state, ended_at, attention, follow_ok: true, follow_fail: true, ..sending(7, &job(1, 1), START, 5) }
}

/// A row that follows run 7.
fn next(id: i64, job: &Job, kind: RunKind, nominal_at: i64) -> RunWithParameter {
    let run = Run { kind, slot: 7, ..Run::waiting(id, job, bucket_of(job.id), nominal_at) };
    RunWithParameter { run, parameter: None }
}

async fn put_jobs(bench: &Bench, jobs: &[Job]) {
    for job in jobs {
        bench.put_job(job.clone(), cursor(job, None)).await;
    }
}

conform!(a_row_that_follows_and_is_final_is_counted_once, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, two) = (job(1, 1), job(2, 1));
    put_jobs(bench, &[one, two.clone()]).await;
    bench.put_run(ended(RunState::Succeeded), None).await;
    let mut child = next(10_001, &two, RunKind::Child, START + 500);
    child.run.state = RunState::Skipped;
    (child.run.live_bucket, child.run.ended_at) = (None, Some(START + 500));
    let ending = [Ending { run_id: 7, parent_id: None, restart: None, rows: vec![child.clone()] }];
    for _ in 0..2 {
        bench.store().follow(&authority, &ending).await.unwrap();
    }
    assert_eq!(bench.run(10_001).await, Some(child.run));
    assert_eq!(bench.outcomes().await, [(START, 1, RunState::Skipped as i16, 1)]);
});

conform!(what_follows_appears_once_and_closes_its_cause, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, two) = (job(1, 1), job(2, 1));
    put_jobs(bench, &[one.clone(), two.clone()]).await;
    bench.put_run(ended(RunState::Failed), None).await;
    let store = bench.store();
    assert_eq!(store.ended(&[bucket_of(1)], START, 10).await.unwrap(), [7]);
    assert!(store.ended(&[bucket_of(1)], START - 1, 10).await.unwrap().is_empty());
    assert!(store.ended(&[bucket_of(2)], START, 10).await.unwrap().is_empty());
    let retry =
        RunWithParameter { parameter: Some("typed".to_owned()), ..next(10_001, &one, RunKind::Retry, START) };
    let child = next(10_002, &two, RunKind::Child, START + 500);
    let ending =
        [Ending { run_id: 7, parent_id: None, restart: None, rows: vec![retry.clone(), child.clone()] }];
    let followed = store.follow(&authority, &ending).await.unwrap();
    assert_eq!((followed.inserted, followed.closed), ([10_001, 10_002].into(), 1));
    assert!(followed.stale.is_empty());
    let mut found = store.runs(&[10_001, 10_002]).await.unwrap();
    found.sort_by_key(|found| found.run.id);
    assert_eq!(found, [retry, child]);
    // What is tried again needs no look.
    assert_eq!(
        bench.run(7).await,
        Some(Run { live_bucket: None, attention: None, ..ended(RunState::Failed) })
    );
    // Decided again by somebody who did not hear of it, under new ids.
    let again = [Ending {
        run_id: 7,
        parent_id: None,
        restart: None,
        rows: vec![next(10_003, &one, RunKind::Retry, START)],
    }];
    assert_eq!(store.follow(&authority, &again).await.unwrap(), Default::default());
    assert_eq!(bench.run(10_003).await, None);
    assert!(store.ended(&[bucket_of(1)], START, 10).await.unwrap().is_empty());
});

conform!(a_follower_whose_key_is_taken_is_left_as_it_is, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    put_jobs(bench, std::slice::from_ref(&one)).await;
    bench.put_run(ended(RunState::Failed), None).await;
    bench.put_run(next(10_001, &one, RunKind::Retry, START).run, None).await;
    let parameter = Some("typed".to_owned());
    let row = RunWithParameter { parameter, ..next(10_002, &one, RunKind::Retry, START) };
    let followed = bench
        .store()
        .follow(&authority, &[Ending { run_id: 7, parent_id: None, restart: None, rows: vec![row] }])
        .await
        .unwrap();
    assert!(followed.inserted.is_empty());
    assert_eq!(followed.closed, 1);
    assert_eq!(bench.run(10_002).await, None);
});

conform!(a_run_that_has_not_ended_and_one_that_is_not_there_have_no_followers, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    put_jobs(bench, std::slice::from_ref(&one)).await;
    bench.put_run(ended(RunState::Running), None).await;
    let rows = vec![next(10_001, &one, RunKind::Retry, START)];
    let endings = [
        Ending { run_id: 7, parent_id: None, restart: None, rows: rows.clone() },
        Ending { run_id: 8, parent_id: None, restart: None, rows },
    ];
    assert_eq!(bench.store().follow(&authority, &endings).await.unwrap(), Default::default());
    assert_eq!(bench.run(7).await, Some(ended(RunState::Running)));
    assert_eq!(bench.run(10_001).await, None);
    assert!(bench.store().ended(&[bucket_of(1)], START, 10).await.unwrap().is_empty());
});

conform!(a_row_of_a_job_that_was_edited_or_deleted_leaves_its_cause_open, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, edited) = (job(1, 1), Job { version: 2, ..job(2, 1) });
    put_jobs(bench, &[one.clone(), edited]).await;
    bench.put_run(ended(RunState::Succeeded), None).await;
    let by_the_old_one = next(10_001, &job(2, 1), RunKind::Child, START + 500);
    let of_none = next(10_002, &job(3, 1), RunKind::Child, START + 500);
    let other = Run { id: 8, slot: -8, ..ended(RunState::Failed) };
    bench.put_run(other, None).await;
    let endings = [
        Ending { run_id: 7, parent_id: None, restart: None, rows: vec![by_the_old_one, of_none] },
        Ending {
            run_id: 8,
            parent_id: None,
            restart: None,
            rows: vec![next(10_003, &one, RunKind::Retry, START)],
        },
    ];
    let mut followed = bench.store().follow(&authority, &endings).await.unwrap();
    followed.stale.sort_unstable();
    assert_eq!((followed.stale, followed.closed), (vec![2, 3], 1));
    assert_eq!(followed.inserted, [10_003].into());
    assert_eq!(bench.run(8).await.unwrap().attention, None);
    assert_eq!(bench.store().ended(&[bucket_of(1)], START, 10).await.unwrap(), [7]);
});

conform!(a_server_whose_bucket_moved_on_starts_nothing, async |bench: &Bench| {
    let before = bench.server("one").await;
    let one = job(1, 1);
    put_jobs(bench, std::slice::from_ref(&one)).await;
    bench.put_run(ended(RunState::Failed), None).await;
    bench.server("one").await;
    let ending = [Ending {
        run_id: 7,
        parent_id: None,
        restart: None,
        rows: vec![next(10_001, &one, RunKind::Retry, START)],
    }];
    assert!(matches!(bench.store().follow(&before, &ending).await, Err(Error::Conflict(_))));
    assert_eq!(bench.run(10_001).await, None);
});

conform!(the_children_of_jobs_are_listed_by_parent, async |bench: &Bench| {
    for (parent, child) in [(2, 1), (1, 3), (1, 2), (4, 1)] {
        bench.put_child(parent, child).await;
    }
    let links = bench.store().children_of(&[2, 1, 9]).await.unwrap();
    let links: Vec<_> = links.into_iter().map(|link| (link.parent_id, link.child_id)).collect();
    assert_eq!(links, [(1, 2), (1, 3), (2, 1)]);
});

conform!(what_runs_reported_is_read_by_run, async |bench: &Bench| {
    bench.server("one").await;
    for id in 1..=3 {
        bench.put_run(sending(id, &job(1, 1), START + id, 5), Some("typed")).await;
    }
    let steps = [result(1, 1, 200, "42 rows"), result(2, 1, 200, "")];
    bench.store().apply(None, &steps).await.unwrap();
    let found = bench.store().results(&[1, 2, 3, 4]).await.unwrap();
    assert_eq!(found, [(1, "42 rows".to_owned())]);
    assert!(bench.store().results(&[]).await.unwrap().is_empty());
});

conform!(a_cursor_goes_on_after_the_run_since_which_it_stands_nowhere, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let delayed = job(1, 1);
    bench.put_job(delayed.clone(), job_cursor::Model { last_at: START, ..cursor(&delayed, None) }).await;
    bench.put_run(ended(RunState::Failed), None).await;
    let restart = |last_at, next_at| Restart { job_id: 1, version: 1, last_at, next_at };
    let ending = |restart| [Ending { run_id: 7, parent_id: None, rows: Vec::new(), restart: Some(restart) }];
    let next_at = async || bench.store().cursors_of(&[1]).await.unwrap()[0].next_at;
    // Of another version the run stays open, to be decided anew.
    let edited = ending(Restart { version: 2, ..restart(START, START + 9) });
    let followed = bench.store().follow(&authority, &edited).await.unwrap();
    assert_eq!((followed.closed, followed.stale, next_at().await), (0, vec![1], None));
    let followed = bench.store().follow(&authority, &ending(restart(START, START + 9))).await.unwrap();
    assert_eq!((followed.closed, next_at().await), (1, Some(START + 9)));
    // Once, and only after the run that it stands for.
    for (id, last_at) in [(7, START), (8, START - 1)] {
        let another = Run { id: 8, slot: -8, ..ended(RunState::Succeeded) };
        if id == 8 {
            bench.put_run(Run { live_bucket: Some(another.bucket), ..another }, None).await;
        }
        let late = Ending { run_id: id, ..ending(restart(last_at, START + 99))[0].clone() };
        bench.store().follow(&authority, &[late]).await.unwrap();
        assert_eq!(next_at().await, Some(START + 9));
    }
});

conform!(facts_say_which_runs_are_over_and_whether_anything_may_follow, async |bench: &Bench| {
    bench.server("one").await;
    let one = job(1, 1);
    let followed = Run { follow_ok: true, ..sending(10_001, &one, START, 5) };
    bench.put_run(followed, None).await;
    for id in [10_002, 10_003, 10_004] {
        bench.put_run(sending(id, &one, START + id, 5), None).await;
    }
    let accepted = What::Accepted { claim: 5, sent_at: START, deadline_at: START + 9_000 };
    let facts = [
        result(10_001, 1, 200, ""),
        result(10_002, 1, 200, ""),
        result(10_002, 1, 200, ""),
        Step { run_id: 10_003, at: START, what: accepted },
        result(10_004, 9, 200, ""),
        result(10_005, 1, 200, ""),
    ];
    let mut learnt = bench.store().learn(&facts).await.unwrap();
    learnt.over.sort_unstable_by_key(|over| over.run_id);
    let over = |run_id, is_open| Over { run_id, executor_id: 1, bucket: bucket_of(1), is_open };
    assert_eq!(learnt.over, [over(10_001, true), over(10_002, false)]);
    let (done, nothing) = (Applied::Done, Applied::Duplicate);
    assert_eq!(learnt.applied, [done, done, nothing, done, Applied::Foreign, Applied::NoSuchRun]);
    let again = bench.store().learn(&facts[..2]).await.unwrap();
    assert!(again.over.is_empty(), "it was known already: {again:?}");
    let lose = [Step { run_id: 10_003, at: START, what: What::Expire }];
    assert!(matches!(bench.store().learn(&lose).await, Err(Error::Internal(_))));
});
