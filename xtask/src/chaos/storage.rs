//! The database of a scenario, and the networks before it.

use std::path::Path;

use anyhow::{Context, Result};

use super::proxy::{Network, Proxy};
use crate::database::{Database, GALERA, Kind, MARIADB, POSTGRES, STANDBY};

/// Which database the servers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    Sqlite,
    Postgres,
    Mariadb,
    /// Three nodes of MariaDB.
    Galera,
    /// PostgreSQL with a synchronous standby.
    Standby,
}

/// The database and the ways to it.
pub struct Storage {
    /// For whoever looks at it from outside of the experiment.
    url: String,
    /// From each server to it; none to a file.
    networks: Vec<Ways>,
    is_spread: bool,
    server: Option<Database>,
}

/// The networks between a server and the places of the database, one for each.
pub struct Ways(Vec<Proxy>);

impl Ways {
    /// From now on they are like this.
    pub fn set(&self, network: Network) {
        self.0.iter().for_each(|way| way.set(network));
    }
}

impl Backend {
    /// What a name or a report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => POSTGRES.name,
            Self::Mariadb => MARIADB.name,
            Self::Galera => GALERA.name,
            Self::Standby => STANDBY.name,
        }
    }

    /// The server to start; SQLite needs none.
    pub fn kind(self) -> Option<&'static Kind> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(&POSTGRES),
            Self::Mariadb => Some(&MARIADB),
            Self::Galera => Some(&GALERA),
            Self::Standby => Some(&STANDBY),
        }
    }
}

impl Storage {
    /// An empty database; its server, where it has one of its own, finds this in its environment.
    pub fn create(backend: Backend, folder: &Path, environment: Vec<(String, String)>) -> Result<Self> {
        let Some(kind) = backend.kind() else {
            let url = format!("sqlite:{}", folder.join("orrery.db").display());
            return Ok(Self { url, networks: Vec::new(), is_spread: false, server: None });
        };
        let database = kind.start_with(environment)?;
        Ok(Self { url: database.url.clone(), networks: Vec::new(), is_spread: false, server: Some(database) })
    }

    /// What the next server is to be told: its ways to the database lead through networks of its own, unless that
    /// is a file.
    pub fn url_of_next_server(&mut self) -> Result<String> {
        let Some(database) = &self.server else { return Ok(self.url.clone()) };
        let ways = database.ports().into_iter().map(Proxy::to).collect::<Result<Vec<Proxy>>>()?;
        let mut ports: Vec<u16> = ways.iter().map(Proxy::port).collect();
        if self.is_spread {
            ports.rotate_left(self.networks.len() % ways.len());
        }
        let url = database.url_at(&ports);
        self.networks.push(Ways(ways));
        Ok(url)
    }

    /// Lets each server that is still to come name another place of the database first.
    pub fn spread(&mut self) {
        self.is_spread = true;
    }

    /// The database's servers, to be spoilt.
    pub fn server(&mut self) -> Result<&mut Database> {
        self.server.as_mut().context("a file has no server")
    }

    /// What a server beside the experiment is to be told.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The networks between a server and the database.
    pub fn network(&self, server: usize) -> Result<&Ways> {
        self.networks.get(server).context("there is no network before a file")
    }

    /// Makes it reachable.
    pub fn heal(&self) {
        self.networks.iter().for_each(|network| network.set(Network::Whole));
    }
}
