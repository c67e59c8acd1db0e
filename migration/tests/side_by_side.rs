//! While servers are replaced one after the other, those of the version before go on with the schema of the next one.
//! So each step leaves them everything that they write and read: it removes and renames nothing, narrows nothing, and
//! what it adds to a table of theirs fills itself.
//!
//! SQLite always; PostgreSQL and MySQL/MariaDB where `ORRERY_TEST_POSTGRES_URL` and `ORRERY_TEST_MYSQL_URL` name a
//! server on which databases may be created.

use std::collections::{BTreeMap, BTreeSet};

use migration::{MigratorTrait, TABLES, WholeMigrator};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult, Statement, TransactionTrait,
};

/// Of the rows that are written: beyond whatever a step may fill a table with.
const FIRST_ROW: usize = 1_000;

/// A table as whoever writes to it knows it.
#[derive(Clone, Debug, Default)]
struct Table {
    columns: BTreeMap<String, Column>,
    /// The names of its unique indexes.
    unique: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Column {
    /// The database's word, without a length.
    kind: String,
    /// Of text, where it is limited.
    length: Option<i64>,
    nullable: bool,
    /// Has a value where none is given.
    filled: bool,
}

type Schema = BTreeMap<String, Table>;

/// What a step did to somebody who knows only the schema before it; empty if nothing.
fn offences(before: &Schema, after: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    for (name, old) in before {
        let Some(new) = after.get(name) else {
            found.push(format!("{name} is gone"));
            continue;
        };
        for (column, old) in &old.columns {
            match new.columns.get(column) {
                None => found.push(format!("{name}.{column} is gone")),
                Some(new) => found.extend(old.loses(new).map(|loss| format!("{name}.{column} {loss}"))),
            }
        }
        let added = new.columns.iter().filter(|(column, _)| !old.columns.contains_key(*column));
        let unfilled = added.filter(|(_, column)| !column.nullable && !column.filled);
        found.extend(unfilled.map(|(column, _)| format!("{name}.{column} has to be given a value")));
        let stricter = new.unique.difference(&old.unique);
        found.extend(stricter.map(|index| format!("{name} takes less, by the unique index {index}")));
    }
    found
}

impl Column {
    /// What a newer form of it takes from whoever uses this one.
    fn loses(&self, new: &Self) -> Option<&'static str> {
        let shorter = match (self.length, new.length) {
            (Some(old), Some(new)) => new < old,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let lost = [
            (self.kind != new.kind, "is of another kind"),
            (shorter, "is shorter"),
            (self.nullable && !new.nullable, "may not be empty any more"),
            (self.filled && !new.filled, "does not fill itself any more"),
        ];
        lost.into_iter().find(|(is_so, _)| *is_so).map(|(_, loss)| loss)
    }

    /// A value for the row of this number, in SQL.
    fn value(&self, number: usize) -> String {
        let kind = self.kind.to_lowercase();
        let is_text = ["char", "text", "bytea", "blob", "binary"].iter().any(|word| kind.contains(word));
        match kind.as_str() {
            "boolean" | "tinyint" => "FALSE".to_owned(),
            _ if is_text => format!("'{number}'"),
            _ => number.to_string(),
        }
    }
}

/// A database that is brought up step by step.
struct Growing {
    db: DatabaseConnection,
    rows: usize,
}

impl Growing {
    /// What there is now, of ours.
    async fn schema(&self) -> Schema {
        let (columns, unique) = match self.db.get_database_backend() {
            DbBackend::Sqlite => (SQLITE_COLUMNS, SQLITE_UNIQUE),
            DbBackend::Postgres => (POSTGRES_COLUMNS, POSTGRES_UNIQUE),
            _ => (MYSQL_COLUMNS, MYSQL_UNIQUE),
        };
        let mut schema = Schema::new();
        for row in rows_of(&self.db, columns).await {
            let column = Column {
                kind: without_length(&text(&row, "kind")).to_owned(),
                length: row.try_get("", "length").expect("a length"),
                nullable: flag(&row, "nullable"),
                filled: flag(&row, "filled"),
            };
            let table = schema.entry(text(&row, "of_table")).or_default();
            table.columns.insert(text(&row, "name"), column);
        }
        for row in rows_of(&self.db, unique).await {
            schema.entry(text(&row, "of_table")).or_default().unique.insert(text(&row, "name"));
        }
        schema.retain(|table, _| TABLES.contains(&table.as_str()));
        schema
    }

