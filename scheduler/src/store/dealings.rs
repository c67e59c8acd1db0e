//! Runs that went wrong and that somebody has dealt with.

use entity::dealing::{Column, Entity, Model};
use entity::run;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};

pub async fn insert(conn: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await.map(drop)
}

pub async fn of_run(conn: &impl ConnectionTrait, run_id: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(run_id).one(conn).await
}

/// What this run replays, if anything.
pub async fn replayed_by(conn: &impl ConnectionTrait, replay_id: i64) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::ReplayId.eq(replay_id)).one(conn).await
}

/// Says of a run that has ended, and of its shards, that nobody has to look at it any more; whether somebody
/// had to.
pub async fn excuse(conn: &impl ConnectionTrait, run_id: i64) -> Result<bool, DbErr> {
    use run::Column;
    let none = || Expr::value(Option::<i32>::None);
    let update = run::Entity::update_many().col_expr(Column::Attention, none());
    let whole = update.clone().filter(Column::Id.eq(run_id)).filter(Column::Attention.is_not_null());
    if whole.filter(Column::LiveBucket.is_null()).exec(conn).await?.rows_affected == 0 {
        return Ok(false);
    }
    let shards = update.filter(Column::ParentId.eq(run_id)).filter(Column::Attention.is_not_null());
    shards.exec(conn).await.map(|_| true)
}
