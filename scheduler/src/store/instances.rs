//! Instances of executors.

use super::runs::{PARTS, union};
use super::{instance_handlers, route_uses};
use crate::rules::about::About;
use entity::Millis;
use entity::instance::{ActiveModel, Client, Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Set,
};
use std::collections::HashMap;

pub async fn by_address(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    address: &str,
) -> Result<Option<Model>, DbErr> {
    let query = Entity::find().filter(Column::ExecutorId.eq(executor_id));
    query.filter(Column::Address.eq(address)).one(conn).await
}

pub async fn by_ids(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(conn).await
}

/// Those of one executor that are there, or left since, in this order, then by address; at most `limit`.
pub async fn of_executor(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    gone_since: Millis,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let recent = Column::GoneAt.is_null().or(Column::GoneAt.gte(gone_since));
    let query = Entity::find().filter(Column::ExecutorId.eq(executor_id)).filter(recent);
    let query = query.order_by_asc(Column::GoneAt.is_not_null()).order_by_asc(Column::Address);
    query.limit(limit).all(conn).await
}

/// How many of one executor left since.
pub async fn gone_count(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    gone_since: Millis,
) -> Result<u64, DbErr> {
    let query = Entity::find().filter(Column::ExecutorId.eq(executor_id));
    query.filter(Column::GoneAt.gte(gone_since)).count(conn).await
}

/// Those of these executors that are there, the first of each by address; at most `limit` of each, so that a crowd
/// at one does not hide the others'.
pub async fn online_of(
    conn: &impl ConnectionTrait,
    executors: &[i32],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let part = |id: &i32| {
        let query = Entity::find().filter(Column::ExecutorId.eq(*id)).filter(Column::GoneAt.is_null());
        query.order_by_asc(Column::Address).limit(limit).into_query()
    };
    let mut found = Vec::new();
    for executors in executors.chunks(PARTS) {
        found.extend(union(conn, executors.iter().map(part).collect()).await?);
    }
    Ok(found)
}

/// Those typed by a person, gone or not.
pub async fn manual_of(conn: &impl ConnectionTrait, executor_id: i32) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::ExecutorId.eq(executor_id));
    query.filter(Column::Manual.eq(true)).all(conn).await
}

/// How many instances of each of these executors are there; executors without one are missing.
pub async fn online_counts(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<HashMap<i32, u64>, DbErr> {
    let counts: Vec<(i32, i64)> = Entity::find()
        .select_only()
        .column(Column::ExecutorId)
        .column_as(Column::Id.count(), "online")
        .filter(Column::ExecutorId.is_in(ids))
        .filter(Column::GoneAt.is_null())
        .group_by(Column::ExecutorId)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(counts.into_iter().map(|(id, online)| (id, online.unsigned_abs())).collect())
}

/// When the last instance of each of these executors left; executors that never had one are missing.
pub async fn last_gone(conn: &impl ConnectionTrait, ids: Vec<i32>) -> Result<Vec<(i32, Millis)>, DbErr> {
    let query = Entity::find().select_only().column(Column::ExecutorId);
    let query = query.column_as(Column::GoneAt.max(), "last").filter(Column::ExecutorId.is_in(ids));
    let gone = query.filter(Column::GoneAt.is_not_null()).group_by(Column::ExecutorId);
    gone.into_tuple().all(conn).await
}

/// The clients of one executor's instances that are there.
pub async fn online_clients(conn: &impl ConnectionTrait, executor_id: i32) -> Result<Vec<Client>, DbErr> {
    let query = Entity::find().select_only().column(Column::Client);
    let query = query.filter(Column::ExecutorId.eq(executor_id)).filter(Column::GoneAt.is_null());
    query.into_tuple().all(conn).await
}

pub async fn count_of(conn: &impl ConnectionTrait, executor_id: i32) -> Result<u64, DbErr> {
    Entity::find().filter(Column::ExecutorId.eq(executor_id)).count(conn).await
}

/// Instances that fell silent at or before `cutoff` and are not marked as gone yet.
pub async fn silent_since(conn: &impl ConnectionTrait, cutoff: Millis) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(is_silent(cutoff)).all(conn).await
}

