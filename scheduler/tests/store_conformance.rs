//! What every implementation of the engine's store must do alike: the model in memory, SQLite, and,
//! where `ORRERY_TEST_POSTGRES_URL` and `ORRERY_TEST_MYSQL_URL` name servers, PostgreSQL and
//! MySQL or MariaDB.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "support/bench.rs"]
mod bench;
#[path = "support/database.rs"]
mod database;
#[path = "support/filling.rs"]
mod filling;
#[path = "store_conformance/following.rs"]
mod following;
#[path = "store_conformance/holding.rs"]
mod holding;
#[path = "store_conformance/past.rs"]
mod past;
#[path = "store_conformance/places.rs"]
mod places;
#[path = "store_conformance/queue.rs"]
mod queue;
#[path = "store_conformance/random_steps.rs"]
mod random_steps;
#[path = "store_conformance/routing.rs"]
mod routing;
#[path = "support/rows.rs"]
mod rows;
#[path = "support/run_rows.rs"]
mod run_rows;
#[path = "support/servers.rs"]
mod servers;
#[path = "store_conformance/shards.rs"]
mod shards;
#[path = "store_conformance/transactions.rs"]
mod transactions;

use bench::{Bench, conform};
use entity::run::{Reason, RunState};
use entity::run_text::{Try, TryOutcome};
use entity::server::ServerState;
use entity::{DUTY_BUCKET, route_use, run};
use protocol::native::SENDS;
use rows::{START, cursor, executor, instance, job};
use run_rows::{sending, waiting};
use scheduler::Error;
use scheduler::clock::{Clock, SystemClock};
use scheduler::engine::step::{Applied, Claim, RouteMark, Step, What};
use scheduler::rules::bucket::{bucket_of, bucket_of_limited};
use scheduler::store::engine::{
    Advance, Assignment, Authority, Breaches, CursorSums, OpenBlock, Renewal, Vitals,
};
use std::collections::HashMap;
use std::time::Instant;

fn advance(job: &entity::job::Model, seen: i64, rows: Vec<run::Model>) -> Advance {
    Advance {
        job_id: job.id,
        bucket: bucket_of(job.id),
        version: job.version,
        seen,
        next_at: Some(seen + 1_000),
        held_from: None,
        last_at: seen,
        route_seq: 1,
        uses: Vec::new(),
        rows,
    }
}

/// A claim for instance 4 that leaves this behind.
fn claim(mark: Option<RouteMark>) -> Claim {
    Claim {
        claim: 5,
        fence: 33,
        instance_id: 4,
        instance_generation: 2,
        deadline_at: Some(START + 9),
        mark,
        tries: Vec::new(),
    }
}

/// The use of an instance by job 1.
fn used(instance_id: i32, uses: i64, last_used: i64) -> route_use::Model {
    route_use::Model { job_id: 1, instance_id, uses, last_used }
}

fn tried(address: &str, outcome: TryOutcome) -> Try {
    Try { address: address.to_owned(), outcome, text: String::new() }
}

fn result(run_id: i64, executor_id: i32, code: i32, text: &str) -> Step {
    let what = What::Result { executor_id, code, text: text.to_owned() };
    Step { run_id, at: START + 500, what }
}

conform!(a_cursor_moves_once_and_only_from_where_it_was_seen, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, two) = (job(1, 1), job(2, 1));
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_job(two.clone(), cursor(&two, Some(START + 7_000))).await;
    let store = bench.store();
    let claims = [
        advance(&one, START, vec![sending(10_001, &one, START, 5)]),
        advance(&two, START, vec![sending(10_002, &two, START, 5)]),
    ];
    let planned = store.plan(&authority, &claims).await.unwrap();
    assert_eq!(planned.won, [1].into());
    assert!(planned.violations.is_empty());
    let again = store.plan(&authority, &claims).await.unwrap();
    assert!(again.won.is_empty());
    assert_eq!(bench.run(10_001).await, Some(sending(10_001, &one, START, 5)));
    assert_eq!(bench.run(10_002).await, None);
    let moved = &store.cursors_of(&[1]).await.unwrap()[0];
    assert_eq!((moved.next_at, moved.last_at, moved.route_seq), (Some(START + 1_000), START, 1));
});

