//! The logs of runs, kept after their end.

use crate::schema::*;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, log()).await?;
        // By age, and what all take together.
        index(manager, "log", &["kept_at", "stored"], false).await?;
        create(manager, log_part(manager)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["log_part", "log"]).await
    }
}

fn log() -> TableCreateStatement {
    table("log")
        .col(big("run_id").primary_key().take())
        .col(small("state"))
        .col(big("claim"))
        .col(big("kept_at"))
        .col(integer("last_line"))
        .col(big("bytes"))
        .col(big("stored"))
        .col(nullable(string("trouble", 1000)))
        .take()
}

fn log_part(manager: &SchemaManager) -> TableCreateStatement {
    table("log_part")
        .col(big("run_id"))
        .col(big("claim"))
        .col(integer("first_line"))
        .col(integer("lines"))
        .col(long_bytes(manager, "data"))
        .primary_key(&mut primary_key(&["run_id", "claim", "first_line"]))
        .take()
}

/// Bytes up to megabytes.
fn long_bytes(manager: &SchemaManager, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DatabaseBackend::MySql => column.custom("MEDIUMBLOB"),
        _ => column.blob(),
    };
    column.not_null().take()
}
