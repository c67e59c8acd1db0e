//! Which jobs start when another succeeds: links within a namespace that never lead back.

use crate::rules::lineage;
use crate::store::{job_children, jobs as store, namespaces};
use crate::{Error, Result};
use entity::fault::Fault;
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use std::collections::HashMap;

/// A job by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobName {
    pub id: i32,
    pub name: String,
}

/// The jobs that start a job, and those that it starts.
pub(super) async fn around(reader: &DatabaseConnection, id: i32) -> Result<(Vec<JobName>, Vec<JobName>)> {
    let parents = job_children::of_child(reader, id).await?.into_iter().map(|link| link.parent_id);
    let children = job_children::of_parents(reader, &[id]).await?.into_iter().map(|link| link.child_id);
    Ok((named(reader, parents.collect()).await?, named(reader, children.collect()).await?))
}

async fn named(reader: &DatabaseConnection, ids: Vec<i32>) -> Result<Vec<JobName>> {
    let mut names = store::names(reader, ids).await?;
    names.sort_unstable();
    Ok(names.into_iter().map(|(id, name)| JobName { id, name }).collect())
}

/// Holds the links of a namespace until the transaction ends: two people who link two jobs to each
/// other at the same moment would make a circle that neither of them sees, and a job that is being
/// deleted would become a child. To be taken after the locks of executor and job.
pub(super) async fn lock(transaction: &DatabaseTransaction, namespace_id: i32) -> Result<()> {
    let namespace = namespaces::by_id_locked(transaction, namespace_id).await?;
    namespace.map(drop).ok_or(Error::NotFound("namespace"))
}

/// Whether these may start when a job succeeds; `own` is its id and name, none while it has no id.
///
/// # Errors
/// [`Error::Invalid`] naming `children`.
pub(super) async fn check(
    transaction: &DatabaseTransaction,
    namespace_id: i32,
    own: Option<(i32, &str)>,
    children: &[i32],
) -> Result<()> {
    if children.is_empty() {
        return Ok(());
    }
    lock(transaction, namespace_id).await?;
    let there = store::ids_in_namespace(transaction, namespace_id, children).await?;
    let missing: Vec<i32> = children.iter().copied().filter(|id| !there.contains(id)).collect();
    if !missing.is_empty() {
        return Err(Error::field("children", Fault::UnknownIds { ids: missing }));
    }
    let Some((id, name)) = own else { return Ok(()) };
    let links = job_children::below(transaction, children).await?;
    let links: Vec<(i32, i32)> = links.into_iter().map(|link| (link.parent_id, link.child_id)).collect();
    let Some(way) = lineage::circle(id, children, &links) else { return Ok(()) };
    let mut names: HashMap<i32, String> = store::names(transaction, way.clone()).await?.into_iter().collect();
    names.insert(id, name.to_owned());
    let path = way.iter().filter_map(|id| names.get(id).cloned()).collect();
    Err(Error::field("children", Fault::Cycle { path }))
}
