//! How servers are doing, as each says when it renews its lease.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const VITALS: [&str; 3] = ["beat_at", "lateness_ms", "waiting"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in VITALS {
            // A server of the version before does not know them, and goes on beside this one.
            let column = big(name).default(0).take();
            manager.alter_table(Table::alter().table("server").add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in VITALS {
            manager.alter_table(Table::alter().table("server").drop_column(name).take()).await?;
        }
        Ok(())
    }
}
