//! What pages about executors show and send.

use super::HostLine;
use crate::api::may::May;
use entity::executor::Registration;
use entity::instance::Client;
use entity::turned_away::Model as TurnedAway;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The filters of the list, as they stand in its address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExecutorQuery {
    /// Part of the app name or title.
    #[serde(default)]
    pub q: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
}

/// A namespace to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamespaceChoice {
    pub id: i32,
    /// `business:service`.
    pub title: String,
}

/// The list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorLines {
    pub lines: Vec<ExecutorLine>,
    pub namespaces: Vec<NamespaceChoice>,
    /// What tried to register under app names that no executor has; for those who see everything.
    pub strangers: Vec<TurnedAway>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorLine {
    pub id: i32,
    pub app_name: String,
    pub title: String,
    pub namespace: String,
    pub registration: Registration,
    pub online: u64,
    /// Some of the addresses that are there.
    pub addresses: Vec<String>,
    pub jobs: u64,
}

/// One executor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorPage {
    pub id: i32,
    pub may: May,
    pub version: i32,
    pub namespace: String,
    pub settings: ExecutorSettings,
    pub old_token_until: Option<i64>,
    pub created_at: i64,
    pub instances: InstanceLines,
    pub job_count: u64,
    /// The first ones by name.
    pub jobs: Vec<JobLine>,
    /// The server's base address, for the help on connecting.
    pub server: String,
}

/// The processes of an executor, as far as they are named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceLines {
    /// Those that are there first.
    pub lines: Vec<InstanceLine>,
    /// How many are there.
    pub online: u64,
    /// How many left within a day.
    pub gone: u64,
}

impl InstanceLines {
    /// How many there are that are not named.
    pub fn more(&self) -> u64 {
        (self.online + self.gone).saturating_sub(self.lines.len() as u64)
    }
}

/// One process of an executor. Times are milliseconds UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceLine {
    pub id: i32,
    pub address: String,
    /// `key=value` with commas between.
    pub labels: String,
    pub client: Client,
    /// The program's, in its own words; empty = unknown.
    pub version: String,
    /// How many runs it carries out at once; 0 = any number, or unknown.
    pub workers: i32,
    /// How many runs of a job may wait there; 0 = any number, or unknown.
    pub queue_length: i32,
    /// Typed by a person: nothing is heard from it.
    pub manual: bool,
    pub registered_at: i64,
    pub seen_at: i64,
    pub gone_at: Option<i64>,
    /// It gets no more runs.
    pub is_draining: bool,
    /// How many runs are out at it.
    pub out: i64,
    /// What it reported of its host last; none where it never did.
    pub host: Option<Box<HostLine>>,
}

/// A job of the executor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobLine {
    pub id: i32,
    pub name: String,
    pub handler: String,
    pub next_at: Option<i64>,
}

/// What can be changed about an executor, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorSettings {
    pub app_name: String,
    pub title: String,
    pub registration: Registration,
    #[serde(default)]
    pub addresses: String,
    /// A number as it was typed; empty = any number.
    #[serde(default)]
    pub max_parallel: String,
}

