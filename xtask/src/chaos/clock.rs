//! Clocks that are moved while processes go by them, with libfaketime: it stands between a process and the
//! system's clock, and reads from a file by how much that is to be off. The monotonic clock is left alone, as
//! it is where somebody sets a machine's clock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::storage::Backend;
use crate::paths::ScratchFolder;
use crate::tools::system;

/// Debian's package.
const PACKAGE: &str = "libfaketime";

/// Whose clock a scenario moves. SQLite's is that of the server it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Server,
    Database,
}

/// The clock of the processes that are started with its environment.
pub struct Clock {
    folder: ScratchFolder,
    library: PathBuf,
    is_servers: bool,
    is_databases: bool,
    /// When it was moved, by the true time, and by how much it has been ahead of that since; ms.
    moves: Vec<(i64, i64)>,
}

impl Clock {
    /// One that is right.
    pub fn create(whose: Whose, backend: Backend) -> Result<Self> {
        let folder = ScratchFolder::create("clock")?;
        // A database's server is somebody else, and reads it too.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let is_one = backend.kind().is_none();
        let clock = Self {
            folder,
            library: library().context(how_to_get_it())?,
            is_servers: is_one || whose == Whose::Server,
            is_databases: is_one || whose == Whose::Database,
            moves: Vec::new(),
        };
        clock.write(0)?;
        Ok(clock)
    }

    /// What a server has to find in its environment.
    pub fn for_servers(&self) -> Vec<(String, String)> {
        if self.is_servers { self.environment() } else { Vec::new() }
    }

    /// What the database has to find in its environment.
    pub fn for_database(&self) -> Vec<(String, String)> {
        if self.is_databases { self.environment() } else { Vec::new() }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let file = self.file();
        let variables = [
            ("LD_PRELOAD", self.library.as_path()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_path()),
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned())).into()
    }

    /// From now on, `at` by the true time, it is so many seconds ahead of that.
    pub fn set(&mut self, at: i64, ahead_s: i64) -> Result<()> {
        self.write(ahead_s)?;
        self.moves.push((at, ahead_s * 1_000));
        Ok(())
    }

    /// By how much the database's clock was ahead of the true time then, ms.
    pub fn database_ahead_at(&self, at: i64) -> i64 {
        let last = self.moves.iter().rev().find(|(since, _)| *since <= at);
        last.filter(|_| self.is_databases).map_or(0, |(_, ahead)| *ahead)
    }

    /// Beside and renamed: a process may read it at any moment.
    fn write(&self, ahead_s: i64) -> Result<()> {
        let beside = self.folder.path().join("new");
        fs::write(&beside, format!("{ahead_s:+}\n"))?;
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o644))?;
        Ok(fs::rename(beside, self.file())?)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}

/// Whether clocks can be moved here, installing what it takes where nobody needs to be asked.
pub fn is_available() -> Result<bool> {
    if library().is_none() && system::can_install() {
        system::install(&[PACKAGE], "clocks are moved in it")?;
    }
    Ok(library().is_some())
}

/// What to do where they cannot.
pub fn how_to_get_it() -> String {
    format!("{PACKAGE} is not installed (Debian, Ubuntu: apt-get install {PACKAGE})")
}

/// The variant for processes with threads. Debian has a folder for each kind of machine.
fn library() -> Option<PathBuf> {
    let machines = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    machines.map(|machine| machine.join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_by_what_it_was_last_set_to() {
        let folder = ScratchFolder::create("clock-test").unwrap();
        let library = PathBuf::new();
        let mut clock = Clock { folder, library, is_servers: false, is_databases: true, moves: Vec::new() };
        clock.set(100, 3_600).unwrap();
        clock.set(200, -5).unwrap();
        let ahead = [99, 100, 199, 200].map(|at| clock.database_ahead_at(at));
        assert_eq!(ahead, [0, 3_600_000, 3_600_000, -5_000]);
        assert_eq!(fs::read_to_string(clock.file()).unwrap(), "-5\n");
        clock.is_databases = false;
        assert_eq!(clock.database_ahead_at(100), 0);
    }
}
