//! Approvals, and what of a namespace takes one.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const SWITCHES: [&str; 3] = ["approve_definitions", "approve_switching", "approve_runs"];
const CHANNEL: &str = "approval_channel_id";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, approval(manager)).await?;
        index(manager, "approval", &["state", "id"], false).await?;
        index(manager, "approval", &["namespace_id", "state", "id"], false).await?;
        for switch in SWITCHES {
            add(manager, boolean(switch).default(false).take()).await?;
        }
        add(manager, nullable(integer(CHANNEL))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in SWITCHES.into_iter().chain([CHANNEL]) {
            manager.alter_table(Table::alter().table("namespace").drop_column(column).take()).await?;
        }
        drop_tables(manager, &["approval"]).await
    }
}

async fn add(manager: &SchemaManager<'_>, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table("namespace").add_column(column).take()).await
}

fn approval(manager: &SchemaManager) -> TableCreateStatement {
    table("approval")
        .col(id())
        .col(integer("namespace_id"))
        .col(string("state", 16))
        .col(string("noun", 24))
        .col(string("verb", 24))
        .col(big("object_id"))
        .col(string("object", 255))
        .col(integer("object_version"))
        .col(long_text(manager, "request").not_null().take())
        .col(long_text(manager, "before"))
        .col(long_text(manager, "after"))
        .col(string("digest", 64))
        .col(integer("submitted_by"))
        .col(string("submitter", 64))
        .col(big("submitted_at"))
        .col(big("expires_at"))
        .col(boolean("needs_code"))
        .col(nullable(integer("alert_id")))
        .col(nullable(string("code_hash", 255)))
        .col(integer("tries"))
        .col(nullable(integer("decided_by")))
        .col(string("decider", 64))
        .col(nullable(big("decided_at")))
        .col(string("remark", 1000))
        .take()
}
