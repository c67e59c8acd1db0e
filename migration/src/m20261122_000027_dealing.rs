//! Dealing with what went wrong: runs that somebody replayed or dismissed, and jobs that are stopped after so
//! many failures.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const COLUMNS: [&str; 5] =
    ["stop_after_failures", "failures_since", "failure_stop_at", "failure_stop_count", "failure_stop_run"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, dealing()).await?;
        index_where_present(manager, "dealing", &["replay_id"]).await?;
        let columns = [
            integer("stop_after_failures").default(0).take(),
            big("failures_since").default(0).take(),
            nullable(big("failure_stop_at")),
            integer("failure_stop_count").default(0).take(),
            nullable(big("failure_stop_run")),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("job").add_column(column).take()).await?;
        }
        index(manager, "job", &["stop_after_failures"], false).await?;
        index_where_present(manager, "job", &["failure_stop_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["job_stop_after_failures", "job_failure_stop_at"] {
            manager.drop_index(Index::drop().name(name).table("job").to_owned()).await?;
        }
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("job").drop_column(column).take()).await?;
        }
        drop_tables(manager, &["dealing"]).await
    }
}

fn dealing() -> TableCreateStatement {
    table("dealing")
        .col(big("run_id").primary_key().take())
        .col(big("dealt_at"))
        .col(nullable(integer("dealt_by")))
        .col(nullable(big("replay_id")))
        .take()
}
