//! Servers, their leases and their buckets. Nobody compares wall clocks: a lease is a counter that
//! moves, and whether it still moves is measured on the watcher's own monotonic clock.

use super::engine::{Lease, Newcomer, Renewal, Told};
use entity::server::{ActiveModel, Column, Entity, Model, ServerState};
use entity::{Millis, bucket};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    QueryFilter, QueryOrder, Statement,
};
use std::time::Instant;

/// Enters a server. Its own old row, if there is one, becomes this life; the buckets of the old
/// life are free, and their epochs grow, so that nothing the old life decided late counts.
pub async fn join(conn: &impl ConnectionTrait, newcomer: &Newcomer) -> Result<Lease, DbErr> {
    let before = Entity::find().filter(Column::Identity.eq(&newcomer.identity)).one(conn).await?;
    let row = ActiveModel {
        incarnation: Set(newcomer.incarnation),
        counter: Set(before.as_ref().map_or(0, |old| old.counter) + 1),
        state: Set(ServerState::Live),
        address: Set(newcomer.address.clone()),
        version: Set(env!("CARGO_PKG_VERSION").to_owned()),
        freeze_seen: Set(0),
        started_at: Set(newcomer.now),
        ..Default::default()
    };
    let row = match before {
        Some(old) => {
            release_buckets(conn, old.id).await?;
            ActiveModel { id: Set(old.id), ..row }.update(conn).await?
        }
        None => ActiveModel { identity: Set(newcomer.identity.clone()), ..row }.insert(conn).await?,
    };
    Ok(Lease { server_id: row.id, incarnation: row.incarnation })
}

/// Prolongs the lease. A declaration of death writes the same row, so only one of both succeeds.
pub async fn renew(conn: &impl ConnectionTrait, lease: Lease) -> Result<Option<Renewal>, DbErr> {
    let renewed = Entity::update_many()
        .col_expr(Column::Counter, Expr::col(Column::Counter).add(1))
        .filter(is_live(lease))
        .exec(conn)
        .await?;
    if renewed.rows_affected != 1 {
        return Ok(None);
    }
    let servers = Entity::find().order_by_asc(Column::Id).all(conn).await?;
    let buckets = bucket::Entity::find().order_by_asc(bucket::Column::Id).all(conn).await?;
    let asked = Instant::now();
    let told = Told { time: now(conn).await?, asked, answered: Instant::now() };
    Ok(Some(Renewal { servers, buckets, told }))
}

/// What the database's clock shows.
async fn now(conn: &impl ConnectionTrait) -> Result<Millis, DbErr> {
    let backend = conn.get_database_backend();
    let time = match backend {
        DbBackend::MySql => "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)",
        DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    };
    let row = conn.query_one_raw(Statement::from_string(backend, format!("SELECT {time} AS now"))).await?;
    row.ok_or_else(|| DbErr::Custom("the database does not tell the time".to_owned()))?.try_get("", "now")
}

/// Declares `seen` dead unless it moved since; true if it did not.
pub async fn depose(conn: &impl ConnectionTrait, seen: &Model) -> Result<bool, DbErr> {
    let unmoved = Column::Id
        .eq(seen.id)
        .and(Column::Incarnation.eq(seen.incarnation))
        .and(Column::Counter.eq(seen.counter))
        .and(Column::State.eq(ServerState::Live));
    let died = mark_dead(conn, unmoved).await?;
    if died {
        release_buckets(conn, seen.id).await?;
    }
    Ok(died)
}

/// Takes those of `buckets` that are free.
pub async fn take_buckets(conn: &impl ConnectionTrait, lease: Lease, buckets: &[i16]) -> Result<(), DbErr> {
    bucket::Entity::update_many()
        .col_expr(bucket::Column::Owner, Expr::value(lease.server_id))
        .col_expr(bucket::Column::Epoch, Expr::col(bucket::Column::Epoch).add(1))
        .filter(bucket::Column::Id.is_in(buckets.iter().copied()))
        .filter(bucket::Column::Owner.is_null())
        .exec(conn)
        .await?;
    Ok(())
}

/// Ends the lease; what comes after it may begin at once.
pub async fn leave(conn: &impl ConnectionTrait, lease: Lease) -> Result<(), DbErr> {
    if mark_dead(conn, is_live(lease)).await? {
        release_buckets(conn, lease.server_id).await?;
    }
    Ok(())
}

fn is_live(lease: Lease) -> Expr {
    Column::Id
        .eq(lease.server_id)
        .and(Column::Incarnation.eq(lease.incarnation))
        .and(Column::State.eq(ServerState::Live))
}

async fn mark_dead(conn: &impl ConnectionTrait, which: Expr) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::State, Expr::value(ServerState::Dead)).filter(which);
    Ok(update.exec(conn).await?.rows_affected == 1)
}

async fn release_buckets(conn: &impl ConnectionTrait, server_id: i32) -> Result<(), DbErr> {
    bucket::Entity::update_many()
        .col_expr(bucket::Column::Owner, Expr::value(Option::<i32>::None))
        .col_expr(bucket::Column::Epoch, Expr::col(bucket::Column::Epoch).add(1))
        .filter(bucket::Column::Owner.eq(server_id))
        .exec(conn)
        .await?;
    Ok(())
}
