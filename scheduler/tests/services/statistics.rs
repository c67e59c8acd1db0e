use super::support::{HOUR, START, World, draft};
use chrono_tz::Tz;
use entity::executor::Registration;
use entity::job::JobState;
use entity::run::{self, RunState};
use entity::{Millis, instance, job};
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::bucket::bucket_of;
use scheduler::rules::statistics::{Ends, Range};
use scheduler::statistics::{Statistics, StatisticsFilter, statistics, today};
use scheduler::store::filling;
use scheduler::{clock::Clock, namespaces};
use sea_orm::EntityTrait;

const DAY: Millis = 24 * HOUR;

/// A job with an instance, in `default:<service>`.
pub async fn job_with_instance(world: &World, service: &str) -> (job::Model, instance::Model) {
    let namespace = namespaces::ensure(&world.services, "default", service).await.unwrap();
    let edit = ExecutorEdit {
        app_name: format!("{service}-worker"),
        title: service.to_owned(),
        registration: Registration::Manual,
        addresses: "http://10.0.0.1:9999".to_owned(),
        max_parallel: 0,
    };
    let made = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
    let (executor, _) = executors::create(&world.services, &world.root, made).await.unwrap();
    let draft = JobDraft { name: format!("{service} job"), ..draft(executor.id) };
    let job = jobs::create(&world.services, &world.root, draft, JobState::On).await.unwrap();
    let instances = filling::instances_of(&world.services.db, executor.id).await.unwrap();
    (job, instances.into_iter().next().unwrap())
}

/// Runs of a job that were due at these times, each tenth of which failed; they end a second later.
pub async fn past(
    world: &World,
    (job, instance): &(job::Model, instance::Model),
    due: impl Iterator<Item = Millis>,
) {
    let first = filling::first_free(&world.services.db).await.unwrap();
    let runs = (first..).zip(due).map(|(id, due_at)| {
        let run = run::Model::waiting(id, job, bucket_of(job.id), due_at);
        let code = if id % 10 == 0 { 500 } else { 200 };
        filling::carry_out(run, instance, 1_000, code, String::new())
    });
    filling::past(&world.services.db, runs.collect()).await.unwrap();
}

async fn asked(world: &World, range: Range, namespace_id: Option<i32>, zone: Tz) -> Statistics {
    let filter = StatisticsFilter { namespace_id, range, zone };
    statistics(&world.services, &world.root, &filter, world.clock.now()).await.unwrap()
}

#[tokio::test]
async fn the_figures_equal_the_rows_of_the_same_days() {
    let world = World::new().await;
    let job = job_with_instance(&world, "billing").await;
    past(&world, &job, (0..2_000).map(|number| START - number * 17 * 60_000)).await;
    let rows = run::Entity::find().all(world.services.db.reader()).await.unwrap();
    for zone in [Tz::UTC, Tz::Asia__Shanghai, Tz::America__New_York] {
        let found = asked(&world, Range::Week, None, zone).await;
        assert_eq!(found.days.len(), 7);
        for (day, ends) in &found.days {
            let of_day = |state| {
                let ended = rows.iter().filter(|run| run.state == state);
                ended.filter(|run| day.contains(run.ended_at.unwrap())).count() as u64
            };
            let expected = Ends {
                succeeded: of_day(RunState::Succeeded),
                failed: of_day(RunState::Failed),
                ..Ends::default()
            };
            assert_eq!(*ends, expected, "{} {zone}", day.date);
        }
        let sum: u64 = found.days.iter().map(|(_, ends)| ends.total()).sum();
        assert_eq!(found.total.total(), sum);
        assert!(found.total.failed > 20 && found.before.total() > 500, "{found:?}");
    }
}

#[tokio::test]
async fn a_namespace_has_its_own_figures_and_a_stranger_has_none() {
    let world = World::new().await;
    let (one, other) = (job_with_instance(&world, "billing").await, job_with_instance(&world, "mail").await);
    past(&world, &one, (1..=30).map(|hours| START - hours * HOUR)).await;
    past(&world, &other, (1..=5).map(|hours| START - hours * HOUR)).await;
    let runs = async |namespace| asked(&world, Range::Week, namespace, Tz::UTC).await.total.total();
    assert_eq!((runs(None).await, runs(Some(one.0.namespace_id)).await), (35, 30));
    assert_eq!((runs(Some(other.0.namespace_id)).await, runs(Some(99)).await), (5, 0));
    let all = asked(&world, Range::Week, None, Tz::UTC).await;
    let cards = (all.jobs_on, all.jobs, all.executors_online, all.executors, all.instances, all.under_way);
    assert_eq!(cards, (2, 2, 2, 2, 2, Some(0)));
    let yesterday = asked(&world, Range::Yesterday, None, Tz::UTC).await;
    assert_eq!(yesterday.under_way, None, "who runs now did not run yesterday");
    let filter = StatisticsFilter { namespace_id: None, range: Range::Week, zone: Tz::UTC };
    let stranger = statistics(&world.services, &world.stranger(), &filter, START).await.unwrap();
    assert_eq!((stranger.total.total(), stranger.jobs, stranger.executors), (0, 0, 0));
    let hidden = StatisticsFilter { namespace_id: Some(one.0.namespace_id), ..filter };
    let stranger = statistics(&world.services, &world.stranger(), &hidden, START).await.unwrap();
    assert_eq!((stranger.total.total(), stranger.jobs, stranger.under_way), (0, 0, Some(0)));
}

#[tokio::test]
async fn today_stands_beside_the_same_day_of_the_week_before() {
    let world = World::new().await;
    world.clock.advance(10 * HOUR);
    let job = job_with_instance(&world, "billing").await;
    past(&world, &job, (0..10).map(|hour| START + hour * HOUR)).await;
    past(&world, &job, (0..48).map(|half| START - 7 * DAY + half * HOUR / 2)).await;
    let found = today(&world.services, &world.root, Tz::UTC, world.clock.now()).await.unwrap();
    let totals = |hours: &[Ends]| hours.iter().map(Ends::total).collect::<Vec<_>>();
    assert_eq!(totals(&found.hours)[..11], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert_eq!(totals(&found.week_before), [2; 24]);
}
