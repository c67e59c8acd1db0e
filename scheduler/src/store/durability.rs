//! How surely the database keeps what it said it had, as its settings say.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// A database and the settings that the promises rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// As it names itself, with its version.
    pub database: String,
    pub settings: Vec<Setting>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    pub value: String,
    /// A crash of the database or its host may take back what was committed.
    pub is_weak: bool,
}

/// A setting: how it is asked for, and which values are weak.
struct Question {
    name: &'static str,
    sql: &'static str,
    is_weak: fn(&str) -> bool,
}

const SQLITE: [Question; 2] = [
    Question { name: "synchronous", sql: "PRAGMA synchronous", is_weak: |value| !matches!(value, "2" | "3") },
    Question {
        name: "journal_mode",
        sql: "PRAGMA journal_mode",
        is_weak: |value| matches!(value, "off" | "memory"),
    },
];

const POSTGRES: [Question; 4] = [
    Question { name: "fsync", sql: "SHOW fsync", is_weak: is_off },
    Question { name: "full_page_writes", sql: "SHOW full_page_writes", is_weak: is_off },
    Question { name: "synchronous_commit", sql: "SHOW synchronous_commit", is_weak: is_off },
    Question { name: "synchronous_standby_names", sql: "SHOW synchronous_standby_names", is_weak: |_| false },
];

const MYSQL: [Question; 2] = [
    Question {
        name: "innodb_flush_log_at_trx_commit",
        sql: "SELECT CAST(@@innodb_flush_log_at_trx_commit AS CHAR)",
        is_weak: |value| value != "1",
    },
    Question {
        name: "innodb_doublewrite",
        sql: "SELECT CAST(@@innodb_doublewrite AS CHAR)",
        is_weak: |value| is_off(&value.to_lowercase()),
    },
];

fn is_off(value: &str) -> bool {
    matches!(value, "off" | "0")
}

/// Asks the database.
pub async fn read(conn: &impl ConnectionTrait) -> Result<Durability, DbErr> {
    let (name, version, questions): (_, _, &[Question]) = match conn.get_database_backend() {
        DbBackend::Postgres => ("PostgreSQL", "SHOW server_version", &POSTGRES),
        DbBackend::MySql => ("", "SELECT VERSION()", &MYSQL),
        _ => ("SQLite", "SELECT sqlite_version()", &SQLITE),
    };
    let version = ask(conn, version).await?;
    let name = match name {
        "" if version.contains("MariaDB") => "MariaDB",
        "" => "MySQL",
        name => name,
    };
    let mut settings = Vec::with_capacity(questions.len());
    for Question { name, sql, is_weak } in questions {
        let value = ask(conn, sql).await?;
        settings.push(Setting { name, is_weak: is_weak(&value), value });
    }
    Ok(Durability { database: format!("{name} {version}"), settings })
}

/// The one value of the one row, as a text.
async fn ask(conn: &impl ConnectionTrait, sql: &str) -> Result<String, DbErr> {
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    let row = row.ok_or_else(|| DbErr::Custom(format!("the database says nothing to: {sql}")))?;
    row.try_get_by_index::<String>(0)
        .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_weak(questions: &[Question], name: &str, value: &str) -> bool {
        let question = questions.iter().find(|question| question.name == name);
        question.is_some_and(|question| (question.is_weak)(value))
    }

    #[test]
    fn what_may_lose_a_commit_is_weak() {
        assert!(is_weak(&SQLITE, "synchronous", "1") && !is_weak(&SQLITE, "synchronous", "2"));
        assert!(is_weak(&SQLITE, "journal_mode", "off") && !is_weak(&SQLITE, "journal_mode", "wal"));
        assert!(is_weak(&POSTGRES, "fsync", "off") && !is_weak(&POSTGRES, "fsync", "on"));
        assert!(is_weak(&POSTGRES, "synchronous_commit", "off"));
        assert!(!is_weak(&POSTGRES, "synchronous_commit", "local"));
        let flush = "innodb_flush_log_at_trx_commit";
        assert!(is_weak(&MYSQL, flush, "2") && is_weak(&MYSQL, flush, "0") && !is_weak(&MYSQL, flush, "1"));
        assert!(is_weak(&MYSQL, "innodb_doublewrite", "OFF") && is_weak(&MYSQL, "innodb_doublewrite", "0"));
        assert!(!is_weak(&MYSQL, "innodb_doublewrite", "ON"));
    }
}
