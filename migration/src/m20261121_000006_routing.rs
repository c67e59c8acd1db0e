//! All routing strategies: longer names, what some of them remember, and whom others asked.

use crate::schema::*;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        set_routing_length(manager, 32).await?;
        let tries = Table::alter().table("run_text").add_column(long_text(manager, "tries")).take();
        manager.alter_table(tries).await?;
        create(manager, route_use()).await?;
        index(manager, "route_use", &["instance_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["route_use"]).await?;
        manager.alter_table(Table::alter().table("run_text").drop_column("tries").take()).await?;
        // What the version before does not know.
        let known = "UPDATE job SET routing = 'round' WHERE routing NOT IN ('first', 'round', 'random')";
        execute(manager, known.to_owned()).await?;
        set_routing_length(manager, 16).await
    }
}

/// SQLite keeps texts of any length and cannot change a column.
async fn set_routing_length(manager: &SchemaManager<'_>, length: u32) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::Sqlite {
        return Ok(());
    }
    let routing = Table::alter().table("job").modify_column(string("routing", length)).take();
    manager.alter_table(routing).await
}

fn route_use() -> TableCreateStatement {
    table("route_use")
        .col(integer("job_id"))
        .col(integer("instance_id"))
        .col(big("uses"))
        .col(big("last_used"))
        .primary_key(&mut primary_key(&["job_id", "instance_id"]))
        .take()
}
