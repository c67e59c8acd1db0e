//! Column and table helpers that hide what the three backends spell differently.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseBackend, Statement};

/// A table to be filled with columns and handed to [`create`].
pub fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}

/// Creates a table. MySQL is told to compare text byte by byte, as the other two do.
pub async fn create(manager: &SchemaManager<'_>, mut table: TableCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    manager.create_table(table).await
}

/// A counted primary key, 1 … 2³¹−1.
pub fn id() -> ColumnDef {
    ColumnDef::new("id").integer().not_null().auto_increment().primary_key().take()
}

/// Text of at most `length` characters.
pub fn string(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).not_null().take()
}

/// Text up to megabytes.
pub fn long_text(manager: &SchemaManager, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DatabaseBackend::MySql => column.custom("MEDIUMTEXT"),
        _ => column.text(),
    };
    column
}

/// A number of 32 bits.
pub fn integer(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

/// A number of 16 bits.
pub fn small(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).small_integer().not_null().take()
}

/// A number of 64 bits; also every time, in milliseconds.
pub fn big(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

pub fn boolean(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

/// The same column, but it may hold nothing.
pub fn nullable(mut column: ColumnDef) -> ColumnDef {
    column.null().take()
}

/// A primary key over several columns.
pub fn primary_key(columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    key.primary().take()
}

/// An index `<table>_<columns>`, unique if asked.
pub async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let mut index = Index::create().name(format!("{table}_{}", columns.join("_"))).table(table).take();
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    manager.create_index(index).await
}

/// An index that holds only the rows whose first column is not null, where the backend knows that;
/// a plain one on MySQL. `IS NOT NULL` is the one predicate that every planner matches with bound
/// parameters.
pub async fn index_where_present(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    if backend == DatabaseBackend::MySql {
        return index(manager, table, columns, false).await;
    }
    let (first, list) = (columns[0], columns.join(", "));
    let name = format!("{table}_{}", columns.join("_"));
    execute(manager, format!("CREATE INDEX {name} ON {table} ({list}) WHERE {first} IS NOT NULL")).await
}

/// Runs one statement as it is.
pub async fn execute(manager: &SchemaManager<'_>, sql: String) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    manager.get_connection().execute_raw(Statement::from_string(backend, sql)).await.map(drop)
}

/// Drops tables in the order given.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).take()).await?;
    }
    Ok(())
}
