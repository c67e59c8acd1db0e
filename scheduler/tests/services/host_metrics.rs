use super::support::{HOUR, MINUTE, START, World};
use entity::host_state::{Cpu, Disk, HostSample, Memory, Network, Process};
use entity::instance::Client;
use entity::{Millis, host_minute, host_sample, host_state};
use scheduler::host_metrics::{self, APART, Collector, Kept, ReportOutcome, SPAN};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall};
use scheduler::store::filling;
use scheduler::{Error, executors};
use sea_orm::{EntityTrait, PaginatorTrait};

const KEPT: Kept = Kept { samples: 6 * HOUR, minutes: 7 * 24 * HOUR };

/// A world with an instance that has registered, and the reports on their way.
struct Hosts {
    world: World,
    collector: Collector,
    executor_id: i32,
    call: RegistrationCall,
}

impl Hosts {
    async fn new() -> Self {
        let world = World::new().await;
        let (executor, token) = world.executor("default", "worker").await;
        let call = RegistrationCall {
            group: instances::GROUP.into(),
            app_name: "worker".into(),
            address: "http://10.0.0.1:9999".into(),
            namespace: None,
            token: Some(token),
            labels: String::new(),
            life: "5f".into(),
            announces: None,
            client: Client::Orrery,
        };
        let hosts = Self { world, collector: Collector::default(), executor_id: executor.id, call };
        hosts.register(&hosts.call).await;
        hosts
    }

    async fn register(&self, call: &RegistrationCall) {
        instances::register(&self.world.services, None, call).await.unwrap();
    }

    async fn report(&self, call: &RegistrationCall, sample: HostSample) -> ReportOutcome {
        host_metrics::report(&self.world.services, &self.collector, None, call, sample).await.unwrap()
    }

    async fn flush(&self) -> usize {
        host_metrics::flush(&self.world.services, &self.collector).await.unwrap()
    }

    /// A report that is taken and written.
    async fn reported(&self, cpu: f64) {
        assert_eq!(self.report(&self.call, sample(cpu)).await, ReportOutcome::Taken);
        assert_eq!(self.flush().await, 1);
    }

    async fn instance_id(&self) -> i32 {
        let detail = executors::get(&self.world.services, &self.world.root, self.executor_id).await.unwrap();
        detail.instances[0].id
    }

    async fn current(&self) -> Vec<host_metrics::HostNow> {
        let World { services, root, .. } = &self.world;
        let instances = filling::instances_of(&services.db, self.executor_id).await.unwrap();
        let ids = instances.iter().map(|instance| instance.id).collect();
        host_metrics::current(services, root, self.executor_id, ids).await.unwrap()
    }

    /// When there are points, from the start on, by the parts that are connected; and their processors.
    async fn history(&self, until: Millis) -> Vec<Vec<(Millis, f64)>> {
        let World { services, root, .. } = &self.world;
        let id = self.instance_id().await;
        let history = host_metrics::history(services, root, self.executor_id, id, until).await.unwrap();
        assert_eq!(history.until - history.from, SPAN);
        let points = |part: &Vec<_>| part.iter().map(point).collect();
        history.parts.iter().map(points).collect()
    }

    /// Rows of states, samples and minutes.
    async fn rows(&self) -> [u64; 3] {
        let reader = self.world.services.db.reader();
        [
            host_state::Entity::find().count(reader).await.unwrap(),
            host_sample::Entity::find().count(reader).await.unwrap(),
            host_minute::Entity::find().count(reader).await.unwrap(),
        ]
    }

    async fn sweep(&self) -> u64 {
        host_metrics::sweep(&self.world.services, KEPT).await.unwrap()
    }
}

fn point(point: &scheduler::rules::host_metrics::Point) -> (Millis, f64) {
    (point.at - START, point.cpu)
}

fn sample(cpu: f64) -> HostSample {
    HostSample {
        cpu: Cpu { cores: 4, total: cpu, user: Some(cpu * 0.75), system: Some(cpu * 0.25) },
        process: Process { cpu: 2.0, memory: 1 << 28, memory_limit: 1 << 33, uptime_s: 9 },
        memory: Memory { total: 1 << 33, used: 5 << 30 },
        load: None,
        network: Network { received: 10.0, sent: 20.0 },
        disks: vec![Disk { name: "vda".into(), mount: "/".into(), total: 100, used: 40, free: 55 }],
        uptime_s: 100,
    }
}

#[tokio::test]
async fn a_report_shows_how_the_host_is_doing_by_the_servers_clock() {
    let hosts = Hosts::new().await;
    assert_eq!(hosts.current().await, []);
    hosts.reported(40.0).await;
    hosts.world.clock.advance(15_000);
    hosts.reported(60.0).await;
    let current = hosts.current().await;
    assert_eq!(current.len(), 1);
    assert_eq!((current[0].at, &current[0].sample), (START + 15_000, &sample(60.0)));
    assert_eq!(hosts.rows().await, [1, 2, 1]);
    let drawn = hosts.history(START + 15_000).await;
    assert_eq!(drawn, [vec![(0, 40.0), (15_000, 60.0)]]);
}

