//! `orrery bench-setup`: many jobs on one executor, and a past, to measure with.

mod hook;

use super::setup::{Credentials, job};
use crate::config::Settings;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use entity::executor::Registration;
use entity::job::{JobState, Model, ScheduleKind};
use entity::{Millis, job_cursor};
use scheduler::authority::Caller;
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::jobs::{self, JobDraft};
use scheduler::rules::bucket::bucket_of;
use scheduler::rules::spread::delay_ms;
use scheduler::rules::timetable::{Definition, Timetable};
use scheduler::store::filling::{self, History};
use scheduler::{Services, namespaces};

const DAY: Millis = 24 * 3_600_000;

#[derive(Args)]
pub struct Options {
    /// How many jobs each executor has.
    #[arg(long)]
    jobs: u32,
    /// Where the executor listens; several are executors of their own.
    #[arg(long, value_name = "URL", required = true)]
    executor_address: Vec<String>,
    /// When the jobs fire.
    #[arg(long, value_enum, default_value_t = Fires::Burst)]
    fires: Fires,
    /// The executors are our own: they take many runs in one request.
    #[arg(long)]
    native: bool,
    /// Runs that ended in the past days.
    #[arg(long, default_value_t = 0)]
    history: usize,
    /// Over how many days they lie.
    #[arg(long, default_value_t = 7)]
    days: u16,
    /// A hook that is told of a failure each second, and of an approval.
    #[arg(long, value_name = "URL")]
    hook: Option<String>,
    /// Print name, token and namespace of each executor as a line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fires {
    /// Each second, all at the same instant.
    Burst,
    /// Each second, spread over it.
    Spread,
    /// On New Year's Eve; the first job of each executor fires each second all the same, to show that
    /// the server fires.
    Rarely,
}

/// Expects an empty database. The first job of each executor is made as people make one; the others are
/// copies of its rows, for making each in a transaction of its own takes minutes.
pub async fn run(settings: &Settings, options: &Options) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let mut executors = Vec::new();
    for (number, address) in (1..).zip(&options.executor_address) {
        let (job, credentials) = create(&services, options.fires, number, address).await?;
        if options.native {
            filling::announce(&services.db, job.executor_id, "benchmark").await?;
        }
        executors.push((job, credentials));
    }
    let mut free = executors.iter().map(|(job, _)| job.id + 1).max().context("no executor")?;
    for (number, (first, credentials)) in executors.iter().enumerate() {
        let last = free + i32::try_from(options.jobs).context("too many jobs")? - 1;
        let copies = free..last;
        if number == 0 && options.history > 0 {
            let jobs: Vec<i32> = std::iter::once(first.id).chain(copies.clone()).collect();
            fill_past(&services, options, first, &jobs).await?;
        }
        let like = options.fires.others(first);
        let timetable = Timetable::parse(Definition::of(&like, None)).ok().context("no schedule")?;
        let next = timetable.outlook_after(services.clock.now()).next_at;
        filling::jobs(&services.db, copies.map(|id| copy(&like, id, next))).await?;
        credentials.print(options.json);
        free = last;
    }
    if let Some(url) = &options.hook {
        hook::tell(settings, &services, url).await?;
    }
    databases.close().await?;
    Ok(())
}

/// An executor and its first job.
async fn create(
    services: &Services,
    fires: Fires,
    number: u32,
    address: &str,
) -> Result<(Model, Credentials)> {
    let namespace = namespaces::ensure(services, "bench", "bench").await?;
    let edit = ExecutorEdit {
        app_name: format!("bench-executor-{number}"),
        title: format!("Benchmark {number}"),
        registration: Registration::Manual,
        addresses: address.to_owned(),
        max_parallel: 0,
    };
    let draft = ExecutorDraft { namespace_id: namespace.id, token: None, edit };
    let (executor, token) = executors::create(services, &Caller::operator(), draft).await?;
    let job =
        jobs::create(services, &Caller::operator(), fires.job(executor.id, number), JobState::On).await?;
    Ok((job, Credentials { app_name: executor.app_name, token, namespace: namespace.title() }))
}

impl Fires {
    /// The first job.
    fn job(self, executor_id: i32, number: u32) -> JobDraft {
        let (schedule_kind, schedule, spread_s) = match self {
            Self::Burst | Self::Rarely => (ScheduleKind::Cron, "* * * * * ?", 0),
            Self::Spread => (ScheduleKind::FixedRate, "1", 1),
        };
        JobDraft {
            name: format!("Job {number}-1"),
            schedule_kind,
            schedule: schedule.to_owned(),
            spread_s,
            handler: "bench".to_owned(),
            ..job(executor_id)
        }
    }

    /// What the other jobs are like.
    fn others(self, first: &Model) -> Model {
        match self {
            Self::Burst | Self::Spread => first.clone(),
            Self::Rarely => Model { schedule: "0 0 0 31 12 ?".to_owned(), ..first.clone() },
        }
    }
}

/// A job like this one, whose schedule's next time is `next`.
fn copy(like: &Model, id: i32, next: Option<Millis>) -> (Model, job_cursor::Model) {
    let job = Model { id, name: format!("{} copy {id}", like.name), ..like.clone() };
    let cursor = job_cursor::Model {
        job_id: id,
        bucket: bucket_of(id),
        version: job.version,
        next_at: next.map(|at| at + delay_ms(id, job.spread_s)),
        held_from: None,
        last_at: 0,
        route_seq: 0,
        backfill_slots: 1,
    };
    (job, cursor)
}

async fn fill_past(services: &Services, options: &Options, like: &Model, jobs: &[i32]) -> Result<()> {
    let now = services.clock.now();
    let instances = filling::instances_of(&services.db, like.executor_id).await?;
    let instance = instances.first().context("the executor has no instance")?;
    let until = now - now.rem_euclid(1_000);
    let since = until - Millis::from(options.days) * DAY;
    let history = History { runs: options.history, like, jobs, instance, since, until };
    Ok(filling::history(&services.db, &history).await?)
}
