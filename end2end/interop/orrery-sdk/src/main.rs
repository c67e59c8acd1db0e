//! An executor on our own SDK, with the handlers that every interoperability client has.
//!
//! Environment: SERVER (base URL), APP_NAME, TOKEN, PORT, LOG_DIR, RELEASES.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use orrery_executor::{Context, Executor, HandlerResult, handler};

#[handler]
async fn ok(ctx: Context) -> HandlerResult {
    ctx.log("first line");
    ctx.log("second line");
    Ok("done".to_owned())
}

async fn fail(_: Context) -> HandlerResult {
    Err("failed on purpose".into())
}

async fn echo(ctx: Context) -> HandlerResult {
    ctx.log(format!("parameter: {}", ctx.parameter()));
    Ok(ctx.parameter().to_owned())
}

async fn slow(ctx: Context) -> HandlerResult {
    ctx.log("going to sleep");
    tokio::time::sleep(Duration::from_secs(ctx.parameter().parse().unwrap_or(1))).await;
    Ok("slept".to_owned())
}

async fn held(ctx: Context) -> HandlerResult {
    ctx.log("held");
    let release = PathBuf::from(env::var("RELEASES")?).join(ctx.parameter());
    while !release.exists() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok("released".to_owned())
}

async fn shard(ctx: Context) -> HandlerResult {
    Ok(format!("shard {} of {}", ctx.shard_index(), ctx.shard_total()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let port: u16 = env::var("PORT")?.parse().context("PORT is no number")?;
    Executor::builder()
        .server(env::var("SERVER")?)
        .app_name(env::var("APP_NAME")?)
        .token(env::var("TOKEN")?)
        .listen(([127, 0, 0, 1], port).into())
        .data_dir(env::var("LOG_DIR")?)
        .allow_scripts(true)
        .declared_handlers()
        .handler("fail", fail)
        .handler("echo", echo)
        .handler("slow", slow)
        .handler("long", slow)
        .handler("held", held)
        .handler("shard", shard)
        .build()?
        .run()
        .await?;
    Ok(())
}
