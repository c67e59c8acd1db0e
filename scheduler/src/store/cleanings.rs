//! What of the history is to be cleaned up, and how far it is.

use crate::authority::Visible;
use entity::Millis;
use entity::cleaning::{ActiveModel, Column, Entity, Model, What};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

pub async fn insert(conn: &impl ConnectionTrait, row: ActiveModel) -> Result<Model, DbErr> {
    row.insert(conn).await
}

/// The newest first.
pub async fn newest(conn: &impl ConnectionTrait, visible: &Visible, limit: u64) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Visible::Only(ids) = visible {
        query = query.filter(Column::NamespaceId.is_in(ids.iter().copied()));
    }
    query.order_by_desc(Column::Id).limit(limit).all(conn).await
}

/// When one of these was last asked for.
pub async fn last_asked(conn: &impl ConnectionTrait, ways: &[What]) -> Result<Option<Millis>, DbErr> {
    let these = Entity::find().filter(Column::What.is_in(ways.iter().copied()));
    Ok(these.order_by_desc(Column::Id).limit(1).one(conn).await?.map(|row| row.asked_at))
}

/// The one that was asked for first and has not ended.
pub async fn first_open(conn: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    let open = Entity::find().filter(Column::OpenSince.is_not_null());
    open.order_by_asc(Column::OpenSince).order_by_asc(Column::Id).one(conn).await
}

/// Adds to what has gone.
pub async fn add_gone(conn: &impl ConnectionTrait, id: i32, runs: i64) -> Result<(), DbErr> {
    let gone = Expr::col(Column::Gone).add(runs);
    Entity::update_many().col_expr(Column::Gone, gone).filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

/// Ends it; how many runs have gone, none if it had ended already.
pub async fn end(conn: &impl ConnectionTrait, id: i32, now: Millis) -> Result<Option<i64>, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::OpenSince, Expr::value(Option::<Millis>::None))
        .col_expr(Column::EndedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::OpenSince.is_not_null());
    if update.exec(conn).await?.rows_affected == 0 {
        return Ok(None);
    }
    Ok(Entity::find_by_id(id).one(conn).await?.map(|row| row.gone))
}
