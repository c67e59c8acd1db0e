//! When a schedule is valid, and how its fires are spread. The kinds of schedules are words in a
//! column that is there already.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const COLUMNS: [&str; 3] = ["valid_from", "valid_until", "spread_s"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            nullable(big("valid_from")),
            nullable(big("valid_until")),
            integer("spread_s").default(0).take(),
        ];
        // SQLite adds one column per statement.
        for column in columns {
            manager.alter_table(Table::alter().table("job").add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("job").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
