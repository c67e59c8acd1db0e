//! The servers that share the database.

use super::jobs::JobLines;
use crate::error::AppError;
use entity::server::ServerState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The servers, and the database. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterView {
    pub servers: Vec<ServerLine>,
    /// Jobs that no server decides for at the moment.
    pub unowned_jobs: u64,
    /// As the database names itself, with its version.
    pub database: String,
    pub settings: Vec<DatabaseSetting>,
}

/// A server and what it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerLine {
    pub id: i32,
    pub address: String,
    pub version: String,
    pub state: ServerState,
    pub is_leader: bool,
    /// Of 256.
    pub buckets: usize,
    pub jobs: u64,
    /// Runs that wait for others.
    pub waiting: i64,
    /// How late its last run began (ms).
    pub lateness_ms: i64,
    pub started_at: i64,
    /// Its last heartbeat.
    pub beat_at: i64,
}

/// A setting on which rests that what was written stays written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseSetting {
    pub name: String,
    pub value: String,
    /// A crash may take back what was committed.
    pub is_weak: bool,
}

/// A server, and the jobs that it decides for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerView {
    pub server: ServerLine,
    pub jobs: JobLines,
}

/// The servers and what each has, and how the database keeps what it is given.
#[server]
pub async fn cluster() -> Result<ClusterView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::servers::cluster(&services, &caller).await.map(ClusterView::from).map_err(ssr::refuse)
}

/// One server and a page of its jobs, by name.
#[server]
pub async fn server(id: i32, #[server(default)] after: String) -> Result<ServerView, AppError> {
    use crate::ssr;
    use scheduler::jobs::{JobFilter, JobOrder};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let server = scheduler::servers::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let filter = JobFilter { server_id: Some(id), ..JobFilter::default() };
    let after = (!after.is_empty()).then_some(after.as_str());
    let jobs = scheduler::jobs::list(&services, &caller, &filter, JobOrder::Name, after).await;
    Ok(ServerView { server: server.into(), jobs: JobLines::new(jobs.map_err(ssr::refuse)?, &caller) })
}

/// Lets a server hand its jobs over to the others and get no more.
#[server]
pub async fn drain_server(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::servers::drain(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("server_drains"));
    ssr::redirect(&routes::cluster());
    Ok(())
}

/// Lets a server that drains get jobs again.
#[server]
pub async fn take_back_server(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::servers::take_back(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("server_taken_back"));
    ssr::redirect(&routes::cluster());
    Ok(())
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::{ClusterView, DatabaseSetting, ServerLine};
    use scheduler::servers::{Cluster, ServerRow};

    impl From<Cluster> for ClusterView {
        fn from(Cluster { servers, unowned_jobs, database }: Cluster) -> Self {
            let settings = database.settings.into_iter().map(|setting| DatabaseSetting {
                name: setting.name.to_owned(),
                value: setting.value,
                is_weak: setting.is_weak,
            });
            Self {
                servers: servers.into_iter().map(ServerLine::from).collect(),
                unowned_jobs,
                database: database.database,
                settings: settings.collect(),
            }
        }
    }

    impl From<ServerRow> for ServerLine {
        fn from(ServerRow { server, buckets, jobs, is_leader }: ServerRow) -> Self {
            Self {
                id: server.id,
                address: server.address,
                version: server.version,
                state: server.state,
                is_leader,
                buckets,
                jobs,
                waiting: server.waiting,
                lateness_ms: server.lateness_ms,
                started_at: server.started_at,
                beat_at: server.beat_at,
            }
        }
    }
}
