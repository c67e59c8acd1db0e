//! The audit: its entries, the last of them, and accesses.

use entity::audit_access as access;
use entity::audit_entry::{ActiveModel, Column, Entity, Model, Noun, Verb};
use entity::audit_head::{self as head, THE_ONE};
use entity::{Millis, audit_entry};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

/// Which entries a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the actor's name.
    pub actor: String,
    /// A part of the object's name.
    pub object: String,
    pub noun: Option<Noun>,
    /// From this time on.
    pub from: Option<Millis>,
    /// Before this time.
    pub until: Option<Millis>,
}

/// The last entry; the row stays locked until the transaction ends, so that entries are added one after
/// another.
pub async fn head_locked(conn: &impl ConnectionTrait) -> Result<Option<head::Model>, DbErr> {
    head::Entity::find_by_id(THE_ONE).lock_exclusive().one(conn).await
}

pub async fn head(conn: &impl ConnectionTrait) -> Result<Option<head::Model>, DbErr> {
    head::Entity::find_by_id(THE_ONE).one(conn).await
}

/// Adds entries, the last of which becomes the head.
pub async fn append(conn: &impl ConnectionTrait, entries: Vec<Model>) -> Result<(), DbErr> {
    let Some(last) = entries.last() else { return Ok(()) };
    let set_head = head::Entity::update_many()
        .col_expr(head::Column::Seq, Expr::value(last.seq))
        .col_expr(head::Column::Mac, Expr::value(last.mac.clone()))
        .filter(head::Column::Id.eq(THE_ONE));
    let rows: Vec<ActiveModel> = entries.into_iter().map(IntoActiveModel::into_active_model).collect();
    Entity::insert_many(rows).exec_without_returning(conn).await?;
    set_head.exec(conn).await.map(drop)
}

/// Up to `limit` entries after `seq`, in order.
pub async fn after(conn: &impl ConnectionTrait, seq: i64, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Seq.gt(seq)).order_by_asc(Column::Seq).limit(limit).all(conn).await
}

/// The same, of a time.
pub async fn between(
    conn: &impl ConnectionTrait,
    seq: i64,
    from: Option<Millis>,
    until: Option<Millis>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let of_time = filtered(&Filter { from, until, ..Filter::default() });
    of_time.filter(Column::Seq.gt(seq)).order_by_asc(Column::Seq).limit(limit).all(conn).await
}

/// The newest first, those before `before` where that is given.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = filtered(filter).order_by_desc(Column::Seq).limit(limit);
    if let Some(seq) = before {
        query = query.filter(Column::Seq.lt(seq));
    }
    query.all(conn).await
}

pub async fn by_seq(conn: &impl ConnectionTrait, seq: i64) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(seq).one(conn).await
}

