//! API tokens.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, api_token()).await?;
        index(manager, "api_token", &["token_hash"], true).await?;
        index(manager, "api_token", &["user_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["api_token"]).await
    }
}

fn api_token() -> TableCreateStatement {
    table("api_token")
        .col(id())
        .col(integer("user_id"))
        .col(string("name", 120))
        .col(string("token_hash", 64))
        .col(string("role", 16))
        .col(string("namespaces", 1000))
        .col(big("created_at"))
        .col(big("expires_at"))
        .col(nullable(big("last_used_at")))
        .col(nullable(big("revoked_at")))
        .take()
}
