//! Executors, their instances, jobs, and how far each job's schedule has been fired.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, executor(manager)).await?;
        index(manager, "executor", &["namespace_id", "app_name"], true).await?;
        index(manager, "executor", &["app_name"], false).await?;
        create(manager, instance()).await?;
        index(manager, "instance", &["executor_id", "address"], true).await?;
        create(manager, job(manager)).await?;
        index(manager, "job", &["namespace_id", "name"], true).await?;
        index(manager, "job", &["executor_id"], false).await?;
        create(manager, job_cursor()).await?;
        index(manager, "job_cursor", &["bucket"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["job_cursor", "job", "instance", "executor"]).await
    }
}

fn executor(manager: &SchemaManager) -> TableCreateStatement {
    table("executor")
        .col(id())
        .col(integer("namespace_id"))
        .col(string("app_name", 64))
        .col(string("title", 128))
        .col(string("registration", 16))
        .col(long_text(manager, "addresses").not_null().take())
        .col(string("token", 128))
        .col(nullable(string("old_token", 128)))
        .col(nullable(big("old_token_until")))
        .col(integer("version"))
        .col(big("created_at"))
        .col(big("updated_at"))
        .take()
}

fn instance() -> TableCreateStatement {
    table("instance")
        .col(id())
        .col(integer("executor_id"))
        .col(string("address", 255))
        .col(string("client", 16))
        .col(integer("generation"))
        .col(boolean("manual"))
        .col(big("registered_at"))
        .col(big("seen_at"))
        .col(nullable(big("gone_at")))
        .take()
}

fn job(manager: &SchemaManager) -> TableCreateStatement {
    table("job")
        .col(id())
        .col(integer("namespace_id"))
        .col(integer("executor_id"))
        .col(string("name", 128))
        .col(string("description", 512))
        .col(string("owner", 128))
        .col(string("state", 16))
        .col(string("schedule_kind", 16))
        .col(string("schedule", 255))
        .col(string("zone", 64))
        .col(string("gap_policy", 16))
        .col(string("repeat_policy", 16))
        .col(string("misfire_policy", 16))
        .col(big("catch_up_ms"))
        .col(string("run_mode", 16))
        .col(string("handler", 255))
        .col(long_text(manager, "parameter").not_null().take())
        .col(long_text(manager, "source").not_null().take())
        .col(big("source_changed_at"))
        .col(string("routing", 16))
        .col(string("blocking", 16))
        .col(integer("timeout_s"))
        .col(integer("version"))
        .col(big("created_at"))
        .col(big("updated_at"))
        .col(nullable(integer("updated_by")))
        .take()
}

fn job_cursor() -> TableCreateStatement {
    table("job_cursor")
        .col(integer("job_id").primary_key().take())
        .col(small("bucket"))
        .col(integer("version"))
        .col(nullable(big("next_at")))
        .col(big("last_at"))
        .col(big("route_seq"))
        .take()
}
