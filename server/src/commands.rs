//! The command line.

mod audit;
mod backup;
mod bench_setup;
mod config;
mod demo;
mod fixture;
mod migrate;
mod restored;
mod schedule;
mod serve;
mod setup;
mod user;

use crate::config::{ConfigError, Layers, Settings};
use crate::lifecycle;
use anyhow::{Context, Result, anyhow};
use app::ssr::fault_message;
use clap::{Args, Parser, Subcommand};
use entity::fault::FieldFault;
use scheduler::store::Databases;
use scheduler::{Error, Services};
use std::path::PathBuf;

/// The settings file that is read when it is there and none is named.
const USUAL_FILE: &str = "orrery.toml";

/// Schedules jobs and runs them on executors.
#[derive(Parser)]
#[command(name = "orrery", version, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct SettingsArguments {
    /// Settings file [default: orrery.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE", env = "ORRERY_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Database: sqlite:<path>, postgres://… or mysql://…
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Folder of this one server.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Any setting, for instance --set http.max_connections=500; may be repeated.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the console and the executor API, and fires jobs (the default).
    Serve,
    /// Brings the database to this program's schema, back, or shows where it stands.
    Migrate {
        #[command(subcommand)]
        what: migrate::What,
    },
    /// Prints the documented settings file with all defaults.
    Config {
        /// Print the values in force instead, each with where it comes from.
        #[arg(long)]
        effective: bool,
    },
    /// Creates accounts and resets passwords.
    User {
        #[command(subcommand)]
        what: user::What,
    },
    /// Verifies and exports the record of who changed what.
    Audit {
        #[command(subcommand)]
        what: audit::What,
    },
    /// Copies a SQLite database while its server works; for another one says the command that does.
    Backup {
        /// Where to; there must be nothing yet.
        file: PathBuf,
    },
    /// Prepares a database that was put back from a backup, before the first server starts on it.
    Restored(restored::Options),
    /// Says when a schedule fires.
    Schedule {
        #[command(subcommand)]
        what: schedule::What,
    },
    /// Prints the version.
    Version,
    /// Creates a namespace, an executor and two jobs to look at, unless they exist; or a whole demonstration.
    #[command(hide = true)]
    Demo(demo::Options),
    /// Creates jobs that fire every second on one executor, to measure with.
    #[command(hide = true)]
    BenchSetup(bench_setup::Options),
    /// Creates executors and jobs from a file, and prints what became of them.
    #[command(hide = true)]
    Fixture {
        #[command(subcommand)]
        what: fixture::What,
    },
}

/// Does what the command line says.
pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Some(Command::Version) => {
            println!("orrery {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        Some(Command::Schedule { what }) => schedule::run(&what),
        Some(Command::Config { effective }) => config::run(&arguments.settings, effective),
        command => {
            let settings = arguments.settings.read()?.settings()?;
            let settings_file = arguments.settings.file();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                lifecycle::install_crypto();
                match command.unwrap_or(Command::Serve) {
                    Command::Migrate { what } => migrate::run(&settings, what).await,
                    Command::Audit { what } => audit::run(&settings, what).await,
                    Command::Backup { file } => backup::run(&settings, settings_file, &file).await,
                    Command::Restored(options) => restored::run(&settings, &options).await,
                    Command::User { what } => user::run(&settings, what).await,
                    Command::Demo(options) => demo::run(&settings, &options).await,
                    Command::BenchSetup(options) => bench_setup::run(&settings, &options).await,
                    Command::Fixture { what } => fixture::run(&settings, what).await,
                    _ => serve::run(settings).await,
                }
            })
        }
    }
}

impl SettingsArguments {
    /// The settings file, if there is one.
    fn file(&self) -> Option<PathBuf> {
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.is_file());
        self.config.clone().or_else(usual)
    }

    /// Defaults, file, environment and flags.
    fn read(&self) -> Result<Layers, ConfigError> {
        let file = self.file();
        let named =
            [("listen", &self.listen), ("database_url", &self.database_url), ("data_dir", &self.data_dir)];
        let named = named.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.clone()?)));
        let flags: Vec<_> = named.chain(self.set.iter().cloned()).collect();
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Layers::new(file.as_deref(), environment, &flags)
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Wrong fields by name, each with its sentence.
fn readable(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(faults) => {
            let sentence = |fault: FieldFault| {
                let text = app::words::sentence(app::i18n::Locale::en, &fault_message(fault.fault));
                format!("{}: {text}", fault.field)
            };
            anyhow!("refused: {}", faults.into_iter().map(sentence).collect::<Vec<_>>().join(" "))
        }
        other => other.into(),
    }
}

/// Opens the database with this program's schema, for a command beside the server.
async fn open_migrated(settings: &Settings) -> Result<(Databases, Services)> {
    let (databases, services) = lifecycle::open(settings).await?;
    scheduler::store::schema::up(&services.db).await.context("the database's schema")?;
    Ok((databases, services))
}
