//! `orrery audit`: is it as it was written, and all of it as JSON lines.

use crate::config::Settings;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use scheduler::audit::{self, Verdict};
use scheduler::authority::Caller;
use serde_json::json;
use std::io::{BufWriter, Write};

#[derive(Subcommand)]
pub enum What {
    /// Goes through all entries. Ends with an error at the first one that is not as it was written.
    Verify {
        /// The last entry as an export or an earlier `verify` gave it, for instance 17:5f0a…: it has to be there
        /// still.
        #[arg(long, value_name = "NUMBER:SEAL", value_parser = head)]
        head: Option<(i64, String)>,
    },
    /// Prints all entries as JSON lines, the oldest first, and the last entry's seal as the last line.
    Export {
        /// From this instant on (RFC 3339, for instance 2026-01-31T00:00:00Z).
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Option<i64>,
        /// Before this instant.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        until: Option<i64>,
    },
}

pub async fn run(settings: &Settings, what: What) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let done = match what {
        What::Verify { head } => audit::verify(&services, head).await.map_err(Into::into).and_then(tell),
        What::Export { from, until } => export(&services, from, until).await,
    };
    databases.close().await?;
    done
}

fn tell(verdict: Verdict) -> Result<()> {
    let Verdict { entries, mac, accesses, unsealed, broken } = verdict;
    println!("{entries} entries and {accesses} sealed accesses are as they were written");
    if unsealed > 0 {
        println!("{unsealed} accesses are not sealed yet: the server does that every minute");
    }
    match broken {
        Some(wrong) => bail!("the audit is broken: {wrong}"),
        None => {
            println!("head: {entries}:{mac}");
            Ok(())
        }
    }
}

async fn export(services: &scheduler::Services, from: Option<i64>, until: Option<i64>) -> Result<()> {
    let operator = Caller::operator();
    let mut out = BufWriter::new(std::io::stdout().lock());
    // First, so that it is the head of what follows whoever adds to it meanwhile.
    let (seq, mac) = audit::head(services, &operator).await?;
    let mut after = 0;
    loop {
        let entries = audit::export(services, &operator, after, from, until).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            serde_json::to_writer(&mut out, entry)?;
            writeln!(out)?;
        }
    }
    writeln!(out, "{}", json!({"head": {"seq": seq, "mac": mac}}))?;
    out.flush().context("the export could not be written")
}

fn head(text: &str) -> Result<(i64, String), String> {
    let read = text.split_once(':').and_then(|(seq, mac)| Some((seq.parse().ok()?, mac.to_owned())));
    read.filter(|(seq, _)| *seq > 0).ok_or_else(|| "expected a number, a colon and a seal".to_owned())
}

fn instant(text: &str) -> Result<i64, String> {
    let read = chrono::DateTime::parse_from_rfc3339(text).map_err(|error| error.to_string())?;
    Ok(read.timestamp_millis())
}
