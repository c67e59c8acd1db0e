//! A database of its own for each test, on each backend that can be had.

use scheduler::store::{Databases, schema};
use tempfile::TempDir;

/// A migrated, empty database that is gone when the test ends.
pub struct Fresh {
    pub databases: Databases,
    _folder: Option<TempDir>,
}

impl Fresh {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("orrery.db").display());
        Self { _folder: Some(folder), ..Self::at(&url).await }
    }

    /// The database of this URL, which is empty.
    pub async fn at(url: &str) -> Self {
        let databases = Databases::connect(url).await.unwrap();
        schema::up(&databases.engine).await.unwrap();
        Self { databases, _folder: None }
    }
}
