//! What an executor is configured with, and the errors that can be made doing so.

use std::net::{SocketAddr, UdpSocket};
use std::panic::Location;
use std::path::PathBuf;
use std::time::Duration;

use protocol::native::{HANDLER_LENGTH, MOST_HANDLERS, VERSION_LENGTH};

use crate::executor::{Executor, Program};
use crate::handler::{Handler, erase};
use crate::labels::{self, Labels};
use crate::named::{self, Named};
use crate::run_listener::{RunListener, RunListeners};

/// Why an executor cannot be built or started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server was named.
    #[error("no server: at least one server address is needed")]
    NoServer,
    /// No application name was given.
    #[error("no application name: it must be the executor's name on the server")]
    NoAppName,
    /// An address is not an `http://` or `https://` address.
    #[error("{what} {address:?} is not an http:// or https:// address: {problem}")]
    Address {
        /// Which address.
        what: &'static str,
        /// As given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A handler has a name that no job can give.
    #[error(
        "the handler {name:?} ({place}): a name has 1 to {HANDLER_LENGTH} characters and no blanks among them"
    )]
    HandlerName {
        /// The name.
        name: String,
        /// Where it is given.
        place: String,
    },
    /// Two handlers have the same name.
    #[error("two handlers are called {name:?}: one at {first}, one at {second}")]
    DuplicateHandler {
        /// The name of both.
        name: String,
        /// Where the one is.
        first: String,
        /// Where the other is.
        second: String,
    },
    /// There are more handlers than can be announced.
    #[error("more than {MOST_HANDLERS} handlers")]
    TooManyHandlers,
    /// A label that no job can name, or one too many.
    #[error("the label {label:?}: {problem}")]
    Label {
        /// As given.
        label: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The version is too long.
    #[error("the version has more than {VERSION_LENGTH} characters")]
    Version,
    /// The data folder belongs to another process.
    #[error(
        "the folder {} belongs to another executor that is running: give each a data folder of its own",
        .0.display()
    )]
    FolderTaken(PathBuf),
    /// A text cannot be sent as an HTTP header.
    #[error("the {0} contains characters that an HTTP header cannot carry")]
    Header(&'static str),
    /// The listening address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The data folder cannot be used.
    #[error("cannot use the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The HTTP client cannot be set up.
    #[error("cannot set up the HTTP client")]
    HttpClient(#[source] reqwest::Error),
    /// The process cannot listen to signals.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
}

/// The settings of an executor, complete and checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub servers: Vec<String>,
    pub app_name: String,
    pub token: Option<String>,
    pub namespace: Option<String>,
    pub listen: SocketAddr,
    pub advertise: Option<String>,
    pub data_dir: PathBuf,
    pub log_dir: PathBuf,
    pub log_days: u32,
    pub allow_scripts: bool,
    pub stop_grace: Duration,
    pub kill_grace: Duration,
    pub host_metrics: bool,
    pub labels: String,
    pub version: String,
    /// 0 = any number.
    pub workers: u32,
    /// 0 = any number.
    pub queue_length: u32,
}

/// Collects the settings and handlers of an [`Executor`].
pub struct ExecutorBuilder {
    settings: Settings,
    log_dir: Option<PathBuf>,
    handlers: Vec<Named>,
    declared: bool,
    labels: Labels,
    listeners: RunListeners,
}

impl Default for ExecutorBuilder {
    fn default() -> Self {
        let settings = Settings {
            servers: Vec::new(),
            app_name: String::new(),
            token: None,
            namespace: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 9999)),
            advertise: None,
            data_dir: PathBuf::from("orrery-executor-data"),
            log_dir: PathBuf::new(),
            log_days: 30,
            allow_scripts: false,
            stop_grace: Duration::from_secs(20),
            kill_grace: Duration::from_secs(5),
            host_metrics: true,
            labels: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: 0,
            queue_length: 10_000,
        };
        Self {
            settings,
            log_dir: None,
            handlers: Vec::new(),
            declared: false,
            labels: Labels::default(),
            listeners: RunListeners::default(),
        }
    }
}

impl ExecutorBuilder {
    /// Adds a server's base address, with or without the context path `/xxl-job-admin`. Several addresses
    /// are tried in turn until one answers.
    pub fn server(mut self, address: impl Into<String>) -> Self {
        self.settings.servers.push(address.into());
        self
    }

