//! Buckets go from one server to another without a late fire.

use crate::rows::{START, job};
use crate::world::{JavaExecutor, Server, World};
use entity::DUTY_BUCKET;
use entity::job::{Model as Job, Overlap};
use entity::run::{Reason, RunState};
use entity::{bucket, server};
use scheduler::clock::SystemClock;
use scheduler::engine::dispatcher::ScriptedDispatcher;
use scheduler::engine::handover::PATIENCE;
use scheduler::engine::{Engine, EngineSettings, STOPS_WITHIN};
use sea_orm::{ConnectionTrait, EntityTrait};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const TTL: Duration = Duration::from_secs(6);
/// All of them, with that of the duties.
const ALL: usize = DUTY_BUCKET as usize + 1;

/// Forty jobs of each second.
async fn world(executors: ScriptedDispatcher) -> World {
    world_of(executors, Overlap::Allow).await
}

async fn world_of(executors: ScriptedDispatcher, overlap: Overlap) -> World {
    let jobs: Vec<Job> = (1..=40).map(|id| Job { overlap, slots: 100, ..job(id, 1) }).collect();
    let mut world = World::with(executors, &jobs).await;
    world.settings.lease_ttl = TTL;
    world
}

/// Renews as the running keeper does: every two seconds, and when the planner has stopped somewhere.
async fn renew(server: &mut Server, begin: Instant, ms: u64) {
    let now = begin + Duration::from_millis(ms);
    let moving = server.shared.handover.moving();
    let has_stopped = (0..=DUTY_BUCKET).any(|bucket| moving.has_stopped(bucket));
    if ms.is_multiple_of(2_000) || has_stopped {
        server.keeper.tick(now).await.unwrap();
    }
}

fn held(server: &Server) -> usize {
    server.shared.holdings().epochs.len()
}

/// Each of these seconds has one run of each job, which went out when it was due.
async fn expect_every_second_once(world: &World, seconds: i64) {
    let runs = world.runs().await;
    let mut fires = HashSet::new();
    for run in runs.iter().filter(|run| run.nominal_at < START + seconds * 1_000) {
        assert!(fires.insert((run.job_id, run.nominal_at)), "{run:?}");
        assert_eq!(run.sent_at, Some(run.due_at), "{run:?}");
    }
    assert_eq!(fires.len(), 40 * usize::try_from(seconds).unwrap());
    assert_eq!(world.executors.runs().len(), fires.len());
}

#[tokio::test]
async fn a_newcomer_gets_its_share_and_nothing_is_late_or_doubled() {
    let world = world(ScriptedDispatcher::accepting()).await;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    assert_eq!((held(&one), held(&two)), (ALL, 0));
    let begin = Instant::now();
    for second in 0..16 {
        for server in [&mut one, &mut two] {
            renew(server, begin, second * 1_000).await;
            server.turn().await;
            // The planner has claimed ahead.
            renew(server, begin, second * 1_000).await;
        }
        world.clock.advance(1_000);
    }
    assert_eq!(held(&one) + held(&two), ALL);
    assert!((60..200).contains(&held(&two)), "{}", held(&two));
    expect_every_second_once(&world, 16).await;
}

#[tokio::test]
async fn a_server_that_drains_hands_over_and_sends_what_it_had_claimed() {
    let world = world(ScriptedDispatcher::accepting()).await;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    let begin = Instant::now();
    for second in 0..12 {
        if second == 3 {
            let lease = one.shared.holdings().lease.unwrap();
            one.shared.store.drain(lease).await.unwrap();
        }
        for server in [&mut one, &mut two] {
            renew(server, begin, second * 1_000).await;
            server.turn().await;
            renew(server, begin, second * 1_000).await;
        }
        world.clock.advance(1_000);
    }
    assert_eq!((held(&one), held(&two)), (0, ALL));
    assert!(!one.shared.lanes.has_unsent() && one.shared.lanes.in_flight() == 0);
    expect_every_second_once(&world, 12).await;
}

