//! Steps in any order, on the model and on SQLite.

use super::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// Any step there is, with values that meet often.
fn any_step(random: &mut StdRng) -> Step {
    let claim = random.random_range(5..7);
    let code = *[200, 500, 502].choose(random).unwrap();
    let reason = Reason::NoAnswer;
    let number = random.random_range(1..9);
    let mark = match random.random_range(0..3) {
        0 => Some(RouteMark::Use(used(random.random_range(1..4), number, START))),
        1 => Some(RouteMark::Turn { job_id: 1, route_seq: number }),
        _ => None,
    };
    let outcome = *[TryOutcome::Busy, TryOutcome::NoAnswer].choose(random).unwrap();
    let tries = vec![tried("http://a:1", outcome); random.random_range(0..2)];
    let next = Claim {
        claim,
        instance_id: 1,
        instance_generation: 1,
        deadline_at: Some(START + 50),
        tries: tries.clone(),
        ..super::claim(mark)
    };
    let what = match random.random_range(0..16) {
        0 => What::Accepted { claim, sent_at: START, deadline_at: START + 70 },
        1 => What::Refused { claim, reason: Reason::Refused, text: "no".to_owned() },
        2 | 3 => What::Result { executor_id: random.random_range(1..3), code, text: "text".to_owned() },
        4 => What::Kill { by: Some(1) },
        5 => What::Claim(next),
        6 => What::HandBack { claim },
        7 => What::Doubt { claim, from: RunState::Sending, reason },
        8 => What::Doubt { claim, from: RunState::Running, reason },
        9 => What::Resend { seen: claim, claim: 6, fence: 34 },
        10 => What::Found,
        11 => What::Lose { reason },
        12 => What::Hold { reason: *Reason::HELD.choose(random).unwrap() },
        13 => What::Replace,
        14 => What::Skip { reason: Reason::NoneIdle, tries },
        _ => What::Expire,
    };
    Step { run_id: random.random_range(1..40), at: START + random.random_range(0..100), what }
}

#[tokio::test]
async fn memory_and_sqlite_stay_equal_under_any_sequence_of_steps() {
    for seed in 0..8 {
        let (memory, sqlite) = (Bench::memory(), Bench::sqlite().await);
        let mut random = StdRng::seed_from_u64(seed);
        let one = job(1, 1);
        for bench in [&memory, &sqlite] {
            bench.server("one").await;
            bench.put_job(one.clone(), cursor(&one, None)).await;
            for id in 1..20 {
                bench.put_run(sending(id, &one, START + id, 5), None).await;
                bench.put_run(waiting(id + 20, &one, START + id), None).await;
            }
        }
        let (left, right) = (memory.authority().await, sqlite.authority().await);
        for round in 0..20 {
            let steps: Vec<Step> = (0..12).map(|_| any_step(&mut random)).collect();
            let expected = memory.store().apply(Some(&left), &steps).await.unwrap();
            let got = sqlite.store().apply(Some(&right), &steps).await.unwrap();
            assert_eq!(got, expected, "seed {seed}, round {round}: {steps:?}");
        }
        for id in 1..40 {
            assert_eq!(sqlite.run(id).await, memory.run(id).await, "seed {seed}");
            assert_eq!(sqlite.texts(id).await, memory.texts(id).await, "seed {seed}");
            assert_eq!(sqlite.tries(id).await, memory.tries(id).await, "seed {seed}");
        }
        assert_eq!(sqlite.outcomes().await, memory.outcomes().await, "seed {seed}");
        assert_eq!(sqlite.uses(1).await, memory.uses(1).await, "seed {seed}");
        let cursors = sqlite.store().cursors_of(&[1]).await.unwrap();
        assert_eq!(cursors, memory.store().cursors_of(&[1]).await.unwrap(), "seed {seed}");
    }
}
