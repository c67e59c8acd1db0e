//! Private PostgreSQL and MariaDB servers for the tests, also several that replicate: own data folders, own ports,
//! gone afterwards.

pub mod client;
mod durable;
mod galera;
mod mariadb;
mod postgres;
mod standby;

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

use crate::paths::{self, ScratchFolder};
use crate::process::Group;
use crate::tools::system;

pub use durable::DurablePostgres;
pub use galera::GALERA;
pub use mariadb::MARIADB;
pub use postgres::POSTGRES;
pub use standby::STANDBY;

/// How long a database server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// What one of them listens on: for clients, and for the others that it replicates with.
const PORTS: usize = 4;

/// Starts a server in each of the homes, with an empty database that they share.
type Start = fn(&[Home]) -> Result<Vec<Group>>;

/// One kind of database.
pub struct Kind {
    pub name: &'static str,
    /// Where the tests look for its URL.
    pub variable: &'static str,
    /// Debian's packages.
    packages: &'static [&'static str],
    /// Debian's user for it, whom we become when we are root: all refuse to run as root.
    user: &'static str,
    is_installed: fn() -> bool,
    /// How its URL begins, up to the first host.
    scheme: &'static str,
    /// How many servers it is.
    places: usize,
    start: Start,
}

/// A running database of one server or of several that replicate; its data go with it.
pub struct Database {
    /// Names all its places.
    pub url: String,
    /// How it begins, up to the first host.
    scheme: &'static str,
    places: Vec<Place>,
}

/// One of its servers.
struct Place {
    // Dropped in this order: the server before its files. None while it is dead.
    server: Option<Group>,
    home: Home,
}

/// Where a server lives.
struct Home {
    data: ScratchFolder,
    /// The first is for clients.
    ports: [u16; PORTS],
    /// Whom it runs as, where that is somebody else.
    user: Option<User>,
    /// What it finds in its environment beside everything else.
    environment: Vec<(String, String)>,
}

impl Home {
    fn folder(&self) -> &Path {
        self.data.path()
    }

    /// Where clients find it on this host.
    fn port(&self) -> u16 {
        self.ports[0]
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

    /// Where the server writes what it says, after what it said in earlier lives.
    fn log(&self) -> Result<File> {
        let file = self.folder().join("log");
        let log = File::options().create(true).append(true).open(file);
        log.context("cannot create the log of a database's server")
    }
}

impl Database {
    /// Lets PostgreSQL die with everything that is under way, and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        let Place { server, home } = &mut self.places[0];
        if let Some(mut died) = server.take() {
            postgres::quit(&mut died)?;
        }
        *server = Some(postgres::serve(home)?);
        Ok(())
    }

    /// Kills one of its servers with SIGKILL, and everything that works for it.
    pub fn kill(&mut self, place: usize) -> Result<()> {
        match self.places[place].server.take() {
            Some(mut server) => server.kill_with_children(),
            None => Ok(()),
        }
    }

    /// Starts a node of a Galera cluster that was killed, and waits until it has what it missed.
    pub fn rejoin(&mut self, place: usize) -> Result<()> {
        let homes: Vec<&Home> = self.places.iter().map(|place| &place.home).collect();
        let server = galera::rejoin(&homes, place)?;
        self.places[place].server = Some(server);
        Ok(())
    }

    /// Cuts a node of a Galera cluster off from the others, or ends that; clients reach it all the same.
    pub fn isolate(&self, place: usize, is_alone: bool) -> Result<()> {
        galera::isolate(&self.places[place].home, is_alone)
    }

    /// Lets a standby of PostgreSQL take writes from now on.
    pub fn promote(&self, place: usize) -> Result<()> {
        standby::promote(&self.places[place].home)
    }

    /// Where its servers listen on this host, in the order of the URL.
    pub fn ports(&self) -> Vec<u16> {
        self.places.iter().map(|place| place.home.port()).collect()
    }

    /// A URL that names these ports of this host.
    pub fn url_at(&self, ports: &[u16]) -> String {
        url(self.scheme, ports)
    }

    fn check_alive(&mut self) -> Result<()> {
        self.places.iter_mut().filter_map(|place| place.server.as_mut()).try_for_each(Group::check_alive)
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
        system::install(self.packages, "the store is tested on every database it supports")?;
        Ok((self.is_installed)())
    }

    /// What to do where it is not available.
    pub fn how_to_get_it(&self) -> String {
        format!(
            "{} is not installed (Debian, Ubuntu: apt-get install {}), or give the URL of an empty one in {}",
            self.name,
            self.packages.join(" "),
            self.variable
        )
    }

    /// Starts a server with an empty database.
    pub fn start(&self) -> Result<Database> {
        self.start_with(Vec::new())
    }

    /// The same with more in its servers' environment.
    pub fn start_with(&self, environment: Vec<(String, String)>) -> Result<Database> {
        let home = |number| self.home(number, environment.clone());
        let homes = (0..self.places).map(home).collect::<Result<Vec<Home>>>()?;
        let servers = (self.start)(&homes)?;
        let ports: Vec<u16> = homes.iter().map(Home::port).collect();
        let url = url(self.scheme, &ports);
        println!("{} is at {url}", self.name);
        let place = |(home, server)| Place { server: Some(server), home };
        Ok(Database { url, scheme: self.scheme, places: homes.into_iter().zip(servers).map(place).collect() })
    }

    fn home(&self, number: usize, environment: Vec<(String, String)>) -> Result<Home> {
        // On a disk the tables of hundreds of tests take minutes to create.
        self.home_in(ScratchFolder::create_in_memory(&format!("{}-{number}", self.name))?, environment)
    }

    /// A home for one of its servers in an empty folder.
    fn home_in(&self, data: ScratchFolder, environment: Vec<(String, String)>) -> Result<Home> {
        let user = if geteuid().is_root() { Some(self.unprivileged_user()?) } else { None };
        if let Some(user) = &user {
            chown(data.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        let mut ports = [0; PORTS];
        for port in &mut ports {
            *port = paths::free_port()?;
        }
        Ok(Home { data, ports, user, environment })
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
            database.check_alive()?;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// The URL of the database at these ports of this host.
fn url(scheme: &str, ports: &[u16]) -> String {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("{scheme}{}/orrery", hosts.join(","))
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
