//! An executor with one handler: `cargo run -p orrery-executor --example hello -- <token>`.

use orrery_executor::{Context, Error, Executor, HandlerResult, handler};

#[handler]
async fn greet(ctx: Context) -> HandlerResult {
    ctx.log(format!("run {} of job {}", ctx.run_id(), ctx.job_id()));
    Ok(format!("Hello, {}!", ctx.parameter()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let executor = Executor::builder()
        .server("http://127.0.0.1:8901")
        .app_name("hello")
        .token(std::env::args().nth(1).unwrap_or_default())
        .declared_handlers();
    executor.build()?.run().await
}
