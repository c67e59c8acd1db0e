//! Typed parameters, shards, state that handlers share, cancellation and a listener:
//! `cargo run -p orrery-executor --example invoices -- <token>`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orrery_executor::{Context, Error, Executor, HandlerResult, RunEnd, RunListener, handler};
use serde::Deserialize;

/// The parameter of the job: `{"tenants":["a","b","c"],"dryRun":true}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invoices {
    tenants: Vec<String>,
    #[serde(default)]
    dry_run: bool,
}

/// Each shard of a broadcast takes its part of the tenants, and stops between two when the run is killed.
#[handler("billing.invoices")]
async fn invoices(ctx: Context, parameter: Invoices) -> HandlerResult {
    let (index, total) = (ctx.shard_index() as usize, ctx.shard_total() as usize);
    let mut sent = 0;
    for tenant in parameter.tenants.iter().skip(index).step_by(total) {
        if ctx.is_cancelled() {
            return Err(format!("stopped after {sent} tenants").into());
        }
        ctx.log(format!("tenant {tenant}, {:?} left", ctx.time_left()));
        if !parameter.dry_run {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        sent += 1;
    }
    Ok(format!("{sent} tenants in attempt {}", ctx.attempt().unwrap_or(1)))
}

/// Counts what went wrong.
struct Failures(Arc<AtomicU64>);

impl RunListener for Failures {
    fn failure(&self, ctx: &Context, end: &RunEnd) {
        self.0.fetch_add(1, Ordering::Relaxed);
        eprintln!("run {} of {} failed after {:?}: {}", ctx.run_id(), ctx.handler(), end.took, end.text);
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let failures = Arc::new(AtomicU64::new(0));
    let counted = failures.clone();
    Executor::builder()
        .server("http://127.0.0.1:8901")
        .app_name("billing")
        .token(std::env::args().nth(1).unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
        .label("zone", "a")
        .workers(8)
        .listener(Failures(failures))
        .declared_handlers()
        // A closure brings along what the handler needs.
        .handler("billing.failures", move || {
            let counted = counted.clone();
            async move { Ok::<_, std::io::Error>(counted.load(Ordering::Relaxed).to_string()) }
        })
        .build()?
        .run()
        .await
}
