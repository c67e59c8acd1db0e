//! `orrery backup`: a copy of the SQLite database while a server works on it. The others have programs of their own.

use crate::audit_key;
use crate::config::Settings;
use anyhow::{Context, Result, bail, ensure};
use scheduler::store::{Databases, backup, dump_command, schema};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Copies the database to `file`; `settings_file` is the one in force, if there is one.
pub async fn run(settings: &Settings, settings_file: Option<PathBuf>, file: &Path) -> Result<()> {
    if let Some(command) = dump_command(&settings.database_url, &file.display().to_string()) {
        bail!("only SQLite is copied by this command. For this database it is:\n  {command}");
    }
    let database = settings.sqlite_file().context("the URL names no database that can be copied")?;
    ensure!(database.is_file(), "there is no database at {}", database.display());
    ensure!(!file.exists(), "{} exists already, and is left alone", file.display());
    let databases = Databases::connect(&settings.database_url).await?;
    let copied = copy(&databases, file).await;
    databases.close().await?;
    copied?;
    let size = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    println!("{} was copied to {}: {}", database.display(), file.display(), readable(size));
    tell_what_else(settings, settings_file.as_deref());
    Ok(())
}

/// Under its name there is nothing, or all of it on disk: it is written beside, and put in its place. It holds
/// tokens, so only its owner may read it.
async fn copy(databases: &Databases, file: &Path) -> Result<()> {
    let steps = schema::status(&databases.web).await?;
    ensure!(steps.iter().any(|step| step.applied), "the database is empty: there is nothing to back up");
    let beside = file.with_added_extension(format!("{}.part", std::process::id()));
    let cannot = || format!("cannot write {}", file.display());
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(&beside).with_context(cannot)?;
    let copied = backup::copy(&databases.web, &beside).await;
    let placed = copied.with_context(cannot).and_then(|()| place(&made, &beside, file).with_context(cannot));
    if placed.is_err() {
        // What is wrong has been said; an unfinished copy is of no use.
        drop(fs::remove_file(&beside));
    }
    placed
}

fn place(written: &File, beside: &Path, file: &Path) -> std::io::Result<()> {
    written.sync_all()?;
    fs::rename(beside, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// What a server needs and the database does not hold.
fn tell_what_else(settings: &Settings, settings_file: Option<&Path>) {
    println!("Keep with it what is not in the database:");
    println!("  {}, without which nobody can verify the audit", audit_key::place(settings));
    match settings_file {
        Some(file) => {
            println!("  {}, and the settings that the environment and the flags give", file.display())
        }
        None => println!("  the settings that the environment and the flags give, if there are any"),
    }
}

/// Bytes as people read them: `12.3 MiB`.
fn readable(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn sizes_are_said_with_one_digit_behind_the_point() {
        assert_eq!([readable(524_800), readable(13_000_000)], ["512.5 KiB", "12.4 MiB"]);
    }
}
