//! The database of a scenario, and the networks before it.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::proxy::{Network, Proxy};
use crate::database::{Database, Kind, MARIADB, POSTGRES};

/// Which database the servers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    Sqlite,
    Postgres,
    Mariadb,
}

/// The database and the ways to it.
pub struct Storage {
    /// For whoever looks at it from outside of the experiment.
    url: String,
    /// From each server to it; none to a file.
    networks: Vec<Proxy>,
    pub server: Option<Database>,
}

impl Backend {
    /// What a name or a report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => POSTGRES.name,
            Self::Mariadb => MARIADB.name,
        }
    }

    /// The server to start; SQLite needs none.
    pub fn kind(self) -> Option<&'static Kind> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(&POSTGRES),
            Self::Mariadb => Some(&MARIADB),
        }
    }
}

impl Storage {
    /// An empty database; its server, where it has one of its own, finds this in its environment.
    pub fn create(backend: Backend, folder: &Path, environment: Vec<(String, String)>) -> Result<Self> {
        let Some(kind) = backend.kind() else {
            let url = format!("sqlite:{}", folder.join("orrery.db").display());
            return Ok(Self { url, networks: Vec::new(), server: None });
        };
        let database = kind.start_with(environment)?;
        Ok(Self { url: database.url.clone(), networks: Vec::new(), server: Some(database) })
    }

    /// What the next server is to be told: its way to the database leads through a network of its own, unless that
    /// is a file.
    pub fn url_of_next_server(&mut self) -> Result<String> {
        let Some(database) = &self.server else { return Ok(self.url.clone()) };
        let port = database.port()?;
        let network = Proxy::to(port)?;
        let url = self.url.replace(&format!(":{port}/"), &format!(":{}/", network.port()));
        self.networks.push(network);
        Ok(url)
    }

    /// What a server beside the experiment is to be told.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The network between a server and the database.
    pub fn network(&self, server: usize) -> Result<&Proxy> {
        self.networks.get(server).context("there is no network before a file")
    }

    /// From now on the networks between all servers and the database are like this.
    pub fn set_networks(&self, network: Network) -> Result<()> {
        ensure!(!self.networks.is_empty(), "there is no network before a file");
        self.networks.iter().for_each(|each| each.set(network));
        Ok(())
    }

    /// Makes it reachable.
    pub fn heal(&self) {
        self.networks.iter().for_each(|network| network.set(Network::Whole));
    }
}
