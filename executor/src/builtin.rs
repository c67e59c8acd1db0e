//! Handlers that need no code of one's own. The program `orrery-executor` registers them all.

mod destinations;
mod http;

use std::time::Duration;

use tokio::process::Command;

use crate::handler::{Context, HandlerResult};
use crate::process;

pub use destinations::{Destination, DestinationError, Destinations};
pub use http::{ExpectedStatus, HttpRequest, http};

/// Writes a few lines and succeeds.
pub async fn demo(ctx: Context) -> HandlerResult {
    ctx.log(format!("Hello from run {} of job {}.", ctx.run_id(), ctx.job_id()));
    ctx.log(format!("Shard {} of {}.", ctx.shard_index(), ctx.shard_total()));
    match ctx.parameter() {
        "" => ctx.log("There is no parameter."),
        parameter => ctx.log(format!("The parameter is: {parameter}")),
    }
    Ok("Done.".to_owned())
}

/// Waits as long as its parameter says: `1500` (milliseconds), `500ms`, `2s`, `3m`.
pub async fn sleep(ctx: Context) -> HandlerResult {
    let duration = parse_duration(ctx.parameter())
        .ok_or_else(|| format!("{:?} is no duration such as 1500, 500ms, 2s or 3m", ctx.parameter()))?;
    ctx.log(format!("Sleeping for {duration:?}."));
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(format!("Slept for {duration:?}.")),
        () = ctx.cancelled() => Err("cancelled while asleep".into()),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_millis)
}

/// Runs its parameter as a command line of the shell. Register it only where whoever edits jobs may do
/// anything that this process may.
pub async fn command(ctx: Context) -> HandlerResult {
    if ctx.parameter().trim().is_empty() {
        return Err("the parameter is empty: it is the command line to run".into());
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(ctx.parameter());
    process::run(&ctx, command).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_stated_form() {
        for (text, milliseconds) in
            [("1500", 1500), ("500ms", 500), (" 2s ", 2000), ("2 s", 2000), ("3m", 180_000), ("0", 0)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "-1", "2h", "1.5s", "99999999999999999999", "18446744073709551615m"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
