//! Instances that get no more runs while those that they have go on.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let since = nullable(big("draining_since"));
        manager.alter_table(Table::alter().table("instance").add_column(since).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("instance").drop_column("draining_since").take()).await
    }
}
