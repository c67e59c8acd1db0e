//! MySQL and MariaDB end a transaction with every statement that changes the schema, so a server that is
//! killed amid a migration leaves half of it there. Before each step is noted what there is; the next
//! start takes away what has come since, and begins the step anew.
//!
//! This rests on what every step has to keep to: it only adds tables, columns and indexes, or does what
//! may be done twice. Nothing is lost with what is taken away, for no program uses it before its step is
//! recorded.

use crate::WholeMigrator;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, QueryResult, Statement};
use std::collections::HashSet;
use std::fmt;

/// The tables of all steps. Nothing of any other is touched: the database may be shared.
pub const TABLES: [&str; 43] = [
    "alert",
    "alert_rule",
    "alert_run",
    "api_token",
    "approval",
    "audit_access",
    "audit_entry",
    "audit_head",
    "bucket",
    "calendar",
    "channel",
    "cleaning",
    "dealing",
    "delivery",
    "executor",
    "former_user",
    "freeze",
    "grant",
    "host_minute",
    "host_sample",
    "host_state",
    "id_block",
    "incident",
    "instance",
    "instance_handlers",
    "job",
    "job_child",
    "job_cursor",
    "job_source",
    "log",
    "log_part",
    "namespace",
    "retention",
    "route_use",
    "run",
    "run_by_job",
    "run_text",
    "server",
    "session",
    "sign_in_guard",
    "stat_hour",
    "turned_away",
    "user",
];

/// The step that was begun last, and what was there before it: one row, and only while steps are applied.
const BEGUN: &str = "migration_begun";

/// Applies what is missing, step by step. An error in between, or a kill, leaves the step to be taken
/// back by the next call.
pub async fn up(db: &DatabaseConnection) -> Result<(), DbErr> {
    take_back(db).await?;
    let pending = WholeMigrator::get_pending_migrations(db).await?;
    if pending.is_empty() {
        return Ok(());
    }
    for step in pending {
        note(db, step.name()).await?;
        WholeMigrator::up(db, Some(1)).await?;
    }
    forget(db).await
}

/// Takes away what a step has added that was begun and is not recorded.
async fn take_back(db: &DatabaseConnection) -> Result<(), DbErr> {
    if !SchemaManager::new(db).has_table(BEGUN).await? {
        return Ok(());
    }
    let rows = db.query_all_raw(statement(db, format!("SELECT step, things FROM {BEGUN}"))).await?;
    if let Some(row) = rows.first() {
        let (step, things): (String, String) = (row.try_get("", "step")?, row.try_get("", "things")?);
        let pending = WholeMigrator::get_pending_migrations(db).await?;
        if pending.iter().any(|pending| pending.name() == step) {
            let before: HashSet<&str> = things.lines().collect();
            for thing in added(things_of(db).await?, &before) {
                db.execute_unprepared(&thing.drop()).await?;
            }
        }
    }
    forget(db).await
}

/// Notes that a step begins, and what there is before it.
async fn note(db: &DatabaseConnection, step: &str) -> Result<(), DbErr> {
    let table = format!(
        "CREATE TABLE IF NOT EXISTS {BEGUN} \
         (id INTEGER PRIMARY KEY, step VARCHAR(255) NOT NULL, things MEDIUMTEXT NOT NULL)"
    );
    db.execute_unprepared(&table).await?;
    let things: Vec<String> = things_of(db).await?.iter().map(Thing::to_string).collect();
    let sql = format!("REPLACE INTO {BEGUN} (id, step, things) VALUES (1, ?, ?)");
    let values = [step.into(), things.join("\n").into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.map(drop)
}

async fn forget(db: &DatabaseConnection) -> Result<(), DbErr> {
    db.execute_unprepared(&format!("DROP TABLE IF EXISTS {BEGUN}")).await.map(drop)
}

/// Something that a step may add.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thing {
    table: String,
    /// None = the table itself.
    part: Option<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Column(String),
    Index(String),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            None => write!(f, "{}", self.table),
            Some(Part::Column(name)) => write!(f, "{}.{name}", self.table),
            Some(Part::Index(name)) => write!(f, "{}/{name}", self.table),
        }
    }
}

