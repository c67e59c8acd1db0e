//! Grants, the names of people whose accounts are gone, and who changed accounts and namespaces last.

use crate::schema::*;
use sea_orm_migration::prelude::*;

/// Those that get the columns of a form that several people may have open.
const EDITED: [&str; 2] = ["user", "namespace"];
const COLUMNS: [&str; 3] = ["version", "updated_at", "updated_by"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, grant()).await?;
        index(manager, "grant", &["user_id", "namespace_id"], true).await?;
        index(manager, "grant", &["namespace_id"], false).await?;
        create(manager, former_user()).await?;
        for table in EDITED {
            let columns = [
                integer("version").default(1).take(),
                big("updated_at").default(0).take(),
                nullable(integer("updated_by")),
            ];
            for column in columns {
                manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in EDITED {
            for column in COLUMNS {
                manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
            }
        }
        drop_tables(manager, &["former_user", "grant"]).await
    }
}

fn grant() -> TableCreateStatement {
    table("grant")
        .col(id())
        .col(integer("user_id"))
        .col(integer("namespace_id"))
        .col(string("role", 16))
        .col(big("created_at"))
        .col(nullable(integer("created_by")))
        .take()
}

fn former_user() -> TableCreateStatement {
    table("former_user")
        .col(integer("id").primary_key().take())
        .col(string("name", 64))
        .col(big("deleted_at"))
        .col(nullable(integer("deleted_by")))
        .take()
}