conform!(the_sums_of_a_bucket_say_what_its_cursors_say, async |bench: &Bench| {
    for (id, next_at) in [(1, Some(START)), (2, None), (257, Some(START + 7_000)), (3, Some(START))] {
        let job = entity::job::Model { version: id + 1, ..job(id, 1) };
        bench.put_job(job.clone(), cursor(&job, next_at)).await;
    }
    let store = bench.store();
    let buckets: Vec<i16> = (0..=255).filter(|bucket| *bucket != bucket_of(3)).collect();
    let mut expected: HashMap<i16, CursorSums> = HashMap::new();
    for cursor in store.cursors_in(&buckets).await.unwrap() {
        expected.entry(cursor.bucket).or_default().add(cursor.job_id, cursor.version, cursor.next_at);
    }
    assert_eq!(expected.values().map(|sums| sums.count).sum::<i64>(), 3);
    assert_eq!(expected.values().map(|sums| sums.next_ats).sum::<i64>(), 2 * START + 7_000);
    assert_eq!(store.cursor_sums(&buckets).await.unwrap(), expected);
});

conform!(what_is_not_settled_is_read_by_its_ids, async |bench: &Bench| {
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    for (id, due_at) in [(10_001, START), (10_002, START + 1_000), (10_004, START + 2_000)] {
        bench.put_run(sending(id, &one, due_at, 5), None).await;
    }
    let block = OpenBlock { start: 10_000, settled_to: 10_002, used_to: 10_005 };
    let mut found = bench.store().unsettled(block, 10_005).await.unwrap();
    found.sort_unstable_by_key(|entry| entry.run_id);
    let found: Vec<_> = found.iter().map(|entry| (entry.job_id, entry.due_at, entry.run_id)).collect();
    assert_eq!(found, [(1, START + 1_000, 10_002), (1, START + 2_000, 10_004)]);
    assert_eq!(bench.store().unsettled(block, 10_002).await.unwrap(), []);
    // More than is read at once.
    let wide = OpenBlock { start: 0, settled_to: 0, used_to: 30_000 };
    assert_eq!(bench.store().unsettled(wide, 30_000).await.unwrap().len(), 3);
    assert_eq!(bench.store().unsettled(wide, 10_001).await.unwrap(), []);
});

conform!(an_edit_between_reading_and_claiming_wins, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let edited = entity::job::Model { version: 2, ..job(1, 1) };
    bench.put_job(edited.clone(), cursor(&edited, Some(START))).await;
    let stale = [advance(&job(1, 1), START, vec![sending(10_001, &edited, START, 5)])];
    assert!(bench.store().plan(&authority, &stale).await.unwrap().won.is_empty());
});

conform!(a_fire_that_meets_its_own_key_is_reported_and_not_inserted, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_run(sending(10_001, &one, START, 5), None).await;
    let rows = vec![sending(10_002, &one, START, 5), sending(10_003, &one, START + 1, 5)];
    let planned = bench.store().plan(&authority, &[advance(&one, START, rows)]).await.unwrap();
    assert_eq!(planned.violations, [10_002].into());
    assert_eq!(bench.run(10_002).await, None);
    assert!(bench.run(10_003).await.is_some());
});

conform!(a_server_whose_bucket_moved_on_decides_nothing, async |bench: &Bench| {
    let before = bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_run(sending(10_009, &one, START, 5), None).await;
    bench.server("one").await;
    let claim = [advance(&one, START, vec![sending(10_001, &one, START, 5)])];
    assert!(matches!(bench.store().plan(&before, &claim).await, Err(Error::Conflict(_))));
    let lose = [Step { run_id: 10_009, at: START, what: What::Expire }];
    assert!(matches!(bench.store().apply(Some(&before), &lose).await, Err(Error::Conflict(_))));
    assert!(matches!(bench.store().apply(None, &lose).await, Err(Error::Internal(_))));
    // A fact it learnt late is kept.
    let applied = bench.store().apply(None, &[result(10_009, 1, 200, "")]).await.unwrap();
    assert_eq!(applied, [Applied::Done]);
});

