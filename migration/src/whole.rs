//! Each migration as a whole or not at all: a server that is killed amid one would otherwise leave a schema
//! that no start can go on from.

use crate::{Migrator, half};
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseBackend, DatabaseConnection};

/// Applies what is missing. Where a step is no transaction, what is left of one that did not come to its
/// end is taken back first.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    match db.get_database_backend() {
        DatabaseBackend::MySql => half::up(db).await,
        _ => WholeMigrator::up(db, None).await,
    }
}

/// The migrations of [`Migrator`], each with its record in one transaction. MySQL and MariaDB end a
/// transaction with every statement that changes the schema: there it is of no use, and of no harm.
pub struct WholeMigrator;

#[async_trait::async_trait]
impl MigratorTrait for WholeMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Migrator::migrations().into_iter().map(|step| Box::new(Whole(step)) as _).collect()
    }
}

struct Whole(Box<dyn MigrationTrait>);

impl MigrationName for Whole {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Whole {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
