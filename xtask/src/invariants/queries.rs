//! Queries live in the store and in the migrations, nowhere else.

use std::fs;

use anyhow::{Result, ensure};

use super::{files, source};
use crate::paths;
use crate::report::Counts;

/// Words without which nobody builds or sends a query.
const WORDS: &[&str] = &[
    "EntityTrait",
    "QueryFilter",
    "QuerySelect",
    "QueryOrder",
    "ColumnTrait",
    "PaginatorTrait",
    "ActiveModelTrait",
    "Statement",
    "sea_query",
    "ConnectionTrait",
    "execute_unprepared",
    "query_one",
    "query_all",
    "sqlx",
];

/// Sources that may not hold any of them. `entity` declares tables and holds no store.
const SCOPES: &[&str] = &["app/src/", "frontend/src/", "server/src/", "executor/src/", "scheduler/src/"];
const STORE: &[&str] = &["scheduler/src/store.rs", "scheduler/src/store/"];

/// Reads every source outside the store, without its comments, texts and tests.
pub fn check() -> Result<Counts> {
    let mut wrong = Vec::new();
    for file in files(&[".rs"])? {
        let name = file.to_string_lossy().replace('\\', "/");
        let concerned = SCOPES.iter().any(|scope| name.starts_with(scope));
        if !concerned || STORE.iter().any(|store| name.starts_with(store)) || name.ends_with("/tests.rs") {
            continue;
        }
        let code = source::code_only(&fs::read_to_string(paths::repository().join(&file))?);
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            wrong.extend(
                words(line)
                    .filter(|word| WORDS.contains(word))
                    .map(|word| format!("{name}:{} {word}", index + 1)),
            );
        }
    }
    ensure!(wrong.is_empty(), "queries outside the store: {}", wrong.join(", "));
    Ok(Counts::ONE)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}
