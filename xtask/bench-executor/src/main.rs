//! An executor for measuring a server: it answers each run at once, notes how late it came, and reports success.
//!
//! It shares the machine with what it measures, so it is cheap: one thread, no JSON tree, no log.
//! Prints a line of JSON when the time to be measured begins (`{"event":"begin"}`), one when it is over, and one with
//! the figures when everything of that time has come or nothing more is waited for.

mod callbacks;
mod client;
mod measure;
mod serve;
mod trigger;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Parser;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedSender};

use callbacks::Finished;
use client::{Address, Client};
use measure::{Measurement, Window};

/// What is due in the time that is measured is worked on a little before that.
const AHEAD_MS: i64 = 300;
/// XXL-JOB's executors register so often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How long what is late is waited for.
const PATIENCE_MS: i64 = 15_000;

/// Answers runs and measures their delay.
#[derive(Parser)]
struct Options {
    /// Port on 127.0.0.1 at which the server finds this executor.
    #[arg(long)]
    port: u16,
    /// Base addresses of the servers, for the results, which are spread over them; without one there are none.
    #[arg(long, value_delimiter = ',')]
    server: Vec<String>,
    /// Where the server's executor API begins.
    #[arg(long, default_value = "/api")]
    api: String,
    /// Jobs that fire each second.
    #[arg(long, default_value_t = 0)]
    jobs: u64,
    /// Seconds after the first run that do not count.
    #[arg(long, default_value_t = 5)]
    warm_up: u32,
    /// Seconds to measure.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Results in one request at most.
    #[arg(long, default_value_t = 200)]
    batch: usize,
    /// Requests with results at the same time at most.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    #[arg(long, env = "BENCH_TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    #[arg(long, env = "BENCH_APP_NAME", default_value = "")]
    app_name: String,
    /// `business:service`
    #[arg(long, env = "BENCH_NAMESPACE", default_value = "")]
    namespace: String,
    /// Register with the server, as its executors do by themselves where no address is typed.
    #[arg(long)]
    register: bool,
    /// Take connections and answer nothing.
    #[arg(long)]
    hang: bool,
}

/// What every request may touch.
struct Shared {
    measurement: Measurement,
    /// None where results go nowhere.
    finished: Option<UnboundedSender<Finished>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.context("cannot listen")?;
    let (finished, results) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        measurement: Measurement::new(options.warm_up, options.seconds)?,
        finished: (!options.server.is_empty()).then_some(finished),
    });
    let addresses: Vec<Address> =
        options.server.iter().map(|server| Address::new(server, &options)).collect::<Result<_>>()?;
    if options.register {
        for address in &addresses {
            tokio::spawn(register(Client::new(address.clone()), options.app_name.clone(), options.port));
        }
    }
    if !addresses.is_empty() {
        tokio::spawn(callbacks::send_all(
            addresses,
            options.batch,
            options.connections,
            results,
            shared.clone(),
        ));
    }
    if options.hang {
        return serve::hang(listener).await;
    }
    tokio::spawn(serve::accept(listener, shared.clone()));
    report(&shared.measurement, options.jobs * u64::from(options.seconds)).await;
    // The server still has open runs: answer until it is stopped, and this process after it.
    std::future::pending().await
}

/// Says when the measuring begins and ends, and what came out.
async fn report(measurement: &Measurement, expected: u64) {
    let Window { from, to } = measurement.window().await;
    sleep_until(from - AHEAD_MS).await;
    println!("{}", json!({"event": "begin"}));
    sleep_until(to - AHEAD_MS).await;
    println!("{}", json!({"event": "over"}));
    while now_us() < (to + PATIENCE_MS) * 1_000 && !measurement.is_complete(expected) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{}", measurement.figures());
}

/// Gives signs of life until the process ends.
async fn register(mut client: Client, app_name: String, port: u16) {
    let address = format!("http://127.0.0.1:{port}");
    let call = json!({"registryGroup": "EXECUTOR", "registryKey": app_name, "registryValue": address});
    let call = Bytes::from(call.to_string());
    loop {
        if let Err(error) = client.post("/registry", &call).await {
            eprintln!("registry: {error:#}");
        }
        tokio::time::sleep(SIGN_OF_LIFE).await;
    }
}

/// Sleeps until then, ms since 1970.
async fn sleep_until(at: i64) {
    let rest = u64::try_from(at * 1_000 - now_us()).unwrap_or(0);
    tokio::time::sleep(Duration::from_micros(rest)).await;
}

/// Microseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "measures real time; nothing here is decided by it")]
fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}
