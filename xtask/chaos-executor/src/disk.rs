//! What an executor keeps across its lives: the logs of runs, and the results that no server has taken.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    pub run: i64,
    pub job: i32,
    pub due: i64,
    pub code: i32,
}

/// A folder.
pub struct Disk(PathBuf);

impl Disk {
    /// Creates what is missing.
    pub fn open(folder: &Path) -> Result<Self> {
        for part in ["logs", "unreported"] {
            fs::create_dir_all(folder.join(part)).context("the executor's folder")?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// The first line of a run's log, in the words that Java's library writes.
    pub fn log_start(&self, run: i64) -> Result<()> {
        self.log(run, "----------- xxl-job job execute start -----------\n")
    }

    /// The last lines of a run's log.
    pub fn log_end(&self, run: i64, code: i32) -> Result<()> {
        let end = "----------- xxl-job job execute end(finish) -----------\n";
        self.log(run, &format!("{end}----------- Result: handleCode={code}, handleMsg = \n"))
    }

    /// A run's log; none where it never started.
    pub fn read_log(&self, run: i64) -> Option<String> {
        fs::read_to_string(self.log_file(run)).ok()
    }

    /// Keeps a result until a server has it.
    pub fn keep(&self, end: Finished) -> Result<()> {
        let Finished { run, job, due, code } = end;
        // Beside and renamed, so that a death in between leaves no half of it.
        let beside = self.0.join(format!("{run}.new"));
        fs::write(&beside, json!([run, job, due, code]).to_string())?;
        Ok(fs::rename(beside, self.unreported_file(run))?)
    }

    /// Forgets a result that a server has.
    pub fn forget(&self, run: i64) -> Result<()> {
        match fs::remove_file(self.unreported_file(run)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Results that an earlier life could not report.
    pub fn unreported(&self) -> Result<Vec<Finished>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.0.join("unreported"))? {
            let (run, job, due, code) = serde_json::from_str(&fs::read_to_string(entry?.path())?)?;
            found.push(Finished { run, job, due, code });
        }
        Ok(found)
    }

    fn log(&self, run: i64, text: &str) -> Result<()> {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.log_file(run))?;
        Ok(file.write_all(text.as_bytes())?)
    }

    fn log_file(&self, run: i64) -> PathBuf {
        self.0.join("logs").join(format!("{run}.log"))
    }

    fn unreported_file(&self, run: i64) -> PathBuf {
        self.0.join("unreported").join(run.to_string())
    }
}