impl ExecutorSettings {
    /// What the form's fields start with.
    pub fn values(&self) -> BTreeMap<String, String> {
        let Self { app_name, title, registration, addresses, max_parallel } = self.clone();
        let values = [
            ("app_name", app_name),
            ("title", title),
            ("registration", registration_code(registration).to_owned()),
            ("addresses", addresses),
            ("max_parallel", max_parallel),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A new executor, as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorForm {
    pub namespace_id: i32,
    pub app_name: String,
    pub title: String,
    pub registration: Registration,
    #[serde(default)]
    pub addresses: String,
    /// A number as it was typed; empty = any number.
    #[serde(default)]
    pub max_parallel: String,
    /// Empty = a random one.
    #[serde(default)]
    pub token: String,
}

/// How a way of registration is written in forms and addresses.
pub fn registration_code(registration: Registration) -> &'static str {
    match registration {
        Registration::Automatic => "automatic",
        Registration::Manual => "manual",
    }
}

/// The reverse of [`registration_code`].
pub fn registration_of(code: &str) -> Option<Registration> {
    [Registration::Automatic, Registration::Manual]
        .into_iter()
        .find(|found| registration_code(*found) == code)
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::*;
    use crate::error::{AppError, Message};
    use scheduler::executors::{ExecutorDetail, ExecutorDraft, ExecutorEdit, ExecutorFilter, ExecutorRow};
    use scheduler::jobs::JobRow;
    use std::collections::HashMap;

    /// Jobs that an executor's page names; the list has all.
    const JOBS_SHOWN: usize = 10;

    impl From<ExecutorQuery> for ExecutorFilter {
        fn from(query: ExecutorQuery) -> Self {
            Self { text: query.q, namespace_id: query.namespace, registration: query.registration }
        }
    }

    impl From<entity::namespace::Model> for NamespaceChoice {
        fn from(namespace: entity::namespace::Model) -> Self {
            Self { id: namespace.id, title: namespace.title() }
        }
    }

    impl ExecutorLines {
        pub fn new(
            rows: Vec<ExecutorRow>,
            namespaces: Vec<entity::namespace::Model>,
            strangers: Vec<TurnedAway>,
        ) -> Self {
            Self {
                strangers,
                lines: rows.into_iter().map(ExecutorLine::from).collect(),
                namespaces: namespaces.into_iter().map(NamespaceChoice::from).collect(),
            }
        }
    }

    impl From<ExecutorRow> for ExecutorLine {
        fn from(row: ExecutorRow) -> Self {
            Self {
                id: row.executor.id,
                app_name: row.executor.app_name,
                title: row.executor.title,
                namespace: row.namespace.title(),
                registration: row.executor.registration,
                online: row.online,
                addresses: row.addresses,
                jobs: row.jobs,
            }
        }
    }

    impl ExecutorPage {
        pub fn new(detail: ExecutorDetail, may: May, jobs: Vec<JobRow>, server: String) -> Self {
            let instances = InstanceLines::new(detail.instances, detail.online, detail.gone, &detail.out);
            let executor = detail.executor;
            Self {
                may,
                id: executor.id,
                version: executor.version,
                namespace: detail.namespace.title(),
                settings: ExecutorSettings {
                    app_name: executor.app_name,
                    title: executor.title,
                    registration: executor.registration,
                    addresses: executor.addresses,
                    max_parallel: match executor.max_parallel {
                        0 => String::new(),
                        most => most.to_string(),
                    },
                },
                old_token_until: executor.old_token_until,
                created_at: executor.created_at,
                instances,
                job_count: detail.jobs,
                jobs: jobs.into_iter().take(JOBS_SHOWN).map(JobLine::from).collect(),
                server,
            }
        }
    }

    impl InstanceLines {
        /// `out` says how many runs are out at each, by id.
        pub fn new(
            instances: Vec<entity::instance::Model>,
            online: u64,
            gone: u64,
            out: &HashMap<i32, i64>,
        ) -> Self {
            let line = |instance: entity::instance::Model| InstanceLine {
                out: out.get(&instance.id).copied().unwrap_or(0),
                ..instance.into()
            };
            Self { lines: instances.into_iter().map(line).collect(), online, gone }
        }
    }

    impl From<entity::instance::Model> for InstanceLine {
        fn from(instance: entity::instance::Model) -> Self {
            Self {
                id: instance.id,
                address: instance.address,
                labels: instance.labels,
                client: instance.client,
                version: instance.version,
                workers: instance.workers,
                queue_length: instance.queue_length,
                manual: instance.manual,
                registered_at: instance.registered_at,
                seen_at: instance.seen_at,
                gone_at: instance.gone_at,
                is_draining: instance.draining_since.is_some(),
                out: 0,
                host: None,
            }
        }
    }

    impl From<JobRow> for JobLine {
        fn from(job: JobRow) -> Self {
            Self { id: job.id, name: job.name, handler: job.handler, next_at: job.next_at }
        }
    }

    impl TryFrom<ExecutorSettings> for ExecutorEdit {
        type Error = AppError;

        fn try_from(form: ExecutorSettings) -> Result<Self, AppError> {
            let ExecutorSettings { app_name, title, registration, addresses, max_parallel } = form;
            let max_parallel = limit("max_parallel", &max_parallel)?;
            Ok(Self { app_name, title, registration, addresses, max_parallel })
        }
    }

    impl TryFrom<ExecutorForm> for ExecutorDraft {
        type Error = AppError;

        fn try_from(form: ExecutorForm) -> Result<Self, AppError> {
            let ExecutorForm { namespace_id, app_name, title, registration, addresses, max_parallel, token } =
                form;
            let token = token.trim();
            let max_parallel = limit("max_parallel", &max_parallel)?;
            Ok(Self {
                namespace_id,
                token: (!token.is_empty()).then(|| token.to_owned()),
                edit: ExecutorEdit { app_name, title, registration, addresses, max_parallel },
            })
        }
    }

    /// A number, or nothing for none.
    fn limit(field: &str, typed: &str) -> Result<i32, AppError> {
        match typed.trim() {
            "" => Ok(0),
            typed => typed.parse().map_err(|_| AppError::invalid_field(field, Message::new("not_a_number"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_registration_is_found_by_its_code() {
        for registration in [Registration::Automatic, Registration::Manual] {
            assert_eq!(registration_of(registration_code(registration)), Some(registration));
        }
        assert_eq!(registration_of(""), None);
    }
}
