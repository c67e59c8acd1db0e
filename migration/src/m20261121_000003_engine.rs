//! Runs, and what the servers share them out by.

use crate::schema::*;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// Buckets 0 … 255 carry jobs, 256 the cluster's singleton duties.
const BUCKETS: i16 = 257;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, run()).await?;
        index(manager, "run", &["nominal_at", "job_id", "slot"], true).await?;
        index(manager, "run", &["executor_id", "due_at"], false).await?;
        index_where_present(manager, "run", &["live_bucket", "due_at"]).await?;
        index_where_present(manager, "run", &["attention", "due_at"]).await?;
        index_where_present(manager, "run", &["parent_id"]).await?;
        create(manager, run_text(manager)).await?;
        create_run_by_job(manager).await?;
        create(manager, id_block()).await?;
        create(manager, server()).await?;
        index(manager, "server", &["identity"], true).await?;
        create(manager, stat_hour()).await?;
        create(manager, bucket()).await?;
        fill_buckets(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["bucket", "stat_hour", "server", "id_block", "run_by_job", "run_text", "run"];
        drop_tables(manager, &tables).await
    }
}

fn run() -> TableCreateStatement {
    table("run")
        .col(big("id").primary_key().take())
        .col(integer("job_id"))
        .col(small("kind"))
        .col(integer("job_version"))
        .col(big("nominal_at"))
        .col(big("due_at"))
        .col(big("slot"))
        .col(small("state"))
        .col(small("reason"))
        .col(integer("code"))
        .col(nullable(integer("attention")))
        .col(small("bucket"))
        .col(nullable(small("live_bucket")))
        .col(boolean("follow_ok"))
        .col(boolean("follow_fail"))
        .col(big("claim"))
        .col(big("fence"))
        .col(integer("executor_id"))
        .col(nullable(integer("instance_id")))
        .col(integer("instance_generation"))
        .col(nullable(big("parent_id")))
        .col(integer("shard_index"))
        .col(integer("shard_total"))
        .col(integer("attempt"))
        .col(small("priority"))
        .col(nullable(big("span_last")))
        .col(integer("span_count"))
        .col(nullable(big("deadline_at")))
        .col(nullable(big("sent_at")))
        .col(nullable(big("accepted_at")))
        .col(nullable(big("ended_at")))
        .col(nullable(integer("late_code")))
        .col(nullable(big("late_at")))
        .take()
}

fn run_text(manager: &SchemaManager) -> TableCreateStatement {
    table("run_text")
        .col(big("run_id").primary_key().take())
        .col(long_text(manager, "parameter"))
        .col(nullable(integer("started_by")))
        .col(nullable(integer("ended_by")))
        .col(long_text(manager, "dispatch"))
        .col(long_text(manager, "result"))
        .col(long_text(manager, "late_result"))
        .take()
}

/// An index in the shape of a table: on SQLite without the row id that would double it.
async fn create_run_by_job(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let tail = if manager.get_database_backend() == DatabaseBackend::Sqlite { "WITHOUT ROWID" } else { "" };
    let columns = "job_id INTEGER NOT NULL, due_at BIGINT NOT NULL, run_id BIGINT NOT NULL";
    execute(
        manager,
        format!("CREATE TABLE run_by_job ({columns}, PRIMARY KEY (job_id, due_at, run_id)) {tail}"),
    )
    .await
}

fn id_block() -> TableCreateStatement {
    table("id_block")
        .col(big("start").primary_key().take())
        .col(integer("server_id"))
        .col(big("settled_to"))
        .take()
}

fn server() -> TableCreateStatement {
    table("server")
        .col(id())
        .col(string("identity", 128))
        .col(big("incarnation"))
        .col(big("counter"))
        .col(string("state", 16))
        .col(string("address", 255))
        .col(string("version", 32))
        .col(big("started_at"))
        .take()
}

fn stat_hour() -> TableCreateStatement {
    table("stat_hour")
        .col(big("hour"))
        .col(integer("executor_id"))
        .col(small("outcome"))
        .col(integer("server_id"))
        .col(big("runs"))
        .primary_key(&mut primary_key(&["hour", "executor_id", "outcome", "server_id"]))
        .take()
}

fn bucket() -> TableCreateStatement {
    table("bucket")
        .col(small("id").primary_key().take())
        .col(nullable(integer("owner")))
        .col(big("epoch"))
        .take()
}

async fn fill_buckets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut insert = Query::insert().into_table("bucket").columns(["id", "epoch"]).take();
    for id in 0..BUCKETS {
        insert.values_panic([id.into(), 0_i64.into()]);
    }
    manager.execute(insert).await
}
