//! A copy of the database while servers work on it.

use super::Db;
use crate::{Error, Result};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::path::Path;

/// Writes what is committed at this moment into another SQLite file, which is empty or not there. Nobody waits for
/// it: it reads as pages do. The file is not necessarily on disk when this returns.
///
/// # Errors
/// [`Error::Database`], also where the disk is full; [`Error::Unavailable`] where the database is not SQLite's, or
/// the path is no text.
pub async fn copy(db: &Db, to: &Path) -> Result<()> {
    if db.backend() != DbBackend::Sqlite {
        return Err(Error::Unavailable("only SQLite is copied by a statement".to_owned()));
    }
    let name = to.to_str().ok_or_else(|| Error::Unavailable(format!("{} is no text", to.display())))?;
    let statement = Statement::from_sql_and_values(db.backend(), "VACUUM INTO ?", [name.into()]);
    db.reader().execute_raw(statement).await?;
    Ok(())
}