conform!(the_first_result_counts_and_is_counted_once, async |bench: &Bench| {
    bench.server("one").await;
    let one = job(1, 1);
    bench.put_run(sending(10_001, &one, START, 5), None).await;
    bench.put_run(sending(10_002, &one, START + 1, 5), None).await;
    let steps = [
        Step {
            run_id: 10_001,
            at: START + 100,
            what: What::Accepted { claim: 5, sent_at: START, deadline_at: START + 9_000 },
        },
        result(10_001, 1, 200, "42 rows"),
        result(10_001, 1, 200, "42 rows"),
        result(10_001, 1, 500, "web container destroy\0"),
        result(10_001, 1, 502, "third"),
        result(10_002, 9, 200, ""),
        result(10_003, 1, 200, ""),
    ];
    let applied = bench.store().apply(None, &steps).await.unwrap();
    let expected = [
        Applied::Done,
        Applied::Done,
        Applied::Duplicate,
        Applied::Late,
        Applied::Duplicate,
        Applied::Foreign,
        Applied::NoSuchRun,
    ];
    assert_eq!(applied, expected);
    let run = bench.run(10_001).await.unwrap();
    assert_eq!((run.state, run.code, run.live_bucket), (RunState::Succeeded, 200, None));
    assert_eq!((run.sent_at, run.accepted_at), (Some(START), Some(START + 100)));
    assert_eq!(run.deadline_at, Some(START + 9_000));
    assert_eq!((run.late_code, run.ended_at), (Some(500), Some(START + 500)));
    let texts = bench.texts(10_001).await;
    assert_eq!(texts, (Some("42 rows".to_owned()), Some("web container destroy\u{fffd}".to_owned())));
    assert_eq!(bench.run(10_002).await.unwrap().state, RunState::Sending);
    assert_eq!(bench.outcomes().await, [(START, 1, RunState::Succeeded as i16, 1)]);
});

conform!(outcomes_add_up_over_transactions_and_include_skipped_runs, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    for id in [10_001, 10_002] {
        bench.put_run(sending(id, &one, START + id, 5), None).await;
        bench.store().apply(None, &[result(id, 1, 500, "no")]).await.unwrap();
    }
    let skipped = run::Model {
        state: RunState::Skipped,
        reason: Reason::Misfire,
        live_bucket: None,
        ended_at: Some(START),
        ..sending(10_003, &one, START, 0)
    };
    bench.store().plan(&authority, &[advance(&one, START, vec![skipped])]).await.unwrap();
    let expected = [(START, 1, RunState::Failed as i16, 2), (START, 1, RunState::Skipped as i16, 1)];
    assert_eq!(bench.outcomes().await, expected);
});

conform!(what_waits_is_claimed_handed_back_and_killed, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    bench.put_run(waiting(10_001, &one, START), Some("by hand")).await;
    let step = |what| [Step { run_id: 10_001, at: START, what }];
    let store = bench.store();
    let buckets = [bucket_of(1)];
    assert_eq!(store.waiting(&buckets, START, &[], 10).await.unwrap(), [10_001]);
    assert!(store.waiting(&buckets, START - 1, &[], 10).await.unwrap().is_empty());
    assert!(store.waiting(&buckets, START, &[1], 10).await.unwrap().is_empty());
    let once = store.apply(Some(&authority), &step(What::Claim(claim(None)))).await.unwrap();
    assert_eq!(once, [Applied::Done]);
    let twice = store.apply(Some(&authority), &step(What::Claim(claim(None)))).await.unwrap();
    assert_eq!(twice, [Applied::Impossible]);
    let claimed = bench.run(10_001).await.unwrap();
    assert_eq!((claimed.state, claimed.claim, claimed.instance_id), (RunState::Sending, 5, Some(4)));
    let back = store.apply(Some(&authority), &step(What::HandBack { claim: 5 })).await.unwrap();
    assert_eq!(back, [Applied::Done]);
    assert_eq!(store.apply(None, &step(What::Kill { by: Some(7) })).await.unwrap(), [Applied::Done]);
    let killed = bench.run(10_001).await.unwrap();
    assert_eq!((killed.state, killed.reason, killed.live_bucket), (RunState::Killed, Reason::Person, None));
    let found = store.runs(&[10_001]).await.unwrap();
    assert_eq!(found[0].parameter.as_deref(), Some("by hand"));
});