fn filtered(filter: &Filter) -> Select<Entity> {
    let mut query = Entity::find();
    if !filter.actor.is_empty() {
        query = query.filter(super::contains(Column::Actor, &filter.actor));
    }
    if !filter.object.is_empty() {
        query = query.filter(super::contains(Column::Object, &filter.object));
    }
    if let Some(noun) = filter.noun {
        query = query.filter(Column::Noun.eq(noun));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::At.gte(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(Column::At.lt(until));
    }
    query
}

pub async fn add_access(conn: &impl ConnectionTrait, row: access::ActiveModel) -> Result<(), DbErr> {
    row.insert(conn).await.map(drop)
}

/// The oldest accesses that no entry holds the digest of, by id.
pub async fn unsealed(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<access::Model>, DbErr> {
    let unsealed = access::Entity::find().filter(access::Column::SealedBy.is_null());
    unsealed.order_by_asc(access::Column::Id).limit(limit).all(conn).await
}

pub async fn count_unsealed(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    access::Entity::find().filter(access::Column::SealedBy.is_null()).count(conn).await
}

/// The accesses whose digest an entry holds, by id.
pub async fn sealed_by(conn: &impl ConnectionTrait, seq: i64) -> Result<Vec<access::Model>, DbErr> {
    let sealed = access::Entity::find().filter(access::Column::SealedBy.eq(seq));
    sealed.order_by_asc(access::Column::Id).all(conn).await
}

/// Says of accesses that an entry holds their digest; returns of how many that was not said before.
pub async fn seal(conn: &impl ConnectionTrait, ids: Vec<i32>, seq: i64) -> Result<u64, DbErr> {
    let update = access::Entity::update_many()
        .col_expr(access::Column::SealedBy, Expr::value(seq))
        .filter(access::Column::Id.is_in(ids))
        .filter(access::Column::SealedBy.is_null());
    Ok(update.exec(conn).await?.rows_affected)
}

/// The newest accesses first, those before `before` where that is given.
pub async fn accesses(
    conn: &impl ConnectionTrait,
    before: Option<i32>,
    limit: u64,
) -> Result<Vec<access::Model>, DbErr> {
    let mut query = access::Entity::find().order_by_desc(access::Column::Id).limit(limit);
    if let Some(id) = before {
        query = query.filter(access::Column::Id.lt(id));
    }
    query.all(conn).await
}

/// What the audit knows of one object, the newest first.
pub async fn of_object(
    conn: &impl ConnectionTrait,
    noun: Noun,
    object_id: i64,
    limit: u64,
) -> Result<Vec<audit_entry::Model>, DbErr> {
    let of_object = Entity::find().filter(Column::Noun.eq(noun)).filter(Column::ObjectId.eq(object_id));
    of_object.order_by_desc(Column::Seq).limit(limit).all(conn).await
}

/// Whether a sealed access is from before this time.
pub async fn has_sealed_before(conn: &impl ConnectionTrait, before: Millis) -> Result<bool, DbErr> {
    let old = access::Entity::find().filter(access::Column::At.lt(before));
    Ok(old.filter(access::Column::SealedBy.is_not_null()).limit(1).one(conn).await?.is_some())
}

/// The last entry that sealed, as all before it, nothing but accesses from before this time.
pub async fn sealed_up_to(conn: &impl ConnectionTrait, before: Millis) -> Result<Option<i64>, DbErr> {
    let sealed = access::Entity::find().filter(access::Column::SealedBy.is_not_null());
    let young = sealed.clone().filter(access::Column::At.gte(before));
    match young.order_by_asc(access::Column::SealedBy).one(conn).await? {
        Some(young) => Ok(young.sealed_by.map(|seq| seq - 1)),
        None => {
            let last = sealed.order_by_desc(access::Column::SealedBy).one(conn).await?;
            Ok(last.and_then(|last| last.sealed_by))
        }
    }
}

pub async fn count_sealed_up_to(conn: &impl ConnectionTrait, seq: i64) -> Result<u64, DbErr> {
    access::Entity::find().filter(access::Column::SealedBy.lte(seq)).count(conn).await
}

/// Deletes some of the accesses that this entry and those before it sealed; how many.
pub async fn delete_sealed_up_to(conn: &impl ConnectionTrait, seq: i64, limit: u64) -> Result<u64, DbErr> {
    let some = access::Entity::find().select_only().column(access::Column::Id);
    let some = some.filter(access::Column::SealedBy.lte(seq)).limit(limit);
    let ids: Vec<i32> = some.into_tuple().all(conn).await?;
    let gone = access::Entity::delete_many().filter(access::Column::Id.is_in(ids)).exec(conn).await?;
    Ok(gone.rows_affected)
}

/// The newest entry about this.
pub async fn last_of(conn: &impl ConnectionTrait, noun: Noun, verb: Verb) -> Result<Option<Model>, DbErr> {
    let entries = Entity::find().filter(Column::Noun.eq(noun)).filter(Column::Verb.eq(verb));
    entries.order_by_desc(Column::Seq).one(conn).await
}
