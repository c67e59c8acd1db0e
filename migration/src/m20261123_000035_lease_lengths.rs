//! How long the lease of a server is: others wait for it by that, so that it need not be the same on all.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A server of the version before does not know it, and is waited for as long as whoever waits.
        let column = integer("lease_ms").default(0).take();
        manager.alter_table(Table::alter().table("server").add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("server").drop_column("lease_ms").take()).await
    }
}