/// Marks those of `ids` as gone that are still silent.
pub async fn mark_silent(
    conn: &impl ConnectionTrait,
    ids: Vec<i32>,
    cutoff: Millis,
    now: Millis,
) -> Result<u64, DbErr> {
    let update = Entity::update_many().col_expr(Column::GoneAt, Expr::value(now));
    let marked = update.filter(Column::Id.is_in(ids)).filter(is_silent(cutoff)).exec(conn).await?;
    Ok(marked.rows_affected)
}

fn is_silent(cutoff: Millis) -> Expr {
    Column::GoneAt.is_null().and(Column::Manual.eq(false)).and(Column::SeenAt.lte(cutoff))
}

/// Instances that fell silent (rather than signed off) after `since`, the latest first.
pub async fn fallen_silent(
    conn: &impl ConnectionTrait,
    executor_ids: Vec<i32>,
    since: Millis,
    silence: Millis,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let silence = Expr::col(Column::GoneAt).sub(Expr::col(Column::SeenAt)).gte(silence);
    let query =
        Entity::find().filter(Column::ExecutorId.is_in(executor_ids)).filter(Column::GoneAt.gt(since));
    query.filter(silence).order_by_desc(Column::GoneAt).limit(limit).all(conn).await
}

/// What an instance says of itself, beside its address.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a> {
    pub labels: &'a str,
    pub client: Client,
    pub life: &'a str,
    /// None = nothing more.
    pub about: Option<&'a About>,
}

impl Announced<'_> {
    /// Empty where nothing more is said.
    pub fn digest(&self) -> &str {
        self.about.map_or("", |about| &about.digest)
    }

    /// The columns that tell about it.
    fn columns(self) -> ActiveModel {
        let about = |read: fn(&About) -> i32| Set(self.about.map_or(0, read));
        ActiveModel {
            labels: Set(self.labels.to_owned()),
            client: Set(self.client),
            life: Set(self.life.to_owned()),
            announced: Set(self.digest().to_owned()),
            version: Set(self.about.map(|about| about.version.clone()).unwrap_or_default()),
            workers: about(|about| about.workers),
            queue_length: about(|about| about.queue_length),
            ..Default::default()
        }
    }

    async fn set_handlers(self, conn: &impl ConnectionTrait, id: i32) -> Result<(), DbErr> {
        instance_handlers::set(conn, id, self.about.map(|about| about.handlers.as_str())).await
    }
}

/// Notes a sign of life of an instance that is there as this process and says the same of itself. False when
/// there is none such.
pub async fn touch(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    address: &str,
    announced: Announced<'_>,
    now: Millis,
) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::SeenAt, Expr::value(now))
        .col_expr(Column::Client, Expr::value(announced.client))
        .filter(Column::Life.eq(announced.life))
        .filter(Column::ExecutorId.eq(executor_id))
        .filter(Column::Address.eq(address))
        .filter(Column::Labels.eq(announced.labels))
        .filter(Column::Announced.eq(announced.digest()))
        .filter(Column::GoneAt.is_null());
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Writes what an instance that is there says of itself now, which is a sign of life, too.
pub async fn describe(
    conn: &impl ConnectionTrait,
    id: i32,
    announced: Announced<'_>,
    now: Millis,
) -> Result<(), DbErr> {
    let columns = ActiveModel { seen_at: Set(now), ..announced.columns() };
    Entity::update_many().set(columns).filter(Column::Id.eq(id)).exec(conn).await?;
    announced.set_handlers(conn, id).await
}

/// Gives an instance other labels, which is a sign of life, too.
pub async fn relabel(conn: &impl ConnectionTrait, id: i32, labels: &str, now: Millis) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Labels, Expr::value(labels))
        .col_expr(Column::SeenAt, Expr::value(now));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

/// Brings back an instance that was gone, or that is another process: its next life, for which no earlier
/// use counts. False when it is there already.
pub async fn revive(
    conn: &impl ConnectionTrait,
    id: i32,
    announced: Announced<'_>,
    manual: bool,
    now: Millis,
) -> Result<bool, DbErr> {
    let columns = ActiveModel {
        manual: Set(manual),
        registered_at: Set(now),
        seen_at: Set(now),
        draining_since: Set(None),
        gone_at: Set(None),
        ..announced.columns()
    };
    let update = Entity::update_many()
        .set(columns)
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .filter(Column::Id.eq(id))
        .filter(Column::GoneAt.is_not_null().or(Column::Life.ne(announced.life)));
    let revived = update.exec(conn).await?.rows_affected == 1;
    if revived {
        route_uses::delete_of_instances(conn, &[id]).await?;
        announced.set_handlers(conn, id).await?;
    }
    Ok(revived)
}

