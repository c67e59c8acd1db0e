//! Runs that are split into shards.

use super::*;
use entity::job::Model as Job;
use entity::run::{Model as Run, RunKind, SPLIT};
use scheduler::rules::shards;
use scheduler::store::engine::{Ending, RunWithParameter, Split};

/// Run 7 by hand of job 1, which waits.
async fn put_waiting(bench: &Bench) -> (Job, Run) {
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, None)).await;
    let run = Run { follow_ok: true, ..waiting(7, &one, START) };
    bench.put_run(run.clone(), None).await;
    (one, run)
}

/// Its two shards, 10,001 and 10,002.
fn split_of(job: &Job, run: &Run) -> Split {
    let ids = 10_001..;
    let shards = shards::split(run, job, &[3, 4]).into_iter().zip(ids);
    let shards = shards.map(|(shard, id)| RunWithParameter {
        run: Run { id, slot: -id, ..shard },
        parameter: Some("typed".to_owned()),
    });
    Split { run_id: run.id, at: START + 5, shards: shards.collect() }
}

fn ending(run_id: i64) -> Ending {
    Ending { run_id, parent_id: Some(7), restart: None, rows: Vec::new() }
}

conform!(a_run_is_split_once_with_all_its_shards, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    let split = split_of(&one, &run);
    let store = bench.store();
    assert_eq!(store.split(&authority, std::slice::from_ref(&split)).await.unwrap(), [7].into());
    let whole = bench.run(7).await.unwrap();
    assert_eq!((whole.state, whole.shard_index, whole.shard_total), (RunState::Running, SPLIT, 2));
    assert_eq!((whole.sent_at, whole.live_bucket), (Some(START + 5), Some(run.bucket)));
    let mut found = store.runs(&[10_001, 10_002]).await.unwrap();
    found.sort_by_key(|found| found.run.id);
    assert_eq!(found, split.shards);
    let mut shards = store.shards_of(&[7, 8]).await.unwrap();
    shards.sort_by_key(|run| run.id);
    assert_eq!(shards.iter().map(|run| run.id).collect::<Vec<_>>(), [10_001, 10_002]);
    assert!(store.shards_of(&[8]).await.unwrap().is_empty());
    // It waits no more: whoever heard nothing of it, and tries again, splits nothing.
    let again = Split { shards: split_of(&one, &Run { id: 9, ..run }).shards, ..split };
    assert!(store.split(&authority, &[again]).await.unwrap().is_empty());
    assert_eq!(store.shards_of(&[7, 9]).await.unwrap().len(), 2);
});

conform!(a_run_whose_job_was_edited_stopped_or_deleted_is_not_split, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    let by_an_old_one = split_of(&Job { version: 7, ..one }, &run);
    let of_none = split_of(&job(2, 1), &run);
    assert!(bench.store().split(&authority, &[by_an_old_one, of_none]).await.unwrap().is_empty());
    assert_eq!(bench.run(7).await, Some(run));
    assert_eq!(bench.run(10_001).await, None);
    // Nor is one whose bucket has moved on.
    bench.server("one").await;
    let fresh = split_of(&job(1, 1), &waiting(7, &job(1, 1), START));
    assert!(matches!(bench.store().split(&authority, &[fresh]).await, Err(Error::Conflict(_))));
});

conform!(the_last_shard_that_is_closed_ends_the_whole, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    let store = bench.store();
    store.split(&authority, &[split_of(&one, &run)]).await.unwrap();
    for id in [10_001, 10_002] {
        bench.put_instance(instance(i32::try_from(id - 9_998).unwrap(), 1)).await;
        let claimed = Step { run_id: id, at: START, what: What::Claim(claim(None)) };
        store.apply(Some(&authority), &[claimed]).await.unwrap();
        store.apply(None, &[result(id, 1, 200, "")]).await.unwrap();
    }
    assert_eq!(store.ended(&[bucket_of(1)], START, 10).await.unwrap().len(), 2, "both are to be looked at");
    let followed = store.follow(&authority, &[ending(10_001)]).await.unwrap();
    assert_eq!((followed.closed, followed.gathered.len()), (1, 0));
    let before = bench.run(7).await.unwrap();
    assert_eq!(
        (before.state, before.fence),
        (RunState::Running, run.fence + 1),
        "it is written all the same"
    );
    let followed = store.follow(&authority, &[ending(10_001), ending(10_002)]).await.unwrap();
    assert_eq!((followed.closed, followed.gathered), (1, [7].into()));
    let whole = bench.run(7).await.unwrap();
    assert_eq!((whole.state, whole.code, whole.ended_at), (RunState::Succeeded, 200, Some(START + 500)));
    assert_eq!(whole.live_bucket, Some(run.bucket), "its children are to follow");
    assert_eq!(bench.outcomes().await, [(START, 1, RunState::Succeeded as i16, 2)]);
    assert!(store.doubtful(&[bucket_of(1)], START, START, 10).await.unwrap().is_empty());
});

