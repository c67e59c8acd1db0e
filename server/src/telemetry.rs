//! Logging: lines for people or JSON for collectors, with the request's id on every line of a
//! request, and a line for every panic.

use crate::config::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Libraries that speak too much at the level chosen for the program; a directive in the settings
/// that names one of them wins.
const QUIET: &str =
    "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,tower_sessions=error,tower_sessions_core=error,hyper=info";

/// Starts logging to standard error; standard output is for results.
///
/// # Errors
/// When logging was started before.
pub fn start(format: LogFormat, filter: &str) -> Result<(), TryInitError> {
    let filter = EnvFilter::new(format!("{QUIET},{filter}"));
    let registry = tracing_subscriber::registry().with(filter);
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    match format {
        LogFormat::Text => registry.with(lines).try_init()?,
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init()?,
    }
    log_panics();
    Ok(())
}

/// A panic becomes one log line, within the request's span if there is one.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        tracing::error!(panic = message, place, thread, "a task panicked");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// Where the lines of a test go.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_panic_in_a_task_is_a_line_with_the_id_of_its_request() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
        let _logging = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        log_panics();
        let span = tracing::info_span!("request", id = "nightly-7");
        let task = tracing::Instrument::instrument(async { panic!("out of paper") }, span);
        assert!(tokio::spawn(task).await.is_err());
        drop(std::panic::take_hook());
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("out of paper") && logged.contains("nightly-7"), "{logged}");
    }
}