conform!(doubtful_runs_are_those_that_need_a_decision, async |bench: &Bench| {
    bench.server("one").await;
    let one = job(1, 1);
    bench.put_executor(executor(1)).await;
    bench.put_instance(instance(1, 1)).await;
    let running = |id: i64| run::Model { state: RunState::Running, ..sending(id, &one, START + id, 5) };
    bench.put_run(running(1), None).await;
    bench.put_run(run::Model { deadline_at: Some(START), ..running(2) }, None).await;
    bench.put_run(run::Model { instance_generation: 0, ..running(3) }, None).await;
    bench.put_run(run::Model { state: RunState::Unknown, ..running(4) }, None).await;
    bench.put_run(sending(5, &one, START + 5, 5), None).await;
    bench.put_run(sending(6, &one, START + 60_000, 5), None).await;
    let found = bench.store().doubtful(&[bucket_of(1)], START + 10, START + 10, 10).await.unwrap();
    assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), [2, 3, 4, 5]);
    let executed = bench.store().executed_before(1, 1, START + 10).await.unwrap();
    assert_eq!(executed, None);
    bench.store().apply(None, &[result(1, 1, 200, "")]).await.unwrap();
    let executed = bench.store().executed_before(1, 1, START + 10).await.unwrap();
    assert_eq!(executed.map(|run| run.id), Some(1));
});

conform!(what_should_have_happened_is_counted_by_its_kind, async |bench: &Bench| {
    bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_job(job(2, 1), cursor(&job(2, 1), Some(START + 60_000))).await;
    bench.put_job(job(3, 1), cursor(&job(3, 1), None)).await;
    let due = |id: i64| sending(id, &one, START + id, 5);
    let limit = Some(START + 10);
    bench.put_run(run::Model { deadline_at: limit, ..due(1) }, None).await;
    bench.put_run(due(2), None).await;
    bench.put_run(waiting(3, &one, START), None).await;
    let ended = run::Model { state: RunState::Succeeded, ended_at: limit, deadline_at: limit, ..due(4) };
    bench.put_run(ended.clone(), None).await;
    bench
        .put_run(
            run::Model { id: 5, due_at: START + 5, nominal_at: START + 5, live_bucket: None, ..ended },
            None,
        )
        .await;
    let counted = |unplanned, unended, unfollowed| Breaches { unplanned, unended, unfollowed };
    assert_eq!(bench.store().breaches(START, Some(&[])).await.unwrap(), Breaches::default());
    assert_eq!(bench.store().breaches(START + 10, Some(&[])).await.unwrap(), counted(1, 0, 0));
    assert_eq!(bench.store().breaches(START + 10, Some(&[9])).await.unwrap(), counted(1, 0, 0));
    // What is frozen need not fire.
    for frozen in [Some(&[9, 1][..]), None] {
        assert_eq!(bench.store().breaches(START + 10, frozen).await.unwrap(), counted(0, 0, 0));
    }
    assert_eq!(bench.store().breaches(START + 11, Some(&[])).await.unwrap(), counted(1, 1, 1));
});

conform!(a_lease_is_renewed_lost_taken_over_and_given_up, async |bench: &Bench| {
    let store = bench.store();
    let one = bench.server("one").await;
    let renewal = store.renew(one.lease, Vitals::default()).await.unwrap().unwrap();
    assert!(renewal.buckets.iter().all(|bucket| bucket.owner == Some(one.lease.server_id)));
    assert_eq!(renewal.buckets.len(), usize::from(DUTY_BUCKET.unsigned_abs()) + 1);
    // Another server declares it dead only if it did not move.
    let seen = renewal.servers[0].clone();
    store.renew(one.lease, Vitals::default()).await.unwrap();
    assert!(!store.depose(&seen).await.unwrap());
    let renewal = store.renew(one.lease, Vitals::default()).await.unwrap().unwrap();
    assert!(store.depose(&renewal.servers[0]).await.unwrap());
    assert_eq!(store.renew(one.lease, Vitals::default()).await.unwrap(), None);
    let two = bench.server("two").await;
    assert_ne!(two.lease.server_id, one.lease.server_id);
    assert!(two.epochs.iter().all(|(_, epoch)| *epoch == 3));
    // Its next life is the same server and keeps what it had; the lease of the life before is over.
    let again = bench.server("two").await;
    assert!(again.epochs.iter().all(|(_, epoch)| *epoch == 4));
    assert_eq!(again.lease.server_id, two.lease.server_id);
    assert_eq!(store.renew(two.lease, Vitals::default()).await.unwrap(), None);
    store.leave(again.lease).await.unwrap();
    let three = bench.server("three").await;
    let servers = store.renew(three.lease, Vitals::default()).await.unwrap().unwrap().servers;
    let live: Vec<_> = servers.iter().filter(|server| server.state == ServerState::Live).collect();
    assert_eq!(live.len(), 1);
});

