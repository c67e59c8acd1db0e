//! The program `orrery-executor`: an executor with the built-in handlers, and scripts where allowed.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use orrery_executor::builtin::{self, Destination};
use orrery_executor::{Executor, ExecutorBuilder};
use tracing_subscriber::EnvFilter;

/// Carries out jobs for an Orrery server, or any other server of XXL-JOB's executor protocol
///
/// Handlers: demo, sleep, http (to where --http-allow says), and with --allow-scripts command. Several agents
/// may run on one machine: give each a --data-dir of its own, and --listen 127.0.0.1:0 for a free port. SIGTERM
/// stops in order; a second one at once. Log lines are chosen with RUST_LOG.
#[derive(Debug, Parser)]
#[command(name = "orrery-executor", version)]
struct Options {
    /// Base address of a server; repeat it for several
    #[arg(
        long = "server",
        env = "ORRERY_EXECUTOR_SERVER",
        value_name = "URL",
        value_delimiter = ',',
        required = true,
        help_heading = "Server"
    )]
    servers: Vec<String>,
    /// The executor's application name on the server
    #[arg(long, env = "ORRERY_EXECUTOR_APP_NAME", value_name = "NAME", help_heading = "Server")]
    app_name: String,
    /// The executor's token; in the environment other users of the machine cannot see it
    #[arg(long, env = "ORRERY_EXECUTOR_TOKEN", hide_env_values = true, help_heading = "Server")]
    token: Option<String>,
    /// The executor's namespace, business:service
    #[arg(long, env = "ORRERY_EXECUTOR_NAMESPACE", help_heading = "Server")]
    namespace: Option<String>,

    /// Where to listen for the server; port 0 takes a free one
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_LISTEN",
        value_name = "IP:PORT",
        default_value = "127.0.0.1:9999",
        help_heading = "This instance"
    )]
    listen: SocketAddr,
    /// Base address under which the server reaches this executor, if it differs
    #[arg(long, env = "ORRERY_EXECUTOR_ADVERTISE", value_name = "URL", help_heading = "This instance")]
    advertise: Option<String>,
    /// A label by which jobs are kept to some instances; repeat it for several
    #[arg(
        long = "label",
        env = "ORRERY_EXECUTOR_LABELS",
        value_name = "KEY=VALUE",
        value_delimiter = ',',
        value_parser = label,
        help_heading = "This instance"
    )]
    labels: Vec<(String, String)>,
    /// Folder for logs, scripts and results that are not delivered yet; no other executor may use it
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_DATA_DIR",
        value_name = "PATH",
        default_value = "orrery-executor-data",
        help_heading = "This instance"
    )]
    data_dir: PathBuf,
    /// Days to keep logs; 0 keeps them for ever
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_LOG_DAYS",
        value_name = "DAYS",
        default_value_t = 30,
        help_heading = "This instance"
    )]
    log_days: u32,

    /// Carry out scripts and command lines that are written on the server
    #[arg(long, env = "ORRERY_EXECUTOR_ALLOW_SCRIPTS", help_heading = "What may run")]
    allow_scripts: bool,
    /// Where the handler http may send requests: a host, *.name, a network or an address; repeat it for several
    #[arg(
        long = "http-allow",
        env = "ORRERY_EXECUTOR_HTTP_ALLOW",
        value_name = "HOST|NETWORK",
        value_delimiter = ',',
        help_heading = "What may run"
    )]
    http_allow: Vec<Destination>,
    /// Runs carried out at once, over all jobs; 0 is any number
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_WORKERS",
        value_name = "RUNS",
        default_value_t = 0,
        help_heading = "What may run"
    )]
    workers: u32,
    /// Runs of one job that may wait here; one more is refused; 0 is any number
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_QUEUE_LENGTH",
        value_name = "RUNS",
        default_value_t = 10_000,
        help_heading = "What may run"
    )]
    queue_length: u32,
    /// Seconds that a stop waits for runs before it cancels them
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_STOP_GRACE",
        value_name = "SECONDS",
        default_value_t = 20,
        help_heading = "What may run"
    )]
    stop_grace: u64,
    /// Do not tell the server how this host is doing
    #[arg(long, env = "ORRERY_EXECUTOR_NO_HOST_METRICS")]
    no_host_metrics: bool,
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("a label is key=value")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

impl Options {
    fn builder(self) -> ExecutorBuilder {
        let mut builder = Executor::builder()
            .app_name(self.app_name)
            .token(self.token.unwrap_or_default())
            .namespace(self.namespace.unwrap_or_default())
            .listen(self.listen)
            .data_dir(self.data_dir)
            .log_days(self.log_days)
            .workers(self.workers)
            .queue_length(self.queue_length)
            .stop_grace(Duration::from_secs(self.stop_grace))
            .allow_scripts(self.allow_scripts)
            .host_metrics(!self.no_host_metrics)
            .handler("demo", builtin::demo)
            .handler("sleep", builtin::sleep)
            .handler("http", builtin::http(self.http_allow.into_iter().collect()));
        for server in self.servers {
            builder = builder.server(server);
        }
        for (key, value) in self.labels {
            builder = builder.label(key, value);
        }
        if let Some(address) = self.advertise {
            builder = builder.advertise(address);
        }
        if self.allow_scripts {
            builder = builder.handler("command", builtin::command);
        }
        builder
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{:#}", anyhow::Error::new(error));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), orrery_executor::Error> {
    options.builder().build()?.run().await
}
