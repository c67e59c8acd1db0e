//! Calendars and blackout windows: what holds fires back, and from when on a job's are held.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const COLUMNS: [&str; 4] = ["calendar_id", "calendar_use", "blackouts", "blackout_policy"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, calendar(manager)).await?;
        index(manager, "calendar", &["namespace_id", "name"], true).await?;
        let columns = [
            nullable(integer("calendar_id")),
            string("calendar_use", 16).default("only").take(),
            string("blackouts", 4000).default("").take(),
            string("blackout_policy", 16).default("suppress").take(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("job").add_column(column).take()).await?;
        }
        index(manager, "job", &["calendar_id"], false).await?;
        let held = Table::alter().table("job_cursor").add_column(nullable(big("held_from"))).take();
        manager.alter_table(held).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("job_cursor").drop_column("held_from").take()).await?;
        manager.drop_index(Index::drop().name("job_calendar_id").table("job").to_owned()).await?;
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("job").drop_column(column).take()).await?;
        }
        drop_tables(manager, &["calendar"]).await
    }
}

fn calendar(manager: &SchemaManager) -> TableCreateStatement {
    table("calendar")
        .col(id())
        .col(integer("namespace_id"))
        .col(string("name", 120))
        .col(long_text(manager, "days").not_null().take())
        .col(integer("version"))
        .col(big("created_at"))
        .col(big("updated_at"))
        .col(nullable(integer("updated_by")))
        .take()
}
