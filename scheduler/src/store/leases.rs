//! Servers, their leases and their buckets. Nobody compares wall clocks: a lease is a counter that
//! moves, and whether it still moves is measured on the watcher's own monotonic clock.

use super::engine::rowset::{self, Kind, Rowset};
use super::engine::{Assignment, Lease, Newcomer, Renewal, Told, Vitals};
use entity::server::{ActiveModel, Column, Entity, Model, ServerState};
use entity::{Millis, bucket, job_cursor};
use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
};
use std::time::Instant;

const ASSIGNMENT: [rowset::Column; 4] =
    [("id", Kind::Number), ("seen", Kind::Number), ("owner", Kind::Number), ("epoch", Kind::Number)];

/// Enters a server. Its own old row, if there is one, becomes this life, which keeps its buckets; their
/// epochs grow, so that nothing the old life decided late counts.
pub async fn join(conn: &impl ConnectionTrait, newcomer: &Newcomer) -> Result<Lease, DbErr> {
    let before = Entity::find().filter(Column::Identity.eq(&newcomer.identity)).one(conn).await?;
    let row = ActiveModel {
        incarnation: Set(newcomer.incarnation),
        counter: Set(before.as_ref().map_or(0, |old| old.counter) + 1),
        state: Set(ServerState::Live),
        address: Set(newcomer.address.clone()),
        cluster_url: Set(newcomer.cluster_url.clone()),
        lease_ms: Set(newcomer.lease_ms),
        version: Set(env!("CARGO_PKG_VERSION").to_owned()),
        freeze_seen: Set(0),
        started_at: Set(newcomer.now),
        ..Default::default()
    };
    let row = match before {
        Some(old) => {
            own_buckets(conn, old.id, Some(old.id)).await?;
            ActiveModel { id: Set(old.id), ..row }.update(conn).await?
        }
        None => ActiveModel { identity: Set(newcomer.identity.clone()), ..row }.insert(conn).await?,
    };
    Ok(Lease { server_id: row.id, incarnation: row.incarnation })
}

/// Prolongs the lease; false when it is over. A declaration of death writes the same row, so only one of both
/// succeeds. To be a transaction by itself: whoever stood still amid one could not be declared dead.
pub async fn beat(conn: &impl ConnectionTrait, lease: Lease, vitals: Vitals) -> Result<bool, DbErr> {
    let renewed = Entity::update_many()
        .col_expr(Column::Counter, Expr::col(Column::Counter).add(1))
        .col_expr(Column::BeatAt, Expr::cust(time(conn.get_database_backend())))
        .col_expr(Column::LatenessMs, Expr::value(vitals.lateness_ms))
        .col_expr(Column::Waiting, Expr::value(vitals.waiting))
        .filter(is_alive(lease))
        .exec(conn)
        .await?;
    Ok(renewed.rows_affected == 1)
}

/// What there is to know with a renewal.
pub async fn renewal(conn: &impl ConnectionTrait) -> Result<Renewal, DbErr> {
    let (servers, buckets) = (servers(conn).await?, buckets(conn).await?);
    let asked = Instant::now();
    let told = Told { time: now(conn).await?, asked, answered: Instant::now() };
    Ok(Renewal { servers, buckets, told })
}

/// What the database's clock shows.
pub async fn now(conn: &impl ConnectionTrait) -> Result<Millis, DbErr> {
    let backend = conn.get_database_backend();
    let question = Statement::from_string(backend, format!("SELECT {} AS now", time(backend)));
    let row = conn.query_one_raw(question).await?;
    row.ok_or_else(|| DbErr::Custom("the database does not tell the time".to_owned()))?.try_get("", "now")
}

/// The expression for it: of the moment, not of the transaction's begin.
fn time(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    }
}

/// Declares `seen` dead unless it moved since; true if it did not.
pub async fn depose(conn: &impl ConnectionTrait, seen: &Model) -> Result<bool, DbErr> {
    let unmoved = Column::Id
        .eq(seen.id)
        .and(Column::Incarnation.eq(seen.incarnation))
        .and(Column::Counter.eq(seen.counter))
        .and(Column::State.ne(ServerState::Dead));
    let died = mark_dead(conn, unmoved).await?;
    if died {
        own_buckets(conn, seen.id, None).await?;
    }
    Ok(died)
}

