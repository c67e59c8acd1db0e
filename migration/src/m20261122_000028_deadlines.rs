//! Rules that tell what takes longer than usual, and what has not started or finished by a time of day; and of
//! which event an incident is.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const OF_RULES: [&str; 5] = ["longer_pct", "start_by", "finish_by", "start_told", "finish_told"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            integer("longer_pct").default(200).take(),
            string("start_by", 5).default("").take(),
            string("finish_by", 5).default("").take(),
            nullable(big("start_told")),
            nullable(big("finish_told")),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("alert_rule").add_column(column).take()).await?;
        }
        let event = small("event").default(1).take();
        manager.alter_table(Table::alter().table("incident").add_column(event).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("incident").drop_column("event").take()).await?;
        for column in OF_RULES {
            manager.alter_table(Table::alter().table("alert_rule").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
