//! Pausing everything, in a namespace or everywhere.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, freeze(manager)).await?;
        let seen = integer("freeze_seen").default(0).take();
        manager.alter_table(Table::alter().table("server").add_column(seen).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("server").drop_column("freeze_seen").take()).await?;
        drop_tables(manager, &["freeze"]).await
    }
}

fn freeze(manager: &SchemaManager) -> TableCreateStatement {
    table("freeze")
        .col(id())
        .col(integer("namespace_id"))
        .col(long_text(manager, "reason").not_null())
        .col(nullable(integer("frozen_by")))
        .col(big("frozen_at"))
        .col(nullable(integer("thawed_by")))
        .col(nullable(big("thawed_at")))
        .take()
}
