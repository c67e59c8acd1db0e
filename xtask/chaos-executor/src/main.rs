//! An executor for `cargo xtask chaos`: it behaves as XXL-JOB's Java executor does, writes down whatever it
//! starts and ends before anything else can happen, and misbehaves when it is told to.
//!
//! `POST /chaos` with a [`Behaviour`] as JSON changes how it behaves from then on.

mod behaviour;
mod disk;
mod journal;
mod outbox;
mod runner;
mod server;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::json;
use tokio::net::TcpListener;

use behaviour::Behaviour;
use disk::Disk;
use journal::Journal;
use outbox::Outbox;
use runner::Runner;

/// How often it registers; Java's does each 30 s, which a scenario cannot wait for.
const REGISTER: Duration = Duration::from_secs(1);

/// Runs jobs and keeps a journal of it.
#[derive(Clone, Parser)]
pub struct Options {
    /// Port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// The address at which servers are to find this executor, if something stands between.
    #[arg(long)]
    address: String,
    /// Base addresses of the servers; results go to the first that takes them.
    #[arg(long = "server", required = true)]
    servers: Vec<String>,
    #[arg(long)]
    app_name: String,
    #[arg(long, env = "CHAOS_TOKEN", hide_env_values = true)]
    token: String,
    /// What an executor keeps: logs, and results that no server took.
    #[arg(long)]
    disk: PathBuf,
    /// Where starts and ends are written down, for whoever judges.
    #[arg(long)]
    journal: PathBuf,
}

/// What every request may touch.
pub struct Shared {
    behaviour: Mutex<Behaviour>,
    disk: Arc<Disk>,
    runner: Arc<Runner>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.context("cannot listen")?;
    let journal = Arc::new(Journal::open(&options.journal)?);
    let disk = Arc::new(Disk::open(&options.disk)?);
    let (finished, ends) = tokio::sync::mpsc::unbounded_channel();
    for end in disk.unreported()? {
        // The other end is still in our hands.
        let _ = finished.send(end);
    }
    let runner = Arc::new(Runner::new(disk.clone(), journal.clone(), finished));
    let shared = Arc::new(Shared { behaviour: Mutex::default(), disk: disk.clone(), runner });
    let outbox = Arc::new(Outbox::new(&options, disk, journal));
    tokio::spawn(register(outbox.clone(), options));
    tokio::spawn(outbox.send_all(ends, shared.clone()));
    loop {
        let (stream, _) = listener.accept().await?;
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| server::answer(request, shared.clone()));
            // A connection that breaks is part of the experiment.
            drop(Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// Tells every server where this executor is, again and again.
async fn register(outbox: Arc<Outbox>, options: Options) {
    let body = json!({
        "registryGroup": "EXECUTOR",
        "registryKey": options.app_name,
        "registryValue": options.address,
    });
    loop {
        for server in &options.servers {
            // One that is away is told the next time.
            drop(outbox.post(server, "registry", &body).await);
        }
        tokio::time::sleep(REGISTER).await;
    }
}
