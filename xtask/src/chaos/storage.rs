//! The database of a scenario, and the network before it.

use std::path::Path;

use anyhow::{Context, Result};

use super::proxy::{Network, Proxy};
use crate::database::{Database, Kind, MARIADB, POSTGRES};

/// Which database the servers use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    Sqlite,
    Postgres,
    Mariadb,
}

/// The database and the way to it.
pub struct Storage {
    /// For whoever looks at it from outside of the experiment.
    url: String,
    /// For the servers.
    pub url_of_servers: String,
    network: Option<Proxy>,
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
    /// An empty database, with a network before it unless it is a file; its server, where it has one of its
    /// own, finds this in its environment.
    pub fn create(backend: Backend, folder: &Path, environment: Vec<(String, String)>) -> Result<Self> {
        let Some(kind) = backend.kind() else {
            let url = format!("sqlite:{}", folder.join("orrery.db").display());
            return Ok(Self { url_of_servers: url.clone(), url, network: None, server: None });
        };
        let database = kind.start_with(environment)?;
        let url = database.url.clone();
        let port = database.port()?;
        let network = Proxy::to(port)?;
        let url_of_servers = url.replace(&format!(":{port}/"), &format!(":{}/", network.port()));
        Ok(Self { url, url_of_servers, network: Some(network), server: Some(database) })
    }

    /// What a server beside the experiment is to be told.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The network between the servers and the database.
    pub fn network(&self) -> Result<&Proxy> {
        self.network.as_ref().context("there is no network before a file")
    }

    /// Makes it reachable.
    pub fn heal(&self) {
        if let Some(network) = &self.network {
            network.set(Network::Whole);
        }
    }
}
