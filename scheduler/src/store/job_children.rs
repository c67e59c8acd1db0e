//! Which jobs start when another succeeds.

use entity::job;
use entity::job_child::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use std::collections::HashSet;

/// Ids per statement.
const IDS: usize = 1_000;

/// The links from these jobs to their children, by parent and child.
pub async fn of_parents(conn: &impl ConnectionTrait, parents: &[i32]) -> Result<Vec<Model>, DbErr> {
    let mut links = Vec::new();
    for part in parents.chunks(IDS) {
        let query = Entity::find().filter(Column::ParentId.is_in(part.iter().copied()));
        links.extend(query.order_by_asc(Column::ParentId).order_by_asc(Column::ChildId).all(conn).await?);
    }
    Ok(links)
}

/// Links from jobs of these executors, by parent and child; at most `limit`.
pub async fn of_executors(
    conn: &impl ConnectionTrait,
    executors: &[i32],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let own = job::Entity::find().select_only().column(job::Column::Id);
    let own = own.filter(job::Column::ExecutorId.is_in(executors.iter().copied())).into_query();
    let query = Entity::find().filter(Column::ParentId.in_subquery(own));
    query.order_by_asc(Column::ParentId).order_by_asc(Column::ChildId).limit(limit).all(conn).await
}

/// Whose child a job is.
pub async fn of_child(conn: &impl ConnectionTrait, child: i32) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::ChildId.eq(child)).order_by_asc(Column::ParentId).all(conn).await
}

/// The links from these jobs to their children, from these to theirs, and so on.
pub async fn below(conn: &impl ConnectionTrait, parents: &[i32]) -> Result<Vec<Model>, DbErr> {
    let mut seen: HashSet<i32> = parents.iter().copied().collect();
    let mut generation = parents.to_vec();
    let mut links = Vec::new();
    while !generation.is_empty() {
        let found = of_parents(conn, &generation).await?;
        generation = found.iter().map(|link| link.child_id).filter(|id| seen.insert(*id)).collect();
        links.extend(found);
    }
    Ok(links)
}

/// Makes these the children of a job, and no others.
pub async fn replace(conn: &impl ConnectionTrait, parent: i32, children: &[i32]) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ParentId.eq(parent)).exec(conn).await?;
    let links = children.iter().map(|&child_id| Model { parent_id: parent, child_id }.into_active_model());
    let links: Vec<ActiveModel> = links.collect();
    if links.is_empty() {
        return Ok(());
    }
    Entity::insert_many(links).exec_without_returning(conn).await.map(drop)
}

/// Removes the links to and from a job.
pub async fn delete_of(conn: &impl ConnectionTrait, job: i32) -> Result<(), DbErr> {
    let either = Condition::any().add(Column::ParentId.eq(job)).add(Column::ChildId.eq(job));
    Entity::delete_many().filter(either).exec(conn).await.map(drop)
}
