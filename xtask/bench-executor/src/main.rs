//! An executor for measuring the server: it answers each `/run` at once, notes how late it came, and reports success.
//!
//! Prints one line of JSON when the warm-up is over (`{"event":"begin"}`) and one at the end (`{"event":"end",…}`).

mod callbacks;
mod measure;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

use callbacks::Finished;
use measure::Measurement;

/// Answers runs and measures their delay.
#[derive(Parser)]
struct Options {
    /// Port on 127.0.0.1 at which the server finds this executor.
    #[arg(long)]
    port: u16,
    /// Base address of the server, for the results.
    #[arg(long)]
    server: String,
    /// Seconds after the first run that do not count.
    #[arg(long, default_value_t = 5)]
    warm_up: u64,
    /// Seconds to measure.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    #[arg(long, env = "BENCH_TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    #[arg(long, env = "BENCH_APP_NAME", default_value = "")]
    app_name: String,
    /// `business:service`
    #[arg(long, env = "BENCH_NAMESPACE", default_value = "")]
    namespace: String,
}

/// What every request may touch.
struct Shared {
    measurement: Measurement,
    finished: UnboundedSender<Finished>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.context("cannot listen")?;
    let (finished, results) = tokio::sync::mpsc::unbounded_channel();
    let shared = Arc::new(Shared { measurement: Measurement::new()?, finished });
    let sender = callbacks::Sender::new(&options)?;
    let refused = Arc::clone(&sender.refused);
    tokio::spawn(sender.send_all(results));
    tokio::spawn(accept(listener, Arc::clone(&shared)));

    shared.measurement.first_run().await;
    tokio::time::sleep(Duration::from_secs(options.warm_up)).await;
    shared.measurement.begin();
    println!("{}", json!({"event": "begin"}));
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    let mut figures = shared.measurement.end();
    figures["event"] = "end".into();
    figures["refused_callbacks"] = refused.load(std::sync::atomic::Ordering::Relaxed).into();
    println!("{figures}");
    // The server still has open runs: answer until it is stopped, and this process after it.
    std::future::pending().await
}

/// Serves every connection until the process ends.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
            let serving =
                Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            if let Err(error) = serving {
                eprintln!("connection: {error}");
            }
        });
    }
}

/// Everything succeeds; only `/run` does anything.
async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Full<Bytes>>> {
    let received = now();
    let is_run = matches!(request.uri().path(), "/run" | "/trigger");
    let body = request.into_body().collect().await?.to_bytes();
    if is_run {
        let run: Value = serde_json::from_slice(&body)?;
        let (id, due) = (run["logId"].as_i64().unwrap_or(0), run["logDateTime"].as_i64().unwrap_or(received));
        shared.measurement.record(id, received - due);
        // The other end lives as long as the process.
        let _ = shared.finished.send(Finished { id, due });
    }
    let text = Bytes::from_static(br#"{"code":200,"msg":"Success","content":null,"data":null}"#);
    Ok(Response::builder().header("content-type", "application/json").body(Full::new(text))?)
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "measures real time; nothing here is decided by it")]
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
