//! How the hosts of instances are doing, and were.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, host_state(manager)).await?;
        create(manager, figures(table("host_sample"))).await?;
        index(manager, "host_sample", &["at"], false).await?;
        create(manager, figures(table("host_minute").col(big("samples")).take())).await?;
        index(manager, "host_minute", &["at"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["host_minute", "host_sample", "host_state"]).await
    }
}

fn host_state(manager: &SchemaManager) -> TableCreateStatement {
    table("host_state")
        .col(integer("instance_id").primary_key().take())
        .col(big("at"))
        .col(long_text(manager, "sample").not_null())
        .take()
}

/// What charts draw, by instance and time.
fn figures(mut table: TableCreateStatement) -> TableCreateStatement {
    table
        .col(integer("instance_id"))
        .col(big("at"))
        .col(big("cpu"))
        .col(nullable(big("cpu_user")))
        .col(nullable(big("cpu_system")))
        .col(big("process_memory"))
        .col(big("memory"))
        .primary_key(&mut primary_key(&["instance_id", "at"]))
        .take()
}
