//! What the programs of executors say of themselves: version, capacity, handlers.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            string("announced", 32).default("").take(),
            string("version", 64).default("").take(),
            integer("workers").default(0).take(),
            integer("queue_length").default(0).take(),
        ] {
            manager.alter_table(Table::alter().table("instance").add_column(column).take()).await?;
        }
        let handlers = table("instance_handlers")
            .col(integer("instance_id").primary_key())
            .col(long_text(manager, "names").not_null())
            .take();
        create(manager, handlers).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["instance_handlers"]).await?;
        for column in ["queue_length", "workers", "version", "announced"] {
            manager.alter_table(Table::alter().table("instance").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
