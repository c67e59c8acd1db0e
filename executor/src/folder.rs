//! The data folder belongs to one process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::settings::Error;

/// Keeps the folder until it is dropped, however the process ends.
pub(crate) struct FolderLock {
    _file: File,
}

/// Takes the folder for this process, creating it where it is missing.
///
/// # Errors
/// Another executor has it, or it cannot be written.
pub(crate) fn take(folder: &Path) -> Result<FolderLock, Error> {
    let unusable = |source| Error::Folder { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
    let file = opened.map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(Error::FolderTaken(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_taken_once_and_free_again_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let lock = take(&folder).unwrap();
        let refused = take(&folder).err().unwrap().to_string();
        assert!(refused.contains("belongs to another executor"), "{refused}");
        drop(lock);
        take(&folder).unwrap();
    }
}