/// Begins or ends the draining of an instance that is there; false where it is so already.
pub async fn set_draining(
    conn: &impl ConnectionTrait,
    id: i32,
    since: Option<Millis>,
) -> Result<bool, DbErr> {
    let is_other = match since {
        Some(_) => Column::DrainingSince.is_null(),
        None => Column::DrainingSince.is_not_null(),
    };
    let update = Entity::update_many().col_expr(Column::DrainingSince, Expr::value(since));
    let here = update.filter(Column::Id.eq(id)).filter(Column::GoneAt.is_null()).filter(is_other);
    Ok(here.exec(conn).await?.rows_affected == 1)
}

/// Adds an instance in its first life, known by its address.
pub async fn insert(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    address: &str,
    announced: Announced<'_>,
    manual: bool,
    now: Millis,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        executor_id: Set(executor_id),
        address: Set(address.to_owned()),
        generation: Set(1),
        manual: Set(manual),
        registered_at: Set(now),
        seen_at: Set(now),
        gone_at: Set(None),
        ..announced.columns()
    };
    let added = row.insert(conn).await?;
    announced.set_handlers(conn, added.id).await
}

/// Instances that are there and announce the same.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Group {
    /// Stands for all of them.
    pub one_of_them: i32,
    pub count: i64,
}

/// The instances of an executor that are there, by what they announce: the largest groups first.
pub async fn groups(conn: &impl ConnectionTrait, executor_id: i32, limit: u64) -> Result<Vec<Group>, DbErr> {
    Entity::find()
        .select_only()
        .column_as(Column::Id.min(), "one_of_them")
        .column_as(Column::Id.count(), "count")
        .filter(Column::ExecutorId.eq(executor_id))
        .filter(Column::GoneAt.is_null())
        .group_by(Column::Announced)
        .order_by_desc(Column::Id.count())
        .limit(limit)
        .into_model()
        .all(conn)
        .await
}

/// Marks an instance as gone at once. False when it was not there.
pub async fn mark_gone(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    address: &str,
    now: Millis,
) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::GoneAt, Expr::value(now));
    let here =
        Column::ExecutorId.eq(executor_id).and(Column::Address.eq(address)).and(Column::GoneAt.is_null());
    Ok(update.filter(here).exec(conn).await?.rows_affected == 1)
}

/// Marks all instances of an executor with that way of becoming known as gone.
pub async fn mark_all_gone(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    manual: bool,
    now: Millis,
) -> Result<u64, DbErr> {
    let update = Entity::update_many().col_expr(Column::GoneAt, Expr::value(now));
    let here =
        Column::ExecutorId.eq(executor_id).and(Column::Manual.eq(manual)).and(Column::GoneAt.is_null());
    Ok(update.filter(here).exec(conn).await?.rows_affected)
}

pub async fn set_manual(conn: &impl ConnectionTrait, id: i32, manual: bool) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::Manual, Expr::value(manual));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

/// Deletes those of an executor that left before `until`, the longest gone first, and how they were used; at most
/// `limit`. How many.
pub async fn forget_gone(
    conn: &impl ConnectionTrait,
    executor_id: i32,
    until: Millis,
    limit: u64,
) -> Result<u64, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::ExecutorId.eq(executor_id));
    let query = query.filter(Column::GoneAt.lt(until)).order_by_asc(Column::GoneAt).limit(limit);
    let ids: Vec<i32> = query.into_tuple().all(conn).await?;
    route_uses::delete_of_instances(conn, &ids).await?;
    instance_handlers::delete_of_instances(conn, &ids).await?;
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(conn).await?.rows_affected)
}

/// Deletes all instances of an executor and how they were used.
pub async fn delete_of_executor(conn: &impl ConnectionTrait, executor_id: i32) -> Result<(), DbErr> {
    route_uses::delete_of_executor(conn, executor_id).await?;
    instance_handlers::delete_of_executor(conn, executor_id).await?;
    Entity::delete_many().filter(Column::ExecutorId.eq(executor_id)).exec(conn).await.map(drop)
}
