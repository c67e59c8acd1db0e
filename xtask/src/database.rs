//! Private PostgreSQL and MariaDB servers for the tests: own data folder, own port, gone afterwards.

mod mariadb;
mod postgres;

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid};

use crate::paths::ScratchFolder;
use crate::process::Group;
use crate::tools::system;

pub use mariadb::MARIADB;
pub use postgres::POSTGRES;

/// How long a database server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Starts a server on data in a home's folder; returns it with its URL.
type Start = fn(&Home) -> Result<(Group, String)>;

/// One kind of database server.
pub struct Kind {
    pub name: &'static str,
    /// Where the tests look for its URL.
    pub variable: &'static str,
    /// Debian's package.
    package: &'static str,
    /// Debian's user for it, whom we become when we are root: both refuse to run as root.
    user: &'static str,
    is_installed: fn() -> bool,
    start: Start,
}

/// A running server; its data goes with it.
pub struct Database {
    pub url: String,
    // Dropped in this order: the server before its files.
    server: Group,
    home: Home,
}

/// Where a server lives.
struct Home {
    data: ScratchFolder,
    /// Whom it runs as, where that is somebody else.
    user: Option<User>,
    /// What it finds in its environment beside everything else.
    environment: Vec<(String, String)>,
}

impl Home {
    fn folder(&self) -> &Path {
        self.data.path()
    }

    /// A command that runs as whom the server does.
    fn command(&self, program: &Path) -> Command {
        command_as(program, self.user.as_ref())
    }

    /// The command of the server itself.
    fn server_command(&self, program: &Path) -> Command {
        let mut command = self.command(program);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Database {
    /// Lets PostgreSQL die with everything that is under way, and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        let port = self.port()?;
        // Its children leave its group and notice its death late; this tells them.
        self.server.signal(Signal::SIGQUIT);
        self.server.wait()?;
        self.server = postgres::serve(&self.home, port)?;
        Ok(())
    }

    /// Where it listens on this host.
    pub fn port(&self) -> Result<u16> {
        let port = self.url.rsplit(':').next().and_then(|rest| rest.split('/').next());
        port.and_then(|port| port.parse().ok()).context("a database's URL without a port")
    }
}

impl Kind {
    /// True when the server is installed, installing it where nobody needs to be asked.
    pub fn is_available(&self) -> Result<bool> {
        if (self.is_installed)() {
            return Ok(true);
        }
        if !system::can_install() {
            return Ok(false);
        }
        system::install(&[self.package], "the store is tested on every database it supports")?;
        Ok((self.is_installed)())
    }

    /// What to do where it is not available.
    pub fn how_to_get_it(&self) -> String {
        format!(
            "{} is not installed (Debian, Ubuntu: apt-get install {}), or give the URL of an empty one in {}",
            self.name, self.package, self.variable
        )
    }

    /// Starts a server with an empty database.
    pub fn start(&self) -> Result<Database> {
        self.start_with(Vec::new())
    }

    /// The same with more in the server's environment.
    pub fn start_with(&self, environment: Vec<(String, String)>) -> Result<Database> {
        // On a disk the tables of hundreds of tests take minutes to create.
        let data = ScratchFolder::create_in_memory(self.package)?;
        let user = if geteuid().is_root() { Some(self.unprivileged_user()?) } else { None };
        if let Some(user) = &user {
            chown(data.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        let home = Home { data, user, environment };
        let (server, url) = (self.start)(&home)?;
        println!("{} is at {url}", self.name);
        Ok(Database { url, server, home })
    }

    fn unprivileged_user(&self) -> Result<User> {
        for name in [self.user, "nobody"] {
            if let Some(user) = User::from_name(name)? {
                return Ok(user);
            }
        }
        bail!("{} refuses to run as root and there is no user {} to become", self.name, self.user)
    }
}

/// Starts every kind that is available and keeps it until this process is interrupted.
pub fn serve() -> Result<()> {
    let mut databases = Vec::new();
    for kind in [&POSTGRES, &MARIADB] {
        if kind.is_available()? {
            let database = kind.start()?;
            println!("export {}={}", kind.variable, database.url);
            databases.push(database);
        } else {
            println!("SKIPPED {}", kind.how_to_get_it());
        }
    }
    loop {
        for database in &mut databases {
            database.server.check_alive()?;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// A command that runs as `user`, in a folder which that user may enter.
fn command_as(program: &Path, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        command.env("HOME", &user.dir).env("USER", &user.name);
    }
    command
}

/// Repeats `try_once` until it succeeds; the server must not end meanwhile.
fn wait_until_ready(server: &mut Group, mut try_once: impl FnMut() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while let Err(error) = try_once() {
        server.check_alive()?;
        if Instant::now() > deadline {
            return Err(error).with_context(|| format!("{} does not answer", server.name()));
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
