//! Which process of an executor an instance is, for executors of our own.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let life = string("life", 40).default("").take();
        manager.alter_table(Table::alter().table("instance").add_column(life).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("instance").drop_column("life").take()).await
    }
}
