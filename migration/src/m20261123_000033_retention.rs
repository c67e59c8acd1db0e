//! How long the past is kept: chosen by a person, for all servers.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, retention()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["retention"]).await
    }
}

fn retention() -> TableCreateStatement {
    table("retention")
        .col(integer("id").primary_key())
        .col(integer("version"))
        .col(integer("run_days"))
        .col(integer("success_days"))
        .col(integer("runs_per_job"))
        .col(integer("log_days"))
        .col(integer("log_mib"))
        .col(integer("host_sample_hours"))
        .col(integer("host_minute_days"))
        .col(integer("access_days"))
        .col(big("updated_at"))
        .col(nullable(integer("updated_by")))
        .take()
}