/// Gives buckets to owners, those of them that are still in the epoch in which they were seen.
pub async fn assign(conn: &impl ConnectionTrait, assignments: &[Assignment]) -> Result<(), DbErr> {
    let backend = conn.get_database_backend();
    let row = |to: &Assignment| [to.bucket.into(), to.seen.into(), to.owner.into(), (to.seen + 1).into()];
    let mut sorted = assignments.to_vec();
    sorted.sort_unstable_by_key(|to| to.bucket);
    let unmoved = "bucket.id = v.id AND bucket.epoch = v.seen";
    let sql = rowset::update(backend, "bucket", unmoved, &["owner", "epoch"]);
    let rows = Rowset::new(&ASSIGNMENT, sorted.iter().map(row));
    conn.execute_raw(rows.statement(backend, &sql, vec![])).await?;
    Ok(())
}

/// All servers that there ever were, the oldest first.
pub async fn servers(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Id).all(conn).await
}

/// All buckets, by their ids.
pub async fn buckets(conn: &impl ConnectionTrait) -> Result<Vec<bucket::Model>, DbErr> {
    bucket::Entity::find().order_by_asc(bucket::Column::Id).all(conn).await
}

/// The server that decides for a job.
pub async fn owner_of_job(conn: &impl ConnectionTrait, job_id: i32) -> Result<Option<Model>, DbErr> {
    let of_job = job_cursor::Entity::find().select_only().column(job_cursor::Column::Bucket);
    let of_job = of_job.filter(job_cursor::Column::JobId.eq(job_id));
    let owner = bucket::Entity::find().select_only().column(bucket::Column::Owner);
    let owner = owner.filter(bucket::Column::Id.in_subquery(of_job.into_query()));
    Entity::find().filter(Column::Id.in_subquery(owner.into_query())).one(conn).await
}

/// A server, whose row nobody else writes until the transaction ends.
pub async fn by_id_locked(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock(LockType::Update).one(conn).await
}

/// A person's word about this life of a server.
pub async fn set_state(conn: &impl ConnectionTrait, server: &Model, state: ServerState) -> Result<(), DbErr> {
    let lease = Lease { server_id: server.id, incarnation: server.incarnation };
    let update = Entity::update_many().col_expr(Column::State, Expr::value(state)).filter(is_alive(lease));
    update.exec(conn).await?;
    Ok(())
}

/// The server hands its buckets over from now on.
pub async fn drain(conn: &impl ConnectionTrait, lease: Lease) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(ServerState::Draining))
        .filter(is_alive(lease));
    update.exec(conn).await?;
    Ok(())
}

/// Ends the lease; what comes after it may begin at once.
pub async fn leave(conn: &impl ConnectionTrait, lease: Lease) -> Result<(), DbErr> {
    if mark_dead(conn, is_alive(lease)).await? {
        own_buckets(conn, lease.server_id, None).await?;
    }
    Ok(())
}

fn is_alive(lease: Lease) -> Expr {
    Column::Id
        .eq(lease.server_id)
        .and(Column::Incarnation.eq(lease.incarnation))
        .and(Column::State.ne(ServerState::Dead))
}

async fn mark_dead(conn: &impl ConnectionTrait, which: Expr) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::State, Expr::value(ServerState::Dead)).filter(which);
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// What this server owns has this owner, in new epochs.
async fn own_buckets(conn: &impl ConnectionTrait, server_id: i32, owner: Option<i32>) -> Result<(), DbErr> {
    bucket::Entity::update_many()
        .col_expr(bucket::Column::Owner, Expr::value(owner))
        .col_expr(bucket::Column::Epoch, Expr::col(bucket::Column::Epoch).add(1))
        .filter(bucket::Column::Owner.eq(server_id))
        .exec(conn)
        .await?;
    Ok(())
}
