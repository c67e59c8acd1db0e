//! SQLite serves one server: whoever runs on a database file holds the lock beside it.

use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::path::Path;

/// Held for as long as this lives; the lock ends with the process, however it ends.
#[derive(Debug)]
pub struct Alone {
    _lock: File,
}

impl Alone {
    /// # Errors
    /// Another server runs on this database, or nothing can be written beside it.
    pub fn on(database: &Path) -> Result<Self> {
        let lock = database.with_added_extension("lock");
        let folder = database.parent().unwrap_or(Path::new(""));
        let made = fs::create_dir_all(folder).and_then(|()| File::create(&lock));
        let file = made.with_context(|| format!("cannot write {}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "another server runs on the SQLite database {}: SQLite serves one, PostgreSQL and MariaDB several",
                database.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", lock.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_serves_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("new").join("orrery.db");
        let first = Alone::on(&database).unwrap();
        let error = Alone::on(&database).err().unwrap().to_string();
        assert!(error.contains("another server runs on") && error.contains("orrery.db"), "{error}");
        drop(first);
        Alone::on(&database).unwrap();
    }
}
