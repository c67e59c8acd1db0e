//! What is out, what waits in the queue, and what is put into it.

use super::*;
use entity::job_cursor::Model as Cursor;
use std::collections::BTreeMap;

fn in_queue(id: i64, job: &entity::job::Model, reason: Reason) -> run::Model {
    run::Model { reason, ..waiting(id, job, START + id) }
}

fn ids(runs: Vec<run::Model>) -> Vec<i64> {
    let mut ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
    ids.sort_unstable();
    ids
}

conform!(what_is_in_the_queue_is_read_as_a_whole_and_not_with_what_waits, async |bench: &Bench| {
    bench.server("one").await;
    let (one, two) = (job(1, 1), job(2, 1));
    bench.put_run(waiting(1, &one, START), None).await;
    bench.put_run(in_queue(2, &one, Reason::BehindRun), None).await;
    bench.put_run(in_queue(3, &two, Reason::AtCapacity), None).await;
    bench.put_run(run::Model { state: RunState::Running, ..sending(4, &one, START, 5) }, None).await;
    let store = bench.store();
    let buckets = [bucket_of(1), bucket_of(2)];
    assert_eq!(ids(store.queued(&buckets).await.unwrap()), [2, 3]);
    assert_eq!(ids(store.queued(&[bucket_of(2)]).await.unwrap()), [3]);
    assert_eq!(store.queued(&[]).await.unwrap(), []);
    assert_eq!(store.waiting(&buckets, START + 99, &[], 10).await.unwrap(), [1]);
});

