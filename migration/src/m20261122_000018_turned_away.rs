//! Registrations that were refused.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, turned_away()).await?;
        index(manager, "turned_away", &["executor_id", "last_at"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["turned_away"]).await
    }
}

fn turned_away() -> TableCreateStatement {
    table("turned_away")
        .col(id())
        .col(integer("executor_id"))
        .col(string("app_name", 255))
        .col(string("address", 255))
        .col(small("cause"))
        .col(string("client", 16))
        .col(integer("tries"))
        .col(big("first_at"))
        .col(big("last_at"))
        .take()
}
