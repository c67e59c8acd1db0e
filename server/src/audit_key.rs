//! The key that seals the audit: from the settings, else from a file of this server that is made at the first
//! start.

use crate::config::Settings;
use anyhow::{Context, Result, anyhow, bail};
use scheduler::rules::audit::Key;
use scheduler::{Services, audit, servers};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const FILE: &str = "audit.key";

/// # Errors
/// The file cannot be read, written, or holds no key.
pub fn of(settings: &Settings) -> Result<Key> {
    match settings.audit.key() {
        Some(key) => Ok(key),
        None => {
            let folder = settings.data_dir();
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            in_file(&folder.join(FILE))
        }
    }
}

/// Where it is, in words.
pub fn place(settings: &Settings) -> String {
    match settings.audit.key() {
        Some(_) => "the setting audit.key".to_owned(),
        None => settings.data_dir().join(FILE).display().to_string(),
    }
}

/// Looks whether the audit is sealed with this key so far. An entry that is sealed with another cannot be
/// verified together with the others.
///
/// # Errors
/// Another server is sealing it with another key at this moment. `address` is this one's.
pub async fn check(services: &Services, address: &str) -> Result<()> {
    if audit::is_sealed_with_our_key(services).await? {
        return Ok(());
    }
    if let Some(other) = servers::beside(services, address).await? {
        bail!(
            "the server {other} seals the audit with another key: give all servers the same audit.key, or copy the \
             file audit.key from its data folder"
        );
    }
    tracing::warn!(
        "the audit was sealed with another key until now: its entries cannot be verified together"
    );
    Ok(())
}

/// The key in this file, which is made where there is none. Two processes that start at once find the same.
fn in_file(file: &Path) -> Result<Key> {
    if !file.exists() {
        make(file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Key::read(&text).ok_or_else(|| anyhow!("{} holds no key of 64 hexadecimal digits", file.display()))
}

/// Written whole under another name and put in its place, unless there is one by now.
fn make(file: &Path) -> std::io::Result<()> {
    let beside = file.with_extension(format!("{}.new", std::process::id()));
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    writeln!(new, "{}", Key::new(rand::random()).text())?;
    new.sync_all()?;
    let placed = fs::hard_link(&beside, file);
    fs::remove_file(&beside)?;
    match placed {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let first = in_file(&file).unwrap();
        assert_eq!(in_file(&file).unwrap().id(), first.id());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, "secret").unwrap();
        let error = in_file(&file).err().unwrap().to_string();
        assert!(error.contains("audit.key holds no key"), "{error}");
    }
}
