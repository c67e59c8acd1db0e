//! How many runs for past times of a job may be out at the same time.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let slots = small("backfill_slots").default(1).take();
        manager.alter_table(Table::alter().table("job_cursor").add_column(slots).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("job_cursor").drop_column("backfill_slots").take()).await
    }
}
