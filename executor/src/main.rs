//! The program `orrery-executor`: an executor with the built-in handlers, and scripts where allowed.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use orrery_executor::{Executor, ExecutorBuilder, builtin};
use tracing_subscriber::EnvFilter;

/// Carries out jobs for an Orrery server, or any other server of XXL-JOB's executor protocol.
///
/// Handlers: demo, sleep, http, and with --allow-scripts command. Log lines are chosen with RUST_LOG.
#[derive(Debug, Parser)]
#[command(name = "orrery-executor", version)]
struct Options {
    /// Base address of a server; repeat it for several
    #[arg(
        long = "server",
        env = "ORRERY_EXECUTOR_SERVER",
        value_name = "URL",
        value_delimiter = ',',
        required = true
    )]
    servers: Vec<String>,
    /// The executor's application name on the server
    #[arg(long, env = "ORRERY_EXECUTOR_APP_NAME", value_name = "NAME")]
    app_name: String,
    /// The executor's token; in the environment other users of the machine cannot see it
    #[arg(long, env = "ORRERY_EXECUTOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The executor's namespace, business:service
    #[arg(long, env = "ORRERY_EXECUTOR_NAMESPACE")]
    namespace: Option<String>,
    /// Where to listen for the server
    #[arg(long, env = "ORRERY_EXECUTOR_LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:9999")]
    listen: SocketAddr,
    /// Base address under which the server reaches this executor, if it differs
    #[arg(long, env = "ORRERY_EXECUTOR_ADVERTISE", value_name = "URL")]
    advertise: Option<String>,
    /// Folder for logs, scripts and results that are not delivered yet
    #[arg(
        long,
        env = "ORRERY_EXECUTOR_DATA_DIR",
        value_name = "PATH",
        default_value = "orrery-executor-data"
    )]
    data_dir: PathBuf,
    /// Carry out scripts and command lines that are written on the server
    #[arg(long, env = "ORRERY_EXECUTOR_ALLOW_SCRIPTS")]
    allow_scripts: bool,
    /// Days to keep logs; 0 keeps them for ever
    #[arg(long, env = "ORRERY_EXECUTOR_LOG_DAYS", value_name = "DAYS", default_value_t = 30)]
    log_days: u32,
    /// Seconds that a stop waits for runs before it cancels them
    #[arg(long, env = "ORRERY_EXECUTOR_STOP_GRACE", value_name = "SECONDS", default_value_t = 20)]
    stop_grace: u64,
    /// Do not tell the server how this host is doing
    #[arg(long, env = "ORRERY_EXECUTOR_NO_HOST_METRICS")]
    no_host_metrics: bool,
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
            .stop_grace(Duration::from_secs(self.stop_grace))
            .allow_scripts(self.allow_scripts)
            .host_metrics(!self.no_host_metrics)
            .handler("demo", builtin::demo)
            .handler("sleep", builtin::sleep)
            .handler("http", builtin::http);
        for server in self.servers {
            builder = builder.server(server);
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
