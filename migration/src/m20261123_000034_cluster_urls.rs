//! Where the other servers of a cluster reach a server.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A server of the version before does not know it, and is told nothing.
        let column = string("cluster_url", 255).default("").take();
        manager.alter_table(Table::alter().table("server").add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("server").drop_column("cluster_url").take()).await
    }
}