impl Thing {
    /// The statement that takes it away. A column goes with a copy of its table: one that is dropped in an
    /// instant is still counted in the size of a row, and after some of them no column can be added.
    fn drop(&self) -> String {
        match &self.part {
            None => format!("DROP TABLE `{}`", self.table),
            Some(Part::Column(name)) => {
                format!("ALTER TABLE `{}` DROP COLUMN `{name}`, ALGORITHM=COPY", self.table)
            }
            Some(Part::Index(name)) => format!("ALTER TABLE `{}` DROP INDEX `{name}`", self.table),
        }
    }
}

/// Those that were not there before, in the order in which they can be dropped: an index goes before the
/// columns that it covers, and a table with all that it has.
fn added(now: Vec<Thing>, before: &HashSet<&str>) -> Vec<Thing> {
    let was_there = |thing: &Thing| before.contains(thing.to_string().as_str());
    let has_table = |thing: &Thing| thing.part.is_none() || before.contains(thing.table.as_str());
    let mut added: Vec<Thing> =
        now.into_iter().filter(|thing| !was_there(thing) && has_table(thing)).collect();
    added.sort_by_key(|thing| match thing.part {
        Some(Part::Index(_)) => 0,
        Some(Part::Column(_)) => 1,
        None => 2,
    });
    added
}

/// What there is of [`TABLES`].
async fn things_of(db: &DatabaseConnection) -> Result<Vec<Thing>, DbErr> {
    let mut things = Vec::new();
    for row in read(db, "tables", "table_name").await? {
        things.push(Thing { table: table_of(&row)?, part: None });
    }
    for row in read(db, "columns", "column_name").await? {
        things.push(Thing { table: table_of(&row)?, part: Some(Part::Column(row.try_get("", "name")?)) });
    }
    for row in read(db, "statistics", "index_name").await? {
        things.push(Thing { table: table_of(&row)?, part: Some(Part::Index(row.try_get("", "name")?)) });
    }
    things.retain(|thing| TABLES.contains(&thing.table.as_str()));
    Ok(things)
}

async fn read(db: &DatabaseConnection, view: &str, name: &str) -> Result<Vec<QueryResult>, DbErr> {
    // MySQL names these columns in capitals, and has them as bytes.
    let sql = format!(
        "SELECT DISTINCT CAST(table_name AS CHAR) AS of_table, CAST({name} AS CHAR) AS name \
         FROM information_schema.{view} WHERE table_schema = DATABASE()"
    );
    db.query_all_raw(statement(db, sql)).await
}

fn table_of(row: &QueryResult) -> Result<String, DbErr> {
    row.try_get("", "of_table")
}

fn statement(db: &DatabaseConnection, sql: String) -> Statement {
    Statement::from_string(db.get_database_backend(), sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(table: &str, part: Option<Part>) -> Thing {
        Thing { table: table.to_owned(), part }
    }

    #[test]
    fn what_has_come_is_dropped_indexes_first_and_what_was_there_stays() {
        let column = |table, name: &str| thing(table, Some(Part::Column(name.to_owned())));
        let index = |table, name: &str| thing(table, Some(Part::Index(name.to_owned())));
        let now = vec![
            thing("job", None),
            thing("freeze", None),
            column("job", "id"),
            column("job", "calendar_id"),
            column("freeze", "id"),
            index("job", "PRIMARY"),
            index("job", "job_calendar_id"),
            index("freeze", "PRIMARY"),
        ];
        let before = HashSet::from(["job", "job.id", "job/PRIMARY"]);
        let drops: Vec<String> = added(now, &before).iter().map(Thing::drop).collect();
        let expected = [
            "ALTER TABLE `job` DROP INDEX `job_calendar_id`",
            "ALTER TABLE `job` DROP COLUMN `calendar_id`, ALGORITHM=COPY",
            "DROP TABLE `freeze`",
        ];
        assert_eq!(drops, expected);
    }
}
