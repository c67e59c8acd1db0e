//! Alerts, and which of them tells of which run.

use entity::alert::{ActiveModel, Column, Entity, Model};
use entity::alert_rule::Event;
use entity::delivery::DeliveryState;
use entity::{Millis, alert_run, delivery};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::HashSet;

/// Databases bound the parameters of one statement.
const PART: usize = 500;

pub async fn by_id(conn: &impl ConnectionTrait, id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// The one that gathers for this rule, locked until the transaction ends.
pub async fn gathering(conn: &impl ConnectionTrait, rule_id: i32) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::GathersFor.eq(rule_id)).lock_exclusive().one(conn).await
}

/// Those that gather, in the order in which they go out.
pub async fn all_gathering(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::GathersFor.is_not_null()).order_by_asc(Column::DueAt).all(conn).await
}

pub async fn insert(conn: &impl ConnectionTrait, alert: ActiveModel) -> Result<Model, DbErr> {
    alert.insert(conn).await
}

pub async fn set_content(conn: &impl ConnectionTrait, id: i32, content: String) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::Content, Expr::value(content));
    update.filter(Column::Id.eq(id)).exec(conn).await.map(drop)
}

/// Ends the gathering; false when somebody else has.
pub async fn close(conn: &impl ConnectionTrait, id: i32) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::GathersFor, Expr::value(Option::<i32>::None));
    let own = update.filter(Column::Id.eq(id)).filter(Column::GathersFor.is_not_null());
    Ok(own.exec(conn).await?.rows_affected == 1)
}

/// Deletes what gathers for a rule that is deleted, with its marks on runs.
pub async fn forget_rule(conn: &impl ConnectionTrait, rule_id: i32) -> Result<(), DbErr> {
    if let Some(alert) = gathering(conn, rule_id).await? {
        alert_run::Entity::delete_many().filter(alert_run::Column::AlertId.eq(alert.id)).exec(conn).await?;
        Entity::delete_by_id(alert.id).exec(conn).await?;
    }
    Ok(())
}

/// Notes which runs an alert tells of.
pub async fn note_runs(conn: &impl ConnectionTrait, rows: Vec<alert_run::Model>) -> Result<(), DbErr> {
    for part in rows.chunks(PART) {
        let rows = part.iter().cloned().map(IntoActiveModel::into_active_model);
        alert_run::Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// What has been told of these runs: run, rule, event.
pub async fn told(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<HashSet<(i64, i32, Event)>, DbErr> {
    let mut told = HashSet::new();
    for part in run_ids.chunks(PART) {
        let own = alert_run::Column::RunId.is_in(part.iter().copied());
        let rows = alert_run::Entity::find().filter(own).all(conn).await?;
        told.extend(rows.into_iter().map(|row| (row.run_id, row.rule_id, row.event)));
    }
    Ok(told)
}

/// The alerts that tell of these runs: run, alert.
pub async fn of_runs(conn: &impl ConnectionTrait, run_ids: &[i64]) -> Result<Vec<(i64, i32)>, DbErr> {
    use alert_run::{Column, Entity};
    let mut found = Vec::new();
    for part in run_ids.chunks(PART) {
        let query = Entity::find().select_only().column(Column::RunId).column(Column::AlertId);
        let own = query.filter(Column::RunId.is_in(part.iter().copied()));
        found.extend(own.into_tuple::<(i64, i32)>().all(conn).await?);
    }
    Ok(found)
}

/// How far these alerts have come: each with the state of each of its deliveries, and as pending while it
/// gathers. Those that go nowhere are missing.
pub async fn progress(
    conn: &impl ConnectionTrait,
    alert_ids: &[i32],
) -> Result<Vec<(i32, DeliveryState)>, DbErr> {
    let mut found = Vec::new();
    for part in alert_ids.chunks(PART) {
        use delivery::Column as Delivered;
        let query =
            delivery::Entity::find().select_only().column(Delivered::AlertId).column(Delivered::State);
        let own = query.filter(Delivered::AlertId.is_in(part.iter().copied()));
        found.extend(own.into_tuple::<(i32, DeliveryState)>().all(conn).await?);
        let query = Entity::find().select_only().column(Column::Id).filter(Column::GathersFor.is_not_null());
        let gathering: Vec<i32> =
            query.filter(Column::Id.is_in(part.iter().copied())).into_tuple().all(conn).await?;
        found.extend(gathering.into_iter().map(|id| (id, DeliveryState::Pending)));
    }
    Ok(found)
}

/// Deletes some of the alerts written before `cutoff` with all that belongs to them; how many.
pub async fn delete_before(conn: &impl ConnectionTrait, cutoff: Millis, limit: u64) -> Result<usize, DbErr> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::CreatedAt.lt(cutoff));
    let ids: Vec<i32> = query.order_by_asc(Column::CreatedAt).limit(limit).into_tuple().all(conn).await?;
    let own = ids.iter().copied();
    delivery::Entity::delete_many().filter(delivery::Column::AlertId.is_in(own.clone())).exec(conn).await?;
    alert_run::Entity::delete_many().filter(alert_run::Column::AlertId.is_in(own.clone())).exec(conn).await?;
    Entity::delete_many().filter(Column::Id.is_in(own)).exec(conn).await?;
    Ok(ids.len())
}
