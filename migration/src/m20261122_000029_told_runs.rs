//! The way to the runs that were told of: by executor and time, as the lists of runs go.

use crate::schema::*;
use sea_orm_migration::prelude::*;

const COLUMNS: [&str; 2] = ["executor_id", "due_at"];
/// Runs that have been deleted since belong to none.
const FILL: &str = "UPDATE alert_run SET \
    executor_id = COALESCE((SELECT executor_id FROM run WHERE run.id = alert_run.run_id), 0), \
    due_at = COALESCE((SELECT due_at FROM run WHERE run.id = alert_run.run_id), 0)";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [integer("executor_id").default(0).take(), big("due_at").default(0).take()] {
            manager.alter_table(Table::alter().table("alert_run").add_column(column).take()).await?;
        }
        execute(manager, FILL.to_owned()).await?;
        index(manager, "alert_run", &["executor_id", "due_at", "run_id"], false).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = "alert_run_executor_id_due_at_run_id";
        manager.drop_index(Index::drop().name(name).table("alert_run").to_owned()).await?;
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("alert_run").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
