//! The audit: entries that seal one another, the last of them, and accesses.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, entry(manager)).await?;
        index(manager, "audit_entry", &["at"], false).await?;
        index(manager, "audit_entry", &["noun", "object_id", "seq"], false).await?;
        index(manager, "audit_entry", &["actor", "seq"], false).await?;
        create(manager, head()).await?;
        let mut first = Query::insert().into_table("audit_head").columns(["id", "seq", "mac"]).take();
        first.values_panic([1.into(), 0_i64.into(), "".into()]);
        manager.execute(first).await?;
        create(manager, access()).await?;
        index(manager, "audit_access", &["at"], false).await?;
        index(manager, "audit_access", &["sealed_by"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["audit_access", "audit_head", "audit_entry"]).await
    }
}

fn entry(manager: &SchemaManager) -> TableCreateStatement {
    table("audit_entry")
        .col(big("seq").primary_key().take())
        .col(big("at"))
        .col(nullable(integer("actor_id")))
        .col(string("actor", 255))
        .col(string("address", 64))
        .col(string("noun", 24))
        .col(string("verb", 24))
        .col(big("object_id"))
        .col(string("object", 255))
        .col(nullable(integer("namespace_id")))
        .col(long_text(manager, "before"))
        .col(long_text(manager, "after"))
        .col(string("key_id", 16))
        .col(string("mac", 64))
        .take()
}

fn head() -> TableCreateStatement {
    table("audit_head").col(integer("id").primary_key().take()).col(big("seq")).col(string("mac", 64)).take()
}

fn access() -> TableCreateStatement {
    table("audit_access")
        .col(id())
        .col(big("at"))
        .col(string("actor", 255))
        .col(string("address", 64))
        .col(string("event", 24))
        .col(string("about", 255))
        .col(nullable(big("sealed_by")))
        .take()
}
