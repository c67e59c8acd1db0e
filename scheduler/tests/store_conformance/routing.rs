//! What routing reads and leaves behind.

use super::*;

conform!(the_use_of_instances_is_written_with_the_claims_that_were_won, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let (one, two) = (job(1, 1), job(2, 1));
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    bench.put_job(two.clone(), cursor(&two, Some(START))).await;
    let store = bench.store();
    let planned = |uses, id| {
        let rows = vec![sending(id, &one, START, 5)];
        [Advance { uses, ..advance(&one, START, rows) }]
    };
    let uses = vec![used(3, 1, START), used(4, 1, START), used(3, 2, START + 1)];
    store.plan(&authority, &planned(uses, 10_001)).await.unwrap();
    assert_eq!(bench.uses(1).await, [(3, 2, START + 1), (4, 1, START)]);
    // The cursor has moved on: this claim is lost, and so is what it would have left behind.
    let lost = store.plan(&authority, &planned(vec![used(3, 9, START)], 10_002)).await.unwrap();
    assert!(lost.won.is_empty());
    bench.put_run(waiting(10_003, &one, START), None).await;
    let mark = |uses| What::Claim(claim(Some(RouteMark::Use(used(4, uses, START + 2)))));
    let step = |what| [Step { run_id: 10_003, at: START, what }];
    assert_eq!(store.apply(Some(&authority), &step(mark(2))).await.unwrap(), [Applied::Done]);
    assert_eq!(store.apply(Some(&authority), &step(mark(9))).await.unwrap(), [Applied::Impossible]);
    assert_eq!(bench.uses(1).await, [(3, 2, START + 1), (4, 2, START + 2)]);
    assert_eq!(bench.uses(2).await, []);
    assert_eq!(store.route_uses(&[2, 1]).await.unwrap().len(), 2);
    assert_eq!(store.route_uses(&[]).await.unwrap(), []);
});

conform!(a_run_that_waited_takes_its_turn_on_the_cursor, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    bench.put_job(one.clone(), cursor(&one, Some(START))).await;
    let turn = |route_seq| RouteMark::Turn { job_id: 1, route_seq };
    let steps = [(10_001, 1), (10_002, 2)].map(|(run_id, seq)| Step {
        run_id,
        at: START,
        what: What::Claim(claim(Some(turn(seq)))),
    });
    for step in &steps {
        bench.put_run(waiting(step.run_id, &one, START), None).await;
    }
    bench.store().apply(Some(&authority), &steps).await.unwrap();
    let moved = &bench.store().cursors_of(&[1]).await.unwrap()[0];
    assert_eq!((moved.route_seq, moved.next_at, moved.version), (2, Some(START), 1));
    // A job that was deleted meanwhile has no cursor to write to.
    let two = job(2, 1);
    bench.put_run(waiting(10_003, &two, START), None).await;
    let what = What::Claim(claim(Some(RouteMark::Turn { job_id: 2, route_seq: 1 })));
    let step = [Step { run_id: 10_003, at: START, what }];
    assert_eq!(bench.store().apply(Some(&authority), &step).await.unwrap(), [Applied::Done]);
});

conform!(the_tries_of_the_last_routing_are_kept, async |bench: &Bench| {
    let authority = bench.server("one").await;
    let one = job(1, 1);
    let store = bench.store();
    bench.put_run(waiting(10_001, &one, START), Some("by hand")).await;
    bench.put_run(waiting(10_002, &one, START), None).await;
    let step = |run_id, what| [Step { run_id, at: START, what }];
    let dead = tried("http://a:1", TryOutcome::Unreachable);
    let first = Claim { tries: vec![dead.clone()], ..claim(None) };
    store.apply(Some(&authority), &step(10_001, What::Claim(first))).await.unwrap();
    store.apply(Some(&authority), &step(10_001, What::HandBack { claim: 5 })).await.unwrap();
    let busy = Try { text: "job thread is running".to_owned(), ..tried("http://b:1", TryOutcome::Busy) };
    let skip = What::Skip { reason: Reason::NoneIdle, tries: vec![dead, busy] };
    assert_eq!(store.apply(Some(&authority), &step(10_001, skip)).await.unwrap(), [Applied::Done]);
    let expected = r#"[{"address":"http://a:1","outcome":"unreachable"},{"address":"http://b:1","outcome":"busy","text":"job thread is running"}]"#;
    assert_eq!(bench.tries(10_001).await.as_deref(), Some(expected));
    assert_eq!(store.runs(&[10_001]).await.unwrap()[0].parameter.as_deref(), Some("by hand"));
    store.apply(Some(&authority), &step(10_002, What::Claim(claim(None)))).await.unwrap();
    assert_eq!(bench.tries(10_002).await, None);
});
