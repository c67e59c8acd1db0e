//! Finding things by what they are called.

use crate::error::AppError;
use entity::run::RunState;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What goes by a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub jobs: Hits,
    pub executors: Hits,
    pub namespaces: Hits,
    /// The run of that number.
    pub run: Option<RunHit>,
}

/// The first of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hits {
    pub hits: Vec<Hit>,
    pub more: bool,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub id: i32,
    pub name: String,
    /// `business:service`.
    pub namespace: String,
}

/// A run; `job` is none when it has been deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHit {
    pub id: i64,
    pub state: RunState,
    pub job: Option<String>,
}

/// Jobs, executors and namespaces with this text in their name, and the job and the run of this number.
#[server]
pub async fn search(#[server(default)] q: String) -> Result<Found, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    Ok(scheduler::search::search(&services, &caller, &q).await.map_err(ssr::refuse)?.into())
}

impl Found {
    /// What of it also goes by a text that was typed since.
    #[must_use]
    pub fn narrowed(mut self, text: &str) -> Self {
        let text = text.to_lowercase();
        for kind in [&mut self.jobs, &mut self.executors, &mut self.namespaces] {
            kind.hits.retain(|hit| hit.name.to_lowercase().contains(&text));
        }
        self.run = self.run.filter(|run| run.id.to_string() == text.trim_start_matches('#'));
        self
    }

    pub fn is_empty(&self) -> bool {
        let kinds = [&self.jobs, &self.executors, &self.namespaces];
        kinds.iter().all(|kind| kind.hits.is_empty()) && self.run.is_none()
    }
}

#[cfg(feature = "ssr")]
mod from_domain {
    use super::{Found, Hit, Hits, RunHit};
    use scheduler::search;

    impl From<search::Found> for Found {
        fn from(found: search::Found) -> Self {
            let search::Found { jobs, executors, namespaces, run } = found;
            Self {
                jobs: jobs.into(),
                executors: executors.into(),
                namespaces: namespaces.into(),
                run: run.map(|run| RunHit { id: run.id, state: run.state, job: run.job }),
            }
        }
    }

    impl From<search::Hits> for Hits {
        fn from(found: search::Hits) -> Self {
            Self { hits: found.hits.into_iter().map(Hit::from).collect(), more: found.more }
        }
    }

    impl From<search::Hit> for Hit {
        fn from(search::Hit { id, name, namespace }: search::Hit) -> Self {
            Self { id, name, namespace }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_for_less_text_is_narrowed_to_what_goes_by_more() {
        let hit = |id, name: &str| Hit { id, name: name.to_owned(), namespace: "a:b".to_owned() };
        let hits = vec![hit(1, "FX closing rates"), hit(2, "Fxmail")];
        let run = Some(RunHit { id: 12, state: RunState::Running, job: None });
        let found = Found { jobs: Hits { hits, more: false }, run, ..Found::default() };
        let left = found.clone().narrowed("fx c");
        assert_eq!((left.jobs.hits.len(), left.jobs.hits[0].id, left.run), (1, 1, None));
        assert!(found.clone().narrowed("#12").run.is_some());
        assert!(found.narrowed("123").is_empty());
    }
}
