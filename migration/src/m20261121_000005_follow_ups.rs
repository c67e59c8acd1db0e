//! What follows a run: retries, and jobs that start when another succeeds.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const COLUMNS: [&str; 5] = ["retries", "retry_delay_s", "retry_backoff", "retry_jitter_s", "retry_on"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            integer("retries").default(0).take(),
            integer("retry_delay_s").default(0).take(),
            string("retry_backoff", 16).default("fixed").take(),
            integer("retry_jitter_s").default(0).take(),
            string("retry_on", 64).default("failed,timed_out").take(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("job").add_column(column).take()).await?;
        }
        create(manager, job_child()).await?;
        index(manager, "job_child", &["child_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["job_child"]).await?;
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("job").drop_column(column).take()).await?;
        }
        Ok(())
    }
}

fn job_child() -> TableCreateStatement {
    table("job_child")
        .col(integer("parent_id"))
        .col(integer("child_id"))
        .primary_key(&mut primary_key(&["parent_id", "child_id"]))
        .take()
}
