//! Broadcast, and the instances that a job may run on, by their labels.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [("job", string("only_on", 4000)), ("instance", string("labels", 1000))];
        for (table, mut column) in columns {
            let column = column.default("").take();
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("instance", "labels"), ("job", "only_on")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        // What the version before does not know.
        execute(manager, "UPDATE job SET routing = 'round' WHERE routing = 'broadcast'".to_owned()).await
    }
}