#[tokio::test]
async fn what_a_server_claimed_before_it_gave_its_jobs_away_is_left_to_it_while_it_lives() {
    let java = JavaExecutor::default();
    let world = world(java.dispatcher()).await;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    one.turn().await;
    let begin = Instant::now();
    let lease = one.shared.holdings().lease.unwrap();
    one.shared.store.drain(lease).await.unwrap();
    one.keeper.tick(begin).await.unwrap();
    one.plan().await;
    assert_eq!(one.keeper.tick(begin).await.unwrap().given, ALL);
    assert_eq!(held(&one), 0);
    // It stops here, with three seconds' runs in hand.
    two.keeper.tick(begin).await.unwrap();
    assert_eq!(held(&two), ALL);
    world.clock.advance(10_000);
    two.plan().await;
    let in_hand =
        |run: &&entity::run::Model| run.state == RunState::Sending && run.claim == lease.incarnation;
    assert_eq!(world.runs().await.iter().filter(in_hand).count(), 120);
    assert_eq!(two.rescue().await.decided, 0);
    // Its lease runs out; what it may have sent at the last moment is waited for, and then it is asked.
    two.keeper.tick(begin + TTL).await.unwrap();
    assert_eq!(two.rescue().await.decided, 0);
    world.clock.advance(3_000);
    assert_eq!(two.rescue().await.decided, 120);
    let doubtful = world.runs().await.into_iter().filter(|run| run.reason == Reason::ServerGone);
    assert_eq!(doubtful.count(), 120);
}

#[tokio::test]
async fn what_may_have_to_wait_is_late_only_until_the_next_owner_knows_that_it_is_its_own() {
    let world = world_of(ScriptedDispatcher::accepting(), Overlap::Queue).await;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    // Nobody polls when something falls due.
    world.clock.advance(300);
    let (begin, mut known_at) = (Instant::now(), None);
    for step in 0..120 {
        if step == 30 {
            let lease = one.shared.holdings().lease.unwrap();
            one.shared.store.drain(lease).await.unwrap();
        }
        for server in [&mut one, &mut two] {
            renew(server, begin, step * 100).await;
            server.turn().await;
            renew(server, begin, step * 100).await;
        }
        if held(&two) == ALL {
            known_at.get_or_insert(two.shared.now());
        }
        world.clock.advance(100);
    }
    let (known_at, mut fires) = (known_at.unwrap(), HashSet::new());
    for run in world.runs().await.iter().filter(|run| (START + 1..START + 12_000).contains(&run.nominal_at)) {
        assert!(fires.insert((run.job_id, run.nominal_at)), "{run:?}");
        let late = run.sent_at.unwrap() - run.due_at;
        let is_between = (known_at - 2_000..=known_at).contains(&run.due_at);
        assert!(late == 0 || is_between && late <= 2_000, "{late} ms: {run:?}");
    }
    assert_eq!(fires.len(), 40 * 11);
}

/// The database takes so many more claims of this server.
fn let_claim(server: &Server, times: usize) {
    server.claims_left.store(times, Ordering::SeqCst);
}

#[tokio::test]
async fn a_server_whose_claims_are_refused_gives_its_jobs_away_all_the_same_and_they_run_once() {
    const REFUSED_FROM: u64 = 3;
    let world = world(ScriptedDispatcher::accepting()).await;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    let begin = Instant::now();
    for second in 0..14 {
        if second == REFUSED_FROM {
            let lease = one.shared.holdings().lease.unwrap();
            one.shared.store.drain(lease).await.unwrap();
            let_claim(&one, 0);
        }
        renew(&mut one, begin, second * 1_000).await;
        let planned = one.planner.tick().await;
        assert_eq!(planned.is_ok(), second < REFUSED_FROM || held(&one) == 0, "{second}");
        one.send(0).await;
        one.record().await;
        // It learns at the renewal of second 4 that it drains, and waits as long as patience lasts.
        assert_eq!(held(&one), if second < 6 { ALL } else { 0 }, "{second}");
        renew(&mut two, begin, second * 1_000).await;
        two.turn().await;
        world.clock.advance(1_000);
    }
    assert_eq!(held(&two), ALL);
    let mut fires = HashSet::new();
    for run in world.runs().await.iter().filter(|run| run.nominal_at < START + 14_000) {
        assert!(fires.insert((run.job_id, run.nominal_at)), "{run:?}");
        let late = run.sent_at.unwrap() - run.due_at;
        let is_between = (START + 3_000..START + 6_000).contains(&run.due_at);
        assert_eq!(late, if is_between { START + 6_000 - run.due_at } else { 0 }, "{run:?}");
    }
    assert_eq!(fires.len(), 40 * 14);
    assert_eq!(world.executors.runs().len(), fires.len());
}