conform!(what_is_out_is_found_by_its_job_or_its_executor_the_oldest_first, async |bench: &Bench| {
    bench.server("one").await;
    let (one, two, elsewhere) = (job(1, 1), job(2, 1), job(3, 2));
    let out =
        |id: i64, job: &entity::job::Model, state| run::Model { state, ..sending(id, job, START - id, 5) };
    bench.put_run(out(1, &one, RunState::Sending), None).await;
    bench.put_run(out(2, &one, RunState::Running), None).await;
    bench.put_run(out(3, &two, RunState::Unknown), None).await;
    bench.put_run(out(4, &elsewhere, RunState::Running), None).await;
    bench.put_run(waiting(5, &one, START), None).await;
    // It has ended, and something follows it.
    bench.put_run(out(6, &one, RunState::Failed), None).await;
    let store = bench.store();
    let found = async |jobs: &[i32], executors: &[i32]| {
        let out = store.out(jobs, executors).await.unwrap();
        out.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(found(&[1], &[]).await, [2, 1]);
    assert_eq!(found(&[], &[1]).await, [3, 2, 1]);
    assert_eq!(found(&[1], &[2]).await, [4, 2, 1]);
    assert_eq!(found(&[], &[]).await, [] as [i64; 0]);
});

conform!(
    a_run_is_put_into_the_queue_once_for_each_reason_and_leaves_it_with_its_claim,
    async |bench: &Bench| {
        let authority = bench.server("one").await;
        let one = job(1, 1);
        bench.put_run(waiting(10_001, &one, START), None).await;
        let store = bench.store();
        let apply = async |what| {
            let step = [Step { run_id: 10_001, at: START, what }];
            store.apply(Some(&authority), &step).await.unwrap()[0]
        };
        let hold = |reason| What::Hold { reason };
        assert_eq!(apply(hold(Reason::BehindRun)).await, Applied::Done);
        assert_eq!(apply(hold(Reason::BehindRun)).await, Applied::Duplicate);
        assert_eq!(apply(hold(Reason::AtCapacity)).await, Applied::Done);
        let held = bench.run(10_001).await.unwrap();
        assert_eq!((held.state, held.reason), (RunState::Waiting, Reason::AtCapacity));
        assert_eq!(apply(What::Claim(claim(None))).await, Applied::Done);
        assert_eq!(bench.run(10_001).await.unwrap().reason, Reason::None);
        assert_eq!(apply(hold(Reason::BehindRun)).await, Applied::Impossible);
        assert_eq!(apply(What::Replace).await, Applied::Done);
        let replaced = bench.run(10_001).await.unwrap();
        let expected = (RunState::Killed, Reason::Replaced, None, None);
        assert_eq!((replaced.state, replaced.reason, replaced.live_bucket, replaced.attention), expected);
    }
);

conform!(what_lies_elsewhere_than_it_belongs_is_moved_and_a_claim_of_it_fails, async |bench: &Bench| {
    let authority = bench.server("one").await;
    bench.put_executor(entity::executor::Model { max_parallel: 2, ..executor(1) }).await;
    bench.put_executor(executor(2)).await;
    let (one, free) = (job(1, 1), job(2, 2));
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_job(free.clone(), cursor(&free, Some(START))).await;
    bench.put_run(waiting(11, &one, START), None).await;
    bench.put_run(waiting(12, &free, START), None).await;
    // Its bucket has passed on more often than the one that it comes to.
    let out = run::Model { fence: 9 * SENDS + 2, ..sending(13, &one, START + 1, 5) };
    bench.put_run(out, None).await;
    let store = bench.store();
    assert_eq!(store.regroup().await.unwrap(), 3);
    assert_eq!(store.regroup().await.unwrap(), 0);
    let shared = bucket_of_limited(1);
    let cursors = store.cursors_of(&[1, 2]).await.unwrap();
    let buckets: BTreeMap<i32, i16> = cursors.iter().map(|own| (own.job_id, own.bucket)).collect();
    assert_eq!(buckets, BTreeMap::from([(1, shared), (2, bucket_of(2))]));
    let moved = bench.run(11).await.unwrap();
    assert_eq!((moved.bucket, moved.live_bucket, moved.fence), (shared, Some(shared), SENDS));
    assert_eq!(bench.run(12).await.unwrap().fence, 0);
    assert_eq!(bench.run(13).await.unwrap().fence, 10 * SENDS + 2, "as often sent as before");

    let known = [Advance { bucket: shared, ..advance(&one, START, vec![]) }];
    let refused = store.plan(&authority, &known).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "it has not read what may be in doubt: {refused:?}");
    let epochs = authority.epochs.iter().map(|(id, epoch)| (*id, if *id == shared { 10 } else { *epoch }));
    let authority = Authority { epochs: epochs.collect(), ..authority };
    let stale = [advance(&one, START, vec![])];
    assert!(store.plan(&authority, &stale).await.unwrap().won.is_empty());
    assert_eq!(store.plan(&authority, &known).await.unwrap().won, [1].into());
});

conform!(a_run_that_lies_elsewhere_than_its_job_is_not_claimed_before_it_is_moved, async |bench: &Bench| {
    let authority = bench.server("one").await;
    bench.put_executor(executor(1)).await;
    let (one, beside) = (job(1, 1), bucket_of(1) ^ 1);
    bench.put_job(one.clone(), Cursor { bucket: beside, ..cursor(&one, None) }).await;
    bench.put_run(waiting(11, &one, START), None).await;
    let store = bench.store();
    let apply = async |right: &Authority| {
        let step = [Step { run_id: 11, at: START, what: What::Claim(claim(None)) }];
        store.apply(Some(right), &step).await.unwrap()[0]
    };
    assert_eq!(apply(&authority).await, Applied::Impossible);
    assert_eq!(bench.run(11).await.unwrap().state, RunState::Waiting);
    assert_eq!(store.regroup().await.unwrap(), 1);
    let others = authority.epochs.iter().copied().filter(|(bucket, _)| *bucket != beside);
    let elsewhere = Authority { epochs: others.collect(), ..authority.clone() };
    assert_eq!(apply(&elsewhere).await, Applied::Impossible, "that right does not reach it");
    assert_eq!(apply(&authority).await, Applied::Done);
});
