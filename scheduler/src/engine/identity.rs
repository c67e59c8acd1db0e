//! Who this server is, across restarts: a file in the data folder, and a lock that proves that
//! nobody else is it.

use crate::{Error, Result};
use rand::Rng;
use std::fs::{File, TryLockError};
use std::path::Path;

/// A server's identity, held by an exclusive lock for as long as this lives.
#[derive(Debug)]
pub struct Identity {
    pub text: String,
    /// The lock ends with the process, however it ends.
    _lock: Option<File>,
}

impl Identity {
    /// An identity for this life only.
    pub fn passing() -> Self {
        Self { text: format!("{}/{}", host_name(), random_hex()), _lock: None }
    }

    /// The identity kept in `folder`, made at the first start. A folder copied to another host is
    /// another server.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when another process holds it, or the folder cannot be written.
    pub fn kept_in(folder: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::Unavailable(format!("the data folder {} cannot be used: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(folder.join("server.lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another server is running with the data folder {}", folder.display());
                return Err(Error::Unavailable(text));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let path = folder.join("server.identity");
        let here = format!("{}/", host_name());
        let kept = std::fs::read_to_string(&path).map(|text| text.trim().to_owned());
        let text = match kept {
            Ok(text) if text.starts_with(&here) && text.len() > here.len() => text,
            _ => {
                let text = format!("{here}{}", random_hex());
                std::fs::write(&path, &text).map_err(failed)?;
                text
            }
        };
        Ok(Self { text, _lock: Some(lock) })
    }
}

/// The token of one life: 1 … 2⁵³−1.
pub fn new_incarnation() -> i64 {
    rand::rng().random_range(1..1 << 53)
}

fn random_hex() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// As the system knows it, at most 64 characters.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.ok().or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    match name.trim() {
        "" => "host".to_owned(),
        name => name.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_outlives_its_process_and_belongs_to_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::kept_in(folder.path()).unwrap();
        assert!(matches!(Identity::kept_in(folder.path()), Err(Error::Unavailable(_))));
        let text = first.text.clone();
        drop(first);
        assert_eq!(Identity::kept_in(folder.path()).unwrap().text, text);
    }

    #[test]
    fn a_folder_from_another_host_is_another_server() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.identity"), "elsewhere/0123").unwrap();
        let text = Identity::kept_in(folder.path()).unwrap().text;
        assert_ne!(text, "elsewhere/0123");
    }
}
