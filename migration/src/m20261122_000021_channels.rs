//! Where messages go.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, channel()).await?;
        index(manager, "channel", &["namespace_id", "name"], true).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["channel"]).await
    }
}

fn channel() -> TableCreateStatement {
    table("channel")
        .col(id())
        .col(integer("namespace_id"))
        .col(string("name", 120))
        .col(string("kind", 16))
        .col(string("target", 2000))
        .col(string("secret", 255))
        .col(string("mentions", 2000))
        .col(string("language", 8))
        .col(string("zone", 64))
        .col(integer("version"))
        .col(big("created_at"))
        .col(big("updated_at"))
        .col(nullable(integer("updated_by")))
        .take()
}
