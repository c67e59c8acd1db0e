//! The versions of a job's source text. What is stored already becomes the first one of its job.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, job_source(manager)).await?;
        let first = "INSERT INTO job_source \
                     (job_id, number, run_mode, source, remark, created_at, created_by) \
                     SELECT id, 1, run_mode, source, '', source_changed_at, updated_by FROM job \
                     WHERE run_mode <> 'handler'";
        execute(manager, first.to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["job_source"]).await
    }
}

fn job_source(manager: &SchemaManager) -> TableCreateStatement {
    table("job_source")
        .col(integer("job_id"))
        .col(integer("number"))
        .col(string("run_mode", 16))
        .col(long_text(manager, "source").not_null().take())
        .col(string("remark", 100))
        .col(nullable(integer("restores")))
        .col(big("created_at"))
        .col(nullable(integer("created_by")))
        .primary_key(&mut primary_key(&["job_id", "number"]))
        .take()
}
