//! A database that was put back from a backup: what it holds of its servers, and what is changed before the first
//! of them starts.

use super::leases;
use crate::rules::restored::{Found, Leap};
use entity::id_block::BLOCK;
use entity::job::{JobState, MisfirePolicy, ScheduleKind};
use entity::run::{Reason, RunState, SPLIT};
use entity::server::ServerState;
use entity::{Millis, audit_entry, bucket, id_block, job, run, server, session};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select,
};

/// A server that holds a lease, as far as its row tells: one renewal, or another life, and it is another pulse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    pub server: i32,
    pub incarnation: i64,
    pub counter: i64,
    /// Where it listens.
    pub address: String,
}

/// The servers that hold leases. Only what every version's schema has is read: it may be an older one's.
pub async fn pulses(conn: &impl ConnectionTrait) -> Result<Vec<Pulse>, DbErr> {
    let query = server::Entity::find().select_only().columns([
        server::Column::Id,
        server::Column::Incarnation,
        server::Column::Counter,
        server::Column::Address,
    ]);
    let living = query.filter(server::Column::State.ne(ServerState::Dead)).order_by_asc(server::Column::Id);
    let rows: Vec<(i32, i64, i64, String)> = living.into_tuple().all(conn).await?;
    let pulse = |(server, incarnation, counter, address)| Pulse { server, incarnation, counter, address };
    Ok(rows.into_iter().map(pulse).collect())
}

/// What the database's clock shows.
pub async fn now(conn: &impl ConnectionTrait) -> Result<Millis, DbErr> {
    leases::now(conn).await
}

/// What goes on from where the backup was taken; none where no server and no person ever wrote anything.
pub async fn found(conn: &impl ConnectionTrait) -> Result<Option<Found>, DbErr> {
    let servers = leases::servers(conn).await?;
    let seen = servers.iter().flat_map(|server| [server.beat_at, server.started_at]).max();
    let entries = audit_entry::Entity::find().select_only().column(audit_entry::Column::At);
    let entered = first(entries.order_by_desc(audit_entry::Column::Seq), conn).await?;
    let blocks = id_block::Entity::find().select_only().column(id_block::Column::Start);
    let last_block = first(blocks.order_by_desc(id_block::Column::Start), conn).await?;
    let epochs = leases::buckets(conn).await?.into_iter().map(|bucket| bucket.epoch);
    let highest_epoch = epochs.max().unwrap_or(0);
    let newest = seen.into_iter().chain(entered).max();
    Ok(newest.map(|newest| Found { newest, last_block, highest_epoch }))
}

async fn first<E: EntityTrait>(query: Select<E>, conn: &impl ConnectionTrait) -> Result<Option<i64>, DbErr> {
    query.limit(1).into_tuple().one(conn).await
}

/// Enters the last block of run ids, in which there is nothing to settle, and raises the epochs of all buckets,
/// which nobody has.
pub async fn leap(conn: &impl ConnectionTrait, leap: Leap) -> Result<(), DbErr> {
    let Leap { last_block: start, epochs } = leap;
    let block = id_block::Model { start, server_id: 0, settled_to: start + BLOCK };
    id_block::Entity::insert(block.into_active_model()).exec_without_returning(conn).await?;
    let raise = bucket::Entity::update_many()
        .col_expr(bucket::Column::Epoch, Expr::col(bucket::Column::Epoch).add(epochs))
        .col_expr(bucket::Column::Owner, Expr::value(None::<i32>));
    raise.exec(conn).await.map(drop)
}

/// Ends the leases of all servers; how many there were.
pub async fn end_leases(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let update = server::Entity::update_many()
        .col_expr(server::Column::State, Expr::value(ServerState::Dead))
        .filter(server::Column::State.ne(ServerState::Dead));
    Ok(update.exec(conn).await?.rows_affected)
}

/// Ends everybody's sessions; how many there were.
pub async fn end_sessions(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Ok(session::Entity::delete_many().exec(conn).await?.rows_affected)
}

/// Puts in doubt what was at an executor when the backup was taken; how many runs. One that was split is at none.
pub async fn doubt(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let update = run::Entity::update_many()
        .col_expr(run::Column::State, Expr::value(RunState::Unknown))
        .col_expr(run::Column::Reason, Expr::value(Reason::Restored))
        .col_expr(run::Column::Attention, Expr::col(run::Column::ExecutorId))
        .filter(run::Column::LiveBucket.is_not_null())
        .filter(run::Column::State.is_in(RunState::OUT))
        .filter(run::Column::InstanceId.is_not_null())
        .filter(run::Column::ShardIndex.ne(SPLIT));
    Ok(update.exec(conn).await?.rows_affected)
}

/// How many runs wait.
pub async fn waiting(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let live = run::Entity::find().filter(run::Column::LiveBucket.is_not_null());
    live.filter(run::Column::State.eq(RunState::Waiting)).count(conn).await
}

/// How many jobs fire by themselves and do this about times that passed.
pub async fn firing(conn: &impl ConnectionTrait, policy: MisfirePolicy) -> Result<u64, DbErr> {
    let firing = job::Entity::find()
        .filter(job::Column::State.eq(JobState::On))
        .filter(job::Column::ScheduleKind.ne(ScheduleKind::Manual));
    firing.filter(job::Column::MisfirePolicy.eq(policy)).count(conn).await
}