#[tokio::test]
async fn only_the_registered_process_reports_with_its_executors_token() {
    let hosts = Hosts::new().await;
    let (_, foreign) = hosts.world.executor("default", "other").await;
    let refused = |outcome| ReportOutcome::Refused(outcome);
    for token in [Some("wrong".to_owned()), Some(foreign), None] {
        let call = RegistrationCall { token, ..hosts.call.clone() };
        assert_eq!(hosts.report(&call, sample(1.0)).await, refused(RegisterOutcome::WrongToken));
    }
    let unknown = RegistrationCall { app_name: "nobody".into(), ..hosts.call.clone() };
    assert_eq!(hosts.report(&unknown, sample(1.0)).await, refused(RegisterOutcome::UnknownAppName));
    let other_process = RegistrationCall { life: "60".into(), ..hosts.call.clone() };
    let elsewhere = RegistrationCall { address: "http://10.0.0.2:9999".into(), ..hosts.call.clone() };
    for call in [other_process, elsewhere] {
        assert_eq!(hosts.report(&call, sample(1.0)).await, ReportOutcome::NotRegistered);
    }
    instances::remove(&hosts.world.services, None, &hosts.call).await.unwrap();
    assert_eq!(hosts.report(&hosts.call, sample(1.0)).await, ReportOutcome::NotRegistered);
    assert_eq!(hosts.flush().await, 0);
    assert_eq!(hosts.rows().await, [0, 0, 0]);
}

#[tokio::test]
async fn a_report_that_makes_no_sense_is_refused_with_the_number() {
    let hosts = Hosts::new().await;
    for (sample, field) in [(sample(100.5), "cpu.total"), (sample(f64::NAN), "cpu.total")] {
        match hosts.report(&hosts.call, sample).await {
            ReportOutcome::Insane(insane) => assert_eq!(insane.field, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(hosts.flush().await, 0);
}

#[tokio::test]
async fn an_instance_that_reports_too_often_is_heard_every_few_seconds() {
    let hosts = Hosts::new().await;
    hosts.reported(10.0).await;
    hosts.world.clock.advance(APART - 1);
    assert_eq!(hosts.report(&hosts.call, sample(20.0)).await, ReportOutcome::TooSoon);
    assert_eq!(hosts.flush().await, 0);
    hosts.world.clock.advance(1);
    hosts.reported(30.0).await;
    assert_eq!(hosts.rows().await[1], 2);
}

#[tokio::test]
async fn the_reports_of_many_instances_are_written_together() {
    let hosts = Hosts::new().await;
    for number in 0..300 {
        let address = format!("http://10.0.1.{}:{}", number % 250, 9000 + number);
        let call = RegistrationCall { address, ..hosts.call.clone() };
        hosts.register(&call).await;
        assert_eq!(hosts.report(&call, sample(5.0)).await, ReportOutcome::Taken);
    }
    assert_eq!(hosts.flush().await, 300);
    assert_eq!(hosts.rows().await, [300, 300, 300]);
    assert_eq!(hosts.current().await.len(), 300);
}

#[tokio::test]
async fn single_reports_go_after_hours_and_leave_averages_of_minutes_with_their_gaps() {
    let hosts = Hosts::new().await;
    // Two minutes of reports, three of silence, one report.
    for step in 0..8 {
        hosts.reported(f64::from(step) * 10.0).await;
        hosts.world.clock.advance(15_000);
    }
    hosts.world.clock.advance(3 * MINUTE);
    hosts.reported(80.0).await;
    assert_eq!(hosts.rows().await, [1, 9, 3]);
    let before = hosts.history(START + HOUR).await;
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [8, 1]);
    hosts.world.clock.set(START + 6 * HOUR + 5 * MINUTE + 1);
    assert_eq!(hosts.sweep().await, 9);
    assert_eq!(hosts.rows().await, [1, 0, 3]);
    let after = hosts.history(START + HOUR).await;
    assert_eq!(after, [vec![(0, 15.0), (MINUTE, 55.0)], vec![(5 * MINUTE, 80.0)]]);
    assert_eq!(hosts.history(START - 1).await, [] as [Vec<_>; 0], "nothing was reported before");
    assert_eq!(hosts.sweep().await, 0, "what is not too old stays");
}

#[tokio::test]
async fn everything_goes_when_its_time_is_over() {
    let hosts = Hosts::new().await;
    hosts.reported(10.0).await;
    hosts.world.clock.set(START + KEPT.minutes + MINUTE);
    assert_eq!(hosts.sweep().await, 3);
    assert_eq!(hosts.rows().await, [0, 0, 0]);
}

#[tokio::test]
async fn what_a_deleted_executor_leaves_behind_goes_too() {
    let hosts = Hosts::new().await;
    let World { services, root, .. } = &hosts.world;
    hosts.reported(10.0).await;
    executors::delete(services, root, hosts.executor_id).await.unwrap();
    assert_eq!(hosts.rows().await, [1, 1, 1]);
    assert_eq!(hosts.sweep().await, 3);
    assert_eq!(hosts.rows().await, [0, 0, 0]);
}

#[tokio::test]
async fn only_whoever_may_see_the_executor_sees_its_hosts_and_no_others() {
    let hosts = Hosts::new().await;
    hosts.reported(10.0).await;
    let World { services, root, .. } = &hosts.world;
    let stranger = hosts.world.stranger();
    let id = hosts.instance_id().await;
    assert!(host_metrics::current(services, &stranger, hosts.executor_id, vec![id]).await.is_err());
    let (other, _) = hosts.world.executor("default", "other").await;
    assert!(host_metrics::current(services, root, other.id, vec![id]).await.unwrap().is_empty());
    let foreign = host_metrics::history(services, root, other.id, id, START).await;
    assert!(matches!(foreign, Err(Error::NotFound("instance"))), "{foreign:?}");
}