    /// The executor's application name on the server.
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.settings.app_name = name.into();
        self
    }

    /// The secret shared with the server, sent and demanded. Without one every caller is accepted.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.token = Some(token.into()).filter(|token: &String| !token.is_empty());
        self
    }

    /// The namespace (`business:service`) of the executor, where the server has several.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.settings.namespace = Some(namespace.into()).filter(|name: &String| !name.is_empty());
        self
    }

    /// Where to listen; `127.0.0.1:9999` by default. Port 0 takes a free one.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.settings.listen = address;
        self
    }

    /// The base address under which the server reaches this executor. By default the listening address, or,
    /// when listening on all of them, the one this machine reaches its first server from.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.settings.advertise = Some(address.into());
        self
    }

    /// The folder for unsent results, scripts and, unless placed elsewhere, logs. It belongs to one process.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.data_dir = path.into();
        self
    }

    /// The folder for logs: `<folder>/yyyy-MM-dd/<run>.log`. By default `logs` in the data folder.
    pub fn log_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.log_dir = Some(path.into());
        self
    }

    /// For how many days logs are kept; 30 by default, 0 keeps them for ever.
    pub fn log_days(mut self, days: u32) -> Self {
        self.settings.log_days = days;
        self
    }

    /// Whether scripts written on the server are carried out. Off by default: whoever may edit a job can then
    /// run anything this process may.
    pub fn allow_scripts(mut self, allow: bool) -> Self {
        self.settings.allow_scripts = allow;
        self
    }

    /// How long an orderly stop waits for what is running before it cancels it; 20 s by default.
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.settings.stop_grace = grace;
        self
    }

    /// How long a cancelled run may take to return before it is aborted; 5 s by default.
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.settings.kill_grace = grace;
        self
    }

    /// Whether the server is told every 15 s how this host and this process are doing: processors, memory, disks,
    /// load, network. On by default.
    pub fn host_metrics(mut self, report: bool) -> Self {
        self.settings.host_metrics = report;
        self
    }

    /// How many runs are carried out at once, over all jobs; 0, as by default, is any number. What comes
    /// beyond it waits in the queue of its job, and jobs take turns. The server is told the number.
    pub fn workers(mut self, count: u32) -> Self {
        self.settings.workers = count;
        self
    }

    /// How many runs of one job may wait here; 10,000 by default, 0 is any number. One more is refused, which
    /// fails it on the server with this reason. The server is told the number.
    pub fn queue_length(mut self, runs: u32) -> Self {
        self.settings.queue_length = runs;
        self
    }

    /// Gives this instance a label: jobs can be kept to the instances with `key=value`. Up to 20 of them;
    /// keys and values have 1 to 63 letters, digits and characters of `-_./`.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.0.push((key.into(), value.into()));
        self
    }

    /// The version of the program, which the server shows; by default that of this library. At most 64
    /// characters.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// Has each run told to a listener. Several are told in the order in which they came.
    pub fn listener(mut self, listener: impl RunListener) -> Self {
        self.listeners.add(listener);
        self
    }

    /// Registers a handler under the name that jobs use. Two of the same name are an error of
    /// [`build`](Self::build).
    #[track_caller]
    pub fn handler<Taken>(mut self, name: impl Into<String>, handler: impl Handler<Taken>) -> Self {
        self.handlers.push(Named::given(name.into(), Location::caller(), erase(handler)));
        self
    }

    /// Registers every function of the program that [`#[handler]`](crate::handler) declares.
    pub fn declared_handlers(mut self) -> Self {
        self.declared = true;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// No server, no application name, an address that is none, a name that a handler cannot have or that two
    /// have, or a label that is none.
    pub fn build(mut self) -> Result<Executor, Error> {
        let settings = &mut self.settings;
        settings.servers.retain(|address| !address.trim().is_empty());
        if settings.servers.is_empty() {
            return Err(Error::NoServer);
        }
        if settings.app_name.trim().is_empty() {
            return Err(Error::NoAppName);
        }
        for address in &settings.servers {
            check_address("server address", address)?;
        }
        if let Some(address) = &settings.advertise {
            check_address("advertised address", address)?;
        }
        if settings.version.chars().count() > VERSION_LENGTH {
            return Err(Error::Version);
        }
        settings.labels = labels::on_the_wire(&self.labels)?;
        settings.log_dir = self.log_dir.unwrap_or_else(|| settings.data_dir.join("logs"));
        let declared = self.declared.then(Named::declared).into_iter().flatten();
        let handlers = named::by_name(self.handlers.into_iter().chain(declared))?;
        Ok(Executor::new(self.settings, Program { handlers, listeners: self.listeners }))
    }
}

fn check_address(what: &'static str, address: &str) -> Result<reqwest::Url, Error> {
    let wrong = |problem: String| Error::Address { what, address: address.to_owned(), problem };
    let url = reqwest::Url::parse(address.trim()).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("the scheme is {}", url.scheme())));
    }
    Ok(url)
}

impl Settings {
    /// The base address to register, given where the process really listens.
    pub fn advertised(&self, listening: SocketAddr) -> String {
        if let Some(address) = &self.advertise {
            return protocol::normal_address(address).to_owned();
        }
        let mut address = listening;
        if address.ip().is_unspecified()
            && let Some(ip) = self.servers.first().and_then(|server| local_address_towards(server))
        {
            address.set_ip(ip);
        }
        format!("http://{address}")
    }
}

/// The address this machine would use towards a server. Connecting a UDP socket sends nothing.
fn local_address_towards(server: &str) -> Option<std::net::IpAddr> {
    let url = reqwest::Url::parse(server).ok()?;
    let remote = url.socket_addrs(|| None).ok()?.into_iter().next()?;
    let any: SocketAddr = if remote.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(remote).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
