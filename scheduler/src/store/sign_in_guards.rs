//! Failed sign-ins per subject.

use entity::sign_in_guard::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Set,
};

/// The guard of a subject, created empty where there is none, and locked until the transaction
/// ends: two failures at once count as two.
pub async fn lock(conn: &impl ConnectionTrait, subject: &str) -> Result<Model, DbErr> {
    let empty = Model { subject: subject.to_owned(), failures: 0, counted_since: 0, locked_until: None };
    // `subject = subject` is "do nothing" in the words that all three databases know.
    let keep = OnConflict::column(Column::Subject).update_column(Column::Subject).to_owned();
    let insert = Entity::insert(empty.clone().into_active_model()).on_conflict(keep);
    insert.exec_without_returning(conn).await?;
    let guard = Entity::find_by_id(subject).lock_exclusive().one(conn).await?;
    Ok(guard.unwrap_or(empty))
}

pub async fn save(conn: &impl ConnectionTrait, guard: Model) -> Result<(), DbErr> {
    let row = ActiveModel {
        failures: Set(guard.failures),
        counted_since: Set(guard.counted_since),
        locked_until: Set(guard.locked_until),
        ..Default::default()
    };
    Entity::update_many().set(row).filter(Column::Subject.eq(guard.subject)).exec(conn).await.map(drop)
}

pub async fn delete(conn: &impl ConnectionTrait, subject: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(subject).exec(conn).await.map(drop)
}

/// Removes guards that count nothing any more. Returns how many.
pub async fn delete_older(conn: &impl ConnectionTrait, counted_before: i64) -> Result<u64, DbErr> {
    let old = Entity::delete_many().filter(Column::CountedSince.lt(counted_before));
    Ok(old.exec(conn).await?.rows_affected)
}
