use std::time::Duration;

use super::*;

/// Keeps a processor busy for long enough that it is counted.
fn work() {
    let until = Instant::now() + Duration::from_millis(400);
    while Instant::now() < until {
        std::hint::black_box((0..1_000).sum::<u64>());
    }
}

/// Two samples of this host with some work in between, and the second one.
async fn sampled(data_dir: &Path) -> HostSample {
    let probe = Probe::start(data_dir).unwrap();
    probe.sample().await.unwrap();
    work();
    probe.sample().await.unwrap()
}

#[tokio::test]
async fn this_host_is_measured_plausibly() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sampled(folder.path()).await;
    let HostSample { cpu, process, memory, network, disks, .. } = &sample;
    assert!(cpu.cores as usize >= std::thread::available_parallelism().unwrap().get(), "{sample:?}");
    let shares = [Some(cpu.total), cpu.user, cpu.system, Some(process.cpu), Some(memory.share())];
    assert!(shares.iter().flatten().all(|share| (0.0..=100.0).contains(share)), "{sample:?}");
    assert!(process.cpu > 0.0, "it was busy: {sample:?}");
    assert!(process.memory > 1 << 20 && process.memory <= process.memory_limit, "{sample:?}");
    assert!(memory.used > 0 && memory.used <= memory.total, "{sample:?}");
    assert!(network.received >= 0.0 && network.sent >= 0.0, "{sample:?}");
    assert!(sample.uptime_s > 0, "{sample:?}");
    let own = &disks[0];
    assert!(own.total > 0 && own.used <= own.total && own.free <= own.total, "{own:?}");
    let own_mount = Path::new(&own.mount);
    assert!(
        folder.path().canonicalize().unwrap().starts_with(own_mount),
        "{own:?} is not the disk of the folder"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_and_disk_agree_with_what_the_system_itself_says() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sampled(folder.path()).await;
    let info = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kib = |name: &str| -> f64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_ascii_whitespace().next().unwrap().parse().unwrap()
    };
    let used = 100.0 - kib("MemAvailable:") / kib("MemTotal:") * 100.0;
    assert!((sample.memory.share() - used).abs() < 2.0, "{} is not about {used}", sample.memory.share());
    // The columns of `-P` are the same everywhere; the fifth is the share, rounded up.
    let df = std::process::Command::new("df").arg("-P").arg(folder.path()).output().unwrap();
    let df = String::from_utf8(df.stdout).unwrap();
    let share = df.lines().last().unwrap().split_ascii_whitespace().nth(4).unwrap();
    let share: f64 = share.trim_end_matches('%').parse().unwrap();
    assert!(
        (sample.disks[0].share() - share).abs() <= 2.0,
        "{} is not about {share}",
        sample.disks[0].share()
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn load_and_processors_agree_with_what_the_system_itself_says() {
    let folder = tempfile::tempdir().unwrap();
    let (probe, before) = (Probe::start(folder.path()).unwrap(), cpu::Times::now().unwrap());
    work();
    let (sample, now) = (probe.sample().await.unwrap(), cpu::Times::now().unwrap());
    let expected = now.since(before).unwrap();
    // The two intervals differ by a few ticks.
    assert!((sample.cpu.total - expected.total).abs() < 10.0, "{sample:?} is not about {expected:?}");
    let split = sample.cpu.user.unwrap() + sample.cpu.system.unwrap();
    assert!(split <= sample.cpu.total + 0.001, "{sample:?}");
    let text = std::fs::read_to_string("/proc/loadavg").unwrap();
    let one: f64 = text.split(' ').next().unwrap().parse().unwrap();
    assert!((sample.load.unwrap()[0] - one).abs() < 1.0, "{sample:?} is not about {text}");
}
