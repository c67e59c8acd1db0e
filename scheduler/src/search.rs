//! Finding things by what they are called: the command palette and the search page.

use crate::authority::{Caller, visible};
use crate::fields::Faults;
use crate::store::{executors, jobs, namespaces};
use crate::{Error, Result, Services, runs};
use entity::namespace;
use entity::run::RunState;
use std::collections::HashMap;

/// Things of a kind that are named; that there are more is said.
const SHOWN: usize = 6;
const TEXT_LENGTH: u32 = 100;

/// Something with a name. Of a namespace, the namespace itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub id: i32,
    pub name: String,
    /// `business:service`.
    pub namespace: String,
}

/// Some of a kind, those first whose name begins with the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    pub hits: Vec<Hit>,
    pub more: bool,
}

/// The run of that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHit {
    pub id: i64,
    pub state: RunState,
    /// None when the job has been deleted.
    pub job: Option<String>,
}

/// What goes by a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub jobs: Hits,
    pub executors: Hits,
    pub namespaces: Hits,
    pub run: Option<RunHit>,
}

/// What the caller may see that has `text` in its name, or as its number; a number may be written `#7`.
/// Nothing goes by an empty text.
///
/// # Errors
/// [`Error::Invalid`] naming `q` for a text that is too long.
pub async fn search(services: &Services, caller: &Caller, text: &str) -> Result<Found> {
    let (visible, reader) = (visible(caller)?, services.db.reader());
    let mut faults = Faults::default();
    let text = faults.line("q", text, TEXT_LENGTH);
    faults.into_result()?;
    if text.is_empty() {
        return Ok(Found::default());
    }
    let number = number_in(&text);
    let limit = SHOWN as u64 + 1;
    let jobs = jobs::named(reader, &visible, &text, number.and_then(|id| id.try_into().ok()), limit).await?;
    let executors = executors::named(reader, &visible, &text, limit).await?;
    let namespaces = namespaces::named(reader, &visible, &text, limit).await?;
    let ids = jobs.iter().chain(&executors).map(|(_, namespace, _)| *namespace).collect();
    let titles = namespaces::by_ids(reader, ids).await?;
    let titles: HashMap<i32, String> = titles.iter().map(|found| (found.id, found.title())).collect();
    let within = |(id, namespace, name)| Hit {
        id,
        name,
        namespace: titles.get(&namespace).cloned().unwrap_or_default(),
    };
    let whole = |found: namespace::Model| Hit { id: found.id, name: found.title(), namespace: found.title() };
    Ok(Found {
        jobs: capped(jobs.into_iter().map(within)),
        executors: capped(executors.into_iter().map(within)),
        namespaces: capped(namespaces.into_iter().map(whole)),
        run: run(services, caller, number).await?,
    })
}

async fn run(services: &Services, caller: &Caller, number: Option<i64>) -> Result<Option<RunHit>> {
    let Some(id) = number else { return Ok(None) };
    let run = match runs::may_view(services, caller, id).await {
        Ok(run) => run,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let job = jobs::names(services.db.reader(), vec![run.job_id]).await?.into_iter().next();
    Ok(Some(RunHit { id, state: run.state, job: job.map(|(_, name)| name) }))
}

fn capped(found: impl Iterator<Item = Hit>) -> Hits {
    let mut hits: Vec<Hit> = found.collect();
    let more = hits.len() > SHOWN;
    hits.truncate(SHOWN);
    Hits { hits, more }
}

fn number_in(text: &str) -> Option<i64> {
    text.strip_prefix('#').unwrap_or(text).parse().ok()
}
