//! How many runs may be out at the same time, and what becomes of the others.

use crate::schema::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const OF_JOB: [&str; 4] = ["overlap", "slots", "queue_length", "priority"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_job = [
            string("overlap", 16).default("allow").take(),
            integer("slots").default(1).take(),
            integer("queue_length").default(100).take(),
            small("priority").default(0).take(),
        ];
        // SQLite adds one column per statement.
        for column in of_job {
            manager.alter_table(Table::alter().table("job").add_column(column).take()).await?;
        }
        let of_executor = integer("max_parallel").default(0).take();
        manager.alter_table(Table::alter().table("executor").add_column(of_executor).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Runs that wait in the queue would never be looked at by the version before.
        execute(manager, "UPDATE run SET reason = 0 WHERE live_bucket IS NOT NULL AND state = 1".to_owned())
            .await?;
        let of_executor = Table::alter().table("executor").drop_column("max_parallel").take();
        manager.alter_table(of_executor).await?;
        for column in OF_JOB {
            manager.alter_table(Table::alter().table("job").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