conform!(shards_closed_together_end_the_whole_as_the_worst, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    let store = bench.store();
    store.split(&authority, &[split_of(&one, &run)]).await.unwrap();
    let skip = What::Skip { reason: Reason::NoInstance, tries: Vec::new() };
    let steps = [
        Step { run_id: 10_001, at: START, what: What::Kill { by: None } },
        Step { run_id: 10_002, at: START + 9, what: skip },
    ];
    store.apply(Some(&authority), &steps).await.unwrap();
    assert_eq!(bench.run(10_002).await.unwrap().attention, Some(1));
    let followed = store.follow(&authority, &[ending(10_001), ending(10_002)]).await.unwrap();
    assert_eq!(followed.gathered, [7].into());
    let whole = bench.run(7).await.unwrap();
    assert_eq!((whole.state, whole.reason), (RunState::Killed, Reason::Person));
    assert_eq!((whole.ended_at, whole.live_bucket), (Some(START + 9), None));
    assert_eq!(bench.run(10_002).await.unwrap().attention, None, "the whole asks, or nobody");
});

conform!(no_shard_of_a_run_that_has_ended_is_tried_again, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    let store = bench.store();
    store.split(&authority, &[split_of(&one, &run)]).await.unwrap();
    let kill = Step { run_id: 7, at: START, what: What::Kill { by: Some(1) } };
    store.apply(None, &[kill]).await.unwrap();
    let claimed = Step { run_id: 10_001, at: START, what: What::Claim(claim(None)) };
    store.apply(Some(&authority), &[claimed]).await.unwrap();
    store.apply(None, &[result(10_001, 1, 500, "no")]).await.unwrap();
    let retry =
        Run { kind: RunKind::Retry, slot: 10_001, parent_id: Some(7), ..waiting(10_003, &one, START) };
    let rows = vec![RunWithParameter { run: retry, parameter: None }];
    let followed = store.follow(&authority, &[Ending { rows, ..ending(10_001) }]).await.unwrap();
    assert_eq!((followed.closed, followed.inserted.len(), followed.gathered.len()), (1, 0, 0));
    assert_eq!(bench.run(10_003).await, None);
    assert_eq!(bench.run(7).await.unwrap().state, RunState::Killed);
});

conform!(a_split_run_is_never_in_doubt_for_want_of_an_instance, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, run) = put_waiting(bench).await;
    bench.store().split(&authority, &[split_of(&one, &run)]).await.unwrap();
    let later = START + 1_000_000;
    assert!(bench.store().doubtful(&[bucket_of(1)], later, later, 10).await.unwrap().is_empty());
    assert_eq!(bench.store().breaches(later, Some(&[])).await.unwrap(), Breaches::default());
    // But one whose shards are all closed should have ended with them.
    let left_open = Run { id: 8, slot: -8, shard_index: SPLIT, sent_at: Some(START), ..run };
    bench.put_run(Run { state: RunState::Running, ..left_open }, None).await;
    assert_eq!(bench.store().breaches(START, Some(&[])).await.unwrap(), Breaches::default());
    assert_eq!(
        bench.store().breaches(later, Some(&[])).await.unwrap(),
        Breaches { unended: 1, ..Breaches::default() }
    );
});

conform!(what_has_been_running_for_long_is_found_without_what_was_split, async |bench: &Bench| {
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, None)).await;
    let running = |id: i64, sent_at: i64| Run {
        slot: -id,
        state: RunState::Running,
        sent_at: Some(sent_at),
        ..waiting(id, &one, START)
    };
    let rows = [
        running(1, START),
        running(2, START + 1),
        running(3, START),
        Run { shard_index: SPLIT, ..running(4, START) },
        Run { state: RunState::Unknown, ..running(5, START) },
        running(6, START),
    ];
    for row in rows {
        bench.put_run(row, None).await;
    }
    let found = async |after, limit| {
        let runs = bench.store().running(&[bucket_of(1)], START, after, limit).await.unwrap();
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(found(0, 10).await, [1, 3, 6]);
    assert_eq!(found(0, 2).await, [1, 3]);
    assert_eq!(found(3, 10).await, [6]);
    assert!(bench.store().running(&[], START, 0, 10).await.unwrap().is_empty());
});

conform!(two_that_close_the_last_two_shards_at_once_end_the_whole_once, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, _) = put_waiting(bench).await;
    let store = bench.store();
    for whole in (100..).step_by(10).take(30) {
        let run = Run { follow_ok: true, ..waiting(whole, &one, START + whole) };
        bench.put_run(run.clone(), None).await;
        let mut split = split_of(&one, &run);
        for (shard, id) in split.shards.iter_mut().zip(whole + 1..) {
            (shard.run.id, shard.run.slot) = (id, -id);
        }
        store.split(&authority, &[split]).await.unwrap();
        let kills = [1, 2].map(|n| Step { run_id: whole + n, at: START, what: What::Kill { by: None } });
        store.apply(None, &kills).await.unwrap();
        let close = async |n: i64| {
            let ending = Ending { parent_id: Some(whole), ..ending(whole + n) };
            store.follow(&authority, &[ending]).await.unwrap()
        };
        let (first, second) = futures::join!(close(1), close(2));
        assert_eq!((first.closed, second.closed), (1, 1));
        assert_eq!(first.gathered.len() + second.gathered.len(), 1, "one of both ends it");
        assert_eq!(bench.run(whole).await.unwrap().state, RunState::Killed);
    }
});
