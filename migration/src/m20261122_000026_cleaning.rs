//! Cleaning up the history of runs: what was asked for, and how far it is.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, cleaning()).await?;
        index_where_present(manager, "cleaning", &["open_since"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["cleaning"]).await
    }
}

fn cleaning() -> TableCreateStatement {
    table("cleaning")
        .col(id())
        .col(nullable(integer("namespace_id")))
        .col(nullable(integer("executor_id")))
        .col(nullable(integer("job_id")))
        .col(string("what", 24))
        .col(big("due_before"))
        .col(integer("keep"))
        .col(big("expected"))
        .col(big("gone"))
        .col(nullable(integer("actor_id")))
        .col(string("actor", 255))
        .col(string("address", 64))
        .col(big("asked_at"))
        .col(nullable(big("open_since")))
        .col(nullable(big("ended_at")))
        .take()
}