#[tokio::test]
async fn a_server_that_claims_ahead_batch_by_batch_is_waited_for_as_long_as_it_gets_on() {
    let mut world = world(ScriptedDispatcher::accepting()).await;
    world.settings.batch = 1;
    let mut one = world.server_named("one").await;
    let mut two = world.server_named("two").await;
    one.turn().await;
    let begin = Instant::now();
    let lease = one.shared.holdings().lease.unwrap();
    one.shared.store.drain(lease).await.unwrap();
    two.keeper.tick(begin).await.unwrap();
    one.keeper.tick(begin).await.unwrap();
    for step in 1..4 {
        let_claim(&one, 5);
        one.planner.tick().await.unwrap_err();
        assert_eq!(one.keeper.tick(begin + PATIENCE * step).await.unwrap().given, 0);
        two.keeper.tick(begin + PATIENCE * step).await.unwrap();
    }
    // Now nothing comes forward any more.
    one.planner.tick().await.unwrap_err();
    assert_eq!(one.keeper.tick(begin + PATIENCE * 4).await.unwrap().given, ALL);
}

/// Two running engines on the database of this world, which know of each other.
async fn start_two(world: &World) -> (Engine, Engine) {
    let settings = EngineSettings::default();
    let (one, two) = (start(world, settings.clone()).await, start(world, settings.clone()).await);
    tokio::time::sleep(settings.lease_renewal + Duration::from_millis(300)).await;
    (one, two)
}

async fn start(world: &World, settings: EngineSettings) -> Engine {
    let databases = world.fresh.databases.clone();
    Engine::start(databases, Arc::new(SystemClock), world.signals.clone(), settings).await.unwrap()
}

async fn owners(world: &World) -> HashSet<(Option<i32>, i64)> {
    let buckets = bucket::Entity::find().all(world.fresh.databases.web.reader()).await.unwrap();
    buckets.into_iter().map(|bucket| (bucket.owner, bucket.epoch)).collect()
}

#[tokio::test]
async fn a_server_that_stops_gives_its_jobs_to_the_others() {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let (one, _two) = start_two(&world).await;
    let before = owners(&world).await;
    assert_eq!(before.len(), 1);
    one.shutdown(STOPS_WITHIN).await;
    let servers = server::Entity::find().all(world.fresh.databases.web.reader()).await.unwrap();
    let states: Vec<_> = servers.iter().map(|server| server.state).collect();
    assert_eq!(states, [server::ServerState::Dead, server::ServerState::Live]);
    // Given, not left for somebody to take: one epoch.
    let epoch = before.into_iter().next().unwrap().1;
    assert_eq!(owners(&world).await, HashSet::from([(Some(servers[1].id), epoch + 1)]));
}

#[tokio::test]
async fn servers_that_stop_together_do_not_wait_for_one_another() {
    let world = World::with(ScriptedDispatcher::accepting(), &[]).await;
    let (one, two) = start_two(&world).await;
    let begin = Instant::now();
    tokio::join!(one.shutdown(STOPS_WITHIN), two.shutdown(STOPS_WITHIN));
    assert!(begin.elapsed() < Duration::from_millis(3_500), "{:?}", begin.elapsed());
    // What one gave the other just before that one ended is free, too: its owner is dead.
    let servers = server::Entity::find().all(world.fresh.databases.web.reader()).await.unwrap();
    assert!(servers.iter().all(|server| server.state == server::ServerState::Dead), "{servers:?}");
}

#[tokio::test]
async fn a_server_that_stops_gives_its_jobs_away_although_the_database_refuses_its_claims() {
    let world = World::with(ScriptedDispatcher::accepting(), &[job(1, 1)]).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON run BEGIN SELECT RAISE(ABORT, 'refused'); END";
    let database = &world.fresh.databases.web;
    let transaction = database.begin().await.unwrap();
    transaction.execute_unprepared(refuse).await.unwrap();
    transaction.commit().await.unwrap();
    // Its renewals alone would not tell it in time that it has waited for long enough.
    let seldom = EngineSettings { lease_renewal: PATIENCE * 9 / 10, ..EngineSettings::default() };
    let one = start(&world, seldom.clone()).await;
    let _two = start(&world, seldom.clone()).await;
    tokio::time::sleep(seldom.lease_renewal + Duration::from_millis(300)).await;
    let epoch = owners(&world).await.into_iter().next().unwrap().1;
    let begin = Instant::now();
    one.shutdown(STOPS_WITHIN).await;
    assert!(begin.elapsed() < PATIENCE * 17 / 10, "{:?}", begin.elapsed());
    let servers = server::Entity::find().all(database.reader()).await.unwrap();
    // Given, not left for somebody to take: one epoch.
    assert_eq!(owners(&world).await, HashSet::from([(Some(servers[1].id), epoch + 1)]));
    assert!(world.runs().await.is_empty(), "no claim was taken");
}