conform!(a_bucket_goes_to_another_owner_once_and_nowhere_when_it_has_moved_on, async |bench: &Bench| {
    let store = bench.store();
    let one = bench.server("one").await;
    let two = bench.join("two").await;
    let give = |bucket, seen, owner| Assignment { bucket, seen, owner };
    let (from, to) = (one.lease.server_id, two.server_id);
    let epoch = one.epochs[0].1;
    store.assign(&[give(7, epoch, to), give(3, epoch, to), give(5, epoch - 1, to)]).await.unwrap();
    // Nobody gets what was given away already.
    store.assign(&[give(7, epoch, from)]).await.unwrap();
    let buckets = store.renew(two, Vitals::default()).await.unwrap().unwrap().buckets;
    let moved: Vec<_> =
        buckets.iter().filter(|bucket| bucket.owner == Some(to)).map(|bucket| bucket.id).collect();
    assert_eq!(moved, [3, 7]);
    assert!(buckets.iter().all(|bucket| bucket.epoch == epoch + i64::from(moved.contains(&bucket.id))));
    // Who drains holds its lease, until it leaves.
    store.drain(one.lease).await.unwrap();
    let servers = store.renew(one.lease, Vitals::default()).await.unwrap().unwrap().servers;
    assert_eq!(servers.iter().find(|server| server.id == from).unwrap().state, ServerState::Draining);
    store.leave(one.lease).await.unwrap();
    assert_eq!(store.renew(one.lease, Vitals::default()).await.unwrap(), None);
});

conform!(a_renewal_tells_the_time, async |bench: &Bench| {
    let server = bench.server("one").await;
    let now = SystemClock.now();
    bench.set_clock(now);
    let before = Instant::now();
    let vitals = Vitals { lateness_ms: 7, waiting: 8 };
    let Renewal { servers, told, .. } = bench.store().renew(server.lease, vitals).await.unwrap().unwrap();
    let own = &servers[0];
    assert_eq!((own.lateness_ms, own.waiting), (7, 8));
    assert!((own.beat_at - told.time).abs() < 1_000, "{own:?}");
    // The database may be on another machine.
    assert!((told.time - now).abs() < 60_000, "{} for {now}", told.time);
    assert!(before <= told.asked && told.asked <= told.answered && told.answered <= Instant::now());
});

conform!(settling_enters_each_run_of_a_block_once, async |bench: &Bench| {
    bench.server("one").await;
    let one = job(1, 1);
    bench.put_block(10_000).await;
    for id in [10_000, 10_002, 10_004] {
        bench.put_run(sending(id, &one, START + id, 5), None).await;
    }
    let block = bench.store().open_blocks().await.unwrap()[0];
    assert_eq!((block.start, block.settled_to, block.used_to), (10_000, 10_000, 10_005));
    let store = bench.store();
    let runs = store.unsettled(block, 10_003).await.unwrap();
    assert_eq!(store.enter(&runs).await.unwrap(), 2);
    assert_eq!(store.enter(&runs).await.unwrap(), 0);
    store.settle(&[(block, 10_003)]).await.unwrap();
    // Somebody who saw the block as it was moves nothing back.
    store.settle(&[(block, 10_001)]).await.unwrap();
    let block = store.open_blocks().await.unwrap()[0];
    assert_eq!(block.settled_to, 10_003);
    let runs = store.unsettled(block, 20_000).await.unwrap();
    assert_eq!(store.enter(&runs).await.unwrap(), 1);
    store.settle(&[(block, 20_000)]).await.unwrap();
    assert!(bench.store().open_blocks().await.unwrap().is_empty());
    let entered: Vec<_> = [10_000, 10_002, 10_004].map(|id| (1, START + id, id)).to_vec();
    assert_eq!(bench.by_job().await, entered);
});
