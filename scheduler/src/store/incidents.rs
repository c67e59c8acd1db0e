//! Incidents.

use entity::Millis;
use entity::incident::{Column, Entity, Model, Subject};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

/// The oldest ones, at most `limit`.
pub async fn list(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Since).limit(limit).all(conn).await
}

/// Those about executors: each executor of each rule at most once.
pub async fn of_executors(conn: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Subject.eq(Subject::Executor)).all(conn).await
}

/// Begins an incident, or notes that it goes on.
pub async fn note(conn: &impl ConnectionTrait, incident: Model) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LastAt, Expr::value(incident.last_at))
        .col_expr(Column::Event, Expr::value(incident.event))
        .col_expr(Column::AlertId, Expr::value(incident.alert_id))
        .filter(Column::RuleId.eq(incident.rule_id))
        .filter(Column::Subject.eq(incident.subject))
        .filter(Column::SubjectId.eq(incident.subject_id));
    if update.exec(conn).await?.rows_affected == 0 {
        Entity::insert(incident.into_active_model()).exec_without_returning(conn).await?;
    }
    Ok(())
}

/// Marks it as escalated; false when somebody else has, or it is over.
pub async fn escalate(conn: &impl ConnectionTrait, incident: &Model) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Escalated, Expr::value(true))
        .filter(Column::RuleId.eq(incident.rule_id))
        .filter(Column::Subject.eq(incident.subject))
        .filter(Column::SubjectId.eq(incident.subject_id))
        .filter(Column::Escalated.eq(false));
    Ok(update.exec(conn).await?.rows_affected == 1)
}

/// Ends it; false when somebody else has, or it was told of again meanwhile.
pub async fn end(
    conn: &impl ConnectionTrait,
    rule_id: i32,
    subject: Subject,
    subject_id: i32,
    last_at: Millis,
) -> Result<bool, DbErr> {
    let delete = Entity::delete_by_id((rule_id, subject, subject_id)).filter(Column::LastAt.eq(last_at));
    Ok(delete.exec(conn).await?.rows_affected == 1)
}

/// Ends those of a rule that is deleted.
pub async fn delete_of_rule(conn: &impl ConnectionTrait, rule_id: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::RuleId.eq(rule_id)).exec(conn).await.map(drop)
}
