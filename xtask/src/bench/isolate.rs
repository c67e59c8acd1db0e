//! `cargo xtask bench isolate`: what an executor, or a hook, that takes requests and never answers does to an executor
//! that is well.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};

use super::dispatch::{Callbacks, Load};
use super::figures::{Seen, Table, grouped, ms};
use super::programs::{Executor, Prepared, Programs};
use crate::orrery::BenchmarkContent;
use crate::paths;

#[derive(clap::Args)]
pub struct Options {
    /// Jobs of each executor, each firing every second.
    #[arg(long, default_value_t = 200)]
    jobs: u32,
    /// Seconds after the first run that do not count: meanwhile what hangs piles up.
    #[arg(long, default_value_t = 20)]
    warm_up: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Measure this server instead of building this checkout's.
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,
}

/// Whoever is beside the executor that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    None,
    Well,
    Hanging,
    /// Nobody but who is told of failures and of an approval.
    Hook,
}

pub fn isolate(options: &Options) -> Result<()> {
    let programs = Programs::build(options.executable.as_deref())?;
    let mut table = Table::new(&["Beside", "Jobs/s", "Received", "p50", "p99", "Longest"]);
    let cases = [
        (Neighbour::None, "nobody"),
        (Neighbour::Well, "one that is well"),
        (Neighbour::Hanging, "one that hangs"),
        (Neighbour::Hook, "a hook of alerts and approvals that hangs"),
    ];
    for (neighbour, name) in cases {
        println!("beside {name}: measuring ...");
        let seen = measure(&programs, options, neighbour)?;
        let received = format!("{:.1} %", seen.received as f64 / expected(options) as f64 * 100.0);
        let jobs = grouped(options.jobs.into());
        table.add(vec![name.to_owned(), jobs, received, ms(seen.p50_us), ms(seen.p99_us), ms(seen.max_us)]);
        table.print();
    }
    Ok(())
}

fn expected(options: &Options) -> u64 {
    u64::from(options.jobs) * u64::from(options.seconds)
}

fn measure(programs: &Programs, options: &Options, neighbour: Neighbour) -> Result<Seen> {
    let count = if matches!(neighbour, Neighbour::None | Neighbour::Hook) { 1 } else { 2 };
    let hook = (neighbour == Neighbour::Hook).then(HangingHook::open).transpose()?;
    let ports = (0..count).map(|_| paths::free_port()).collect::<Result<Vec<_>>>()?;
    let content = BenchmarkContent {
        jobs: options.jobs,
        executors: ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect(),
        history: 0,
        days: BenchmarkContent::WEEK,
        fires: "burst",
        native: false,
        hook: hook.as_ref().map(|hook| hook.url.clone()),
    };
    let local = [("ORRERY_OUTGOING_ALLOWED_NETWORKS", "127.0.0.1")];
    let prepared = Prepared::fresh(&programs.server, Some(&content), &local)?;
    let load = Load {
        history: 0,
        callbacks: Callbacks::Batched,
        native: false,
        warm_up: options.warm_up,
        seconds: options.seconds,
    };
    let mut executors = Vec::new();
    for (port, credentials) in ports.iter().zip(&prepared.credentials) {
        let mut own = load.executor(*port, options.jobs, Some((prepared.server.url(), credentials)));
        if neighbour == Neighbour::Hanging && !executors.is_empty() {
            own.more.push("--hang".to_owned());
        }
        executors.push(Executor::start(programs, own)?);
    }
    let (mut serving, _) = prepared.serve()?;
    let measured = executors.first().context("no executor")?;
    measured.begin()?;
    measured.over()?;
    let seen = measured.end()?;
    if let Some(hook) = hook {
        let calls = hook.calls.load(Ordering::Relaxed);
        ensure!(calls > 1, "the hook was called {calls} times: there was nothing to hold anybody up");
        println!("the hook was called {calls} times");
    }
    serving.stop()?;
    executors.iter_mut().try_for_each(|executor| executor.group.stop())?;
    Ok(seen)
}

/// Takes every connection and answers nothing.
struct HangingHook {
    url: String,
    /// So far.
    calls: Arc<AtomicUsize>,
}

impl HangingHook {
    fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        // It ends with this program.
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                held.push(stream);
                counted.store(held.len(), Ordering::Relaxed);
            }
        });
        Ok(Self { url, calls })
    }
}
