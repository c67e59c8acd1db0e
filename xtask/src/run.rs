//! `cargo xtask run`

use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::orrery::{self, Server};
use crate::process::Group;
use crate::{paths, site};

#[derive(clap::Args)]
pub struct Options {
    /// Optimise: slower to build, faster to run, the site inside the binary.
    #[arg(long)]
    release: bool,
    /// No demo namespace, no demo executor.
    #[arg(long)]
    no_demo: bool,
    /// Address of the console and the executor API.
    #[arg(long, default_value = "127.0.0.1:8901")]
    listen: String,
    /// SQLite, PostgreSQL or MySQL/MariaDB; a file `data/orrery.db` in the repository unless given.
    #[arg(long)]
    database_url: Option<String>,
}

/// Builds and starts everything; returns only when a part of it ends by itself.
pub fn run(options: &Options) -> Result<()> {
    let data = paths::repository().join("data");
    std::fs::create_dir_all(&data)?;
    let build = site::build(options.release)?;
    let own = format!("sqlite:{}", data.join("orrery.db").display());
    let server = Server::new(&build, options.database_url.as_deref().unwrap_or(&own), &options.listen);
    ensure!(
        orrery::http_status(&server.url(), "/healthz").is_none(),
        "something answers at {} already; choose another address with --listen",
        server.url()
    );
    let demo = if options.no_demo { None } else { Some(server.demo()?) };
    let (group, lines) = server.serve()?;
    let mut groups = vec![group];
    if let Some(credentials) = &demo {
        groups.push(orrery::start_executor(&build, &server.url(), credentials, &data.join("demo-executor"))?);
    }
    print_welcome(&server.url(), &read_first_lines(&lines), demo.is_some());
    watch(&mut groups)
}

/// What the server prints around its start. It is ready a moment before it prints the password.
fn read_first_lines(lines: &Receiver<String>) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut printed = Vec::new();
    while find_value(&printed, "one-time password").is_none() {
        let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else { break };
        printed.push(line);
    }
    printed
}

/// Says what one can do now. The password is repeated, because the log has scrolled it away.
fn print_welcome(url: &str, printed: &[String], demo: bool) {
    println!("\n  Orrery is at  {url}");
    match (find_value(printed, "user"), find_value(printed, "one-time password")) {
        (Some(user), Some(password)) => {
            println!(
                "  user          {user}\n  password      {password}   (once: you will be asked for another)"
            );
        }
        _ => println!(
            "  user          admin, with the password that you chose or that was printed at the first start"
        ),
    }
    if demo {
        println!("  demo          an executor with two jobs in the namespace `demo`");
    }
    println!("  Ctrl-C stops everything.\n");
}

/// The text after `key:` on any of the lines.
fn find_value<'a>(lines: &'a [String], key: &str) -> Option<&'a str> {
    lines
        .iter()
        .rev()
        .find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix(':').map(str::trim))
}

fn watch(groups: &mut [Group]) -> Result<()> {
    loop {
        for group in groups.iter_mut() {
            group.check_alive()?;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_time_password_is_found_among_log_lines() {
        let lines =
            ["listening".to_owned(), "  one-time password: abc def".to_owned(), "user: admin".to_owned()];
        assert_eq!(find_value(&lines, "one-time password"), Some("abc def"));
        assert_eq!(find_value(&lines, "user"), Some("admin"));
        assert_eq!(find_value(&lines[..1], "user"), None);
    }
}