    /// Does in every table what somebody does who knows it like this: adds a row, changes it, reads it.
    async fn work(&mut self, schema: &Schema) {
        self.rows += 1;
        let transaction = self.db.begin().await.expect("a transaction");
        let quote = if self.db.get_database_backend() == DbBackend::MySql { '`' } else { '"' };
        for (table, Table { columns, .. }) in schema {
            let names: Vec<String> = columns.keys().map(|name| format!("{quote}{name}{quote}")).collect();
            let values: Vec<String> = columns.values().map(|column| column.value(self.rows)).collect();
            let is_this: Vec<String> =
                names.iter().zip(&values).map(|(name, value)| format!("{name} = {value}")).collect();
            let (table, list) = (format!("{quote}{table}{quote}"), names.join(", "));
            let (values, is_this) = (values.join(", "), is_this.join(" AND "));
            let given = &names[0];
            for sql in [
                format!("INSERT INTO {table} ({list}) VALUES ({values})"),
                format!("UPDATE {table} SET {given} = {given} WHERE {is_this}"),
            ] {
                transaction.execute_unprepared(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            let found = rows_of(&transaction, &format!("SELECT {list} FROM {table} WHERE {is_this}")).await;
            assert_eq!(found.len(), 1, "{table} does not give back what was written to it");
        }
        transaction.commit().await.expect("a commit");
    }
}

async fn rows_of(db: &impl ConnectionTrait, sql: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// `kind`, `length`, `nullable` and `filled` of each column.
const SQLITE_COLUMNS: &str = "SELECT t.name AS of_table, c.name AS name, c.type AS kind, \
    CASE WHEN c.type LIKE '%char(%' \
        THEN CAST(substr(c.type, instr(c.type, '(') + 1) AS INTEGER) END AS length, \
    CASE WHEN c.\"notnull\" THEN 0 ELSE 1 END AS nullable, \
    CASE WHEN c.dflt_value IS NULL AND NOT (c.pk = 1 AND c.type = 'integer') THEN 0 ELSE 1 END AS filled \
    FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
const SQLITE_UNIQUE: &str = "SELECT t.name AS of_table, i.name AS name \
    FROM sqlite_master t JOIN pragma_index_list(t.name) i WHERE t.type = 'table' AND i.\"unique\"";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text AS of_table, column_name::text AS name, \
    data_type::text AS kind, character_maximum_length::bigint AS length, \
    CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS nullable, \
    CASE WHEN column_default IS NULL AND is_identity = 'NO' THEN 0 ELSE 1 END AS filled \
    FROM information_schema.columns WHERE table_schema = 'public'";
const POSTGRES_UNIQUE: &str = "SELECT tablename::text AS of_table, indexname::text AS name FROM pg_indexes \
    WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'";
// MySQL has its names as bytes; a plain `integer` has a length that says nothing.
const MYSQL_COLUMNS: &str = "SELECT CAST(table_name AS CHAR) AS of_table, CAST(column_name AS CHAR) AS name, \
    CAST(data_type AS CHAR) AS kind, CAST(character_maximum_length AS SIGNED) AS length, \
    CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS nullable, \
    CASE WHEN column_default IS NULL AND extra NOT LIKE '%auto_increment%' THEN 0 ELSE 1 END AS filled \
    FROM information_schema.columns WHERE table_schema = DATABASE()";
const MYSQL_UNIQUE: &str = "SELECT DISTINCT CAST(table_name AS CHAR) AS of_table, \
    CAST(index_name AS CHAR) AS name FROM information_schema.statistics \
    WHERE table_schema = DATABASE() AND non_unique = 0";

fn text(row: &QueryResult, name: &str) -> String {
    row.try_get("", name).expect("a text")
}

fn flag(row: &QueryResult, name: &str) -> bool {
    row.try_get::<i32>("", name).expect("a flag") != 0
}

fn without_length(kind: &str) -> &str {
    kind.split('(').next().unwrap_or(kind)
}

async fn through_every_step(url: &str) {
    let db = Database::connect(url).await.expect("the database opens");
    let mut growing = Growing { db, rows: FIRST_ROW };
    for step in WholeMigrator::migrations() {
        let known = growing.schema().await;
        growing.work(&known).await;
        WholeMigrator::up(&growing.db, Some(1)).await.expect("a step");
        let found = offences(&known, &growing.schema().await);
        assert!(found.is_empty(), "{}: {found:#?}", step.name());
        growing.work(&known).await;
    }
    assert_eq!(growing.schema().await.len(), TABLES.len());
    growing.db.close().await.expect("close");
}

/// An empty database of its own on the server at `url`.
async fn fresh(url: &str) -> String {
    let name = format!("side_by_side_{:x}", rand::random::<u64>());
    let server = Database::connect(url).await.expect("the test server answers");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("create an empty one");
    let base = url.rsplit_once('/').expect("the URL names a database").0;
    format!("{base}/{name}")
}

#[tokio::test]
async fn a_server_of_the_version_before_works_on_through_every_migration_on_sqlite() {
    through_every_step("sqlite::memory:").await;
}

#[tokio::test]
async fn a_server_of_the_version_before_works_on_through_every_migration_on_postgresql() {
    if let Ok(url) = std::env::var("ORRERY_TEST_POSTGRES_URL") {
        through_every_step(&fresh(&url).await).await;
    }
}

#[tokio::test]
async fn a_server_of_the_version_before_works_on_through_every_migration_on_mysql() {
    if let Ok(url) = std::env::var("ORRERY_TEST_MYSQL_URL") {
        through_every_step(&fresh(&url).await).await;
    }
}

/// The offences of a step that does this to a table of one column.
async fn offences_of(step: &str) -> Vec<String> {
    let db = Database::connect("sqlite::memory:").await.expect("a database in memory");
    let growing = Growing { db, rows: FIRST_ROW };
    let first = "CREATE TABLE job (id integer PRIMARY KEY, name varchar(20) NOT NULL, note varchar(9))";
    growing.db.execute_unprepared(first).await.expect("a table");
    let before = growing.schema().await;
    growing.db.execute_unprepared(step).await.expect("a step");
    offences(&before, &growing.schema().await)
}

#[tokio::test]
async fn a_step_that_takes_something_from_the_version_before_is_noticed() {
    let again =
        |columns: &str| format!("DROP TABLE job; CREATE TABLE job (id integer PRIMARY KEY, {columns})");
    let taking = [
        ("DROP TABLE job", "job is gone"),
        ("ALTER TABLE job RENAME COLUMN name TO title", "job.name is gone"),
        ("ALTER TABLE job DROP COLUMN note", "job.note is gone"),
        ("CREATE UNIQUE INDEX job_name ON job (name)", "job takes less, by the unique index job_name"),
        (&again("name varchar(19) NOT NULL, note varchar(9)"), "job.name is shorter"),
        (&again("name integer NOT NULL, note varchar(9)"), "job.name is of another kind"),
        (&again("name varchar(20) NOT NULL, note varchar(9) NOT NULL"), "job.note may not be empty any more"),
        (
            &again("name varchar(20) NOT NULL, note varchar(9), more integer NOT NULL"),
            "job.more has to be given a value",
        ),
    ];
    for (step, expected) in taking {
        let found = offences_of(step).await;
        assert!(found.iter().any(|offence| offence == expected), "{step}: {found:?}");
    }
    let giving = [
        "ALTER TABLE job ADD COLUMN more integer NOT NULL DEFAULT 0",
        "ALTER TABLE job ADD COLUMN more integer",
        "CREATE TABLE run (id integer PRIMARY KEY)",
        "CREATE INDEX job_name ON job (name)",
        &again("name varchar(40) NOT NULL, note varchar(9)"),
    ];
    for step in giving {
        assert!(offences_of(step).await.is_empty(), "{step}");
    }
}
