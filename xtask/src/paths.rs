//! Where things are: the repository, the user's cache, compiled code.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use nix::sys::statvfs::statvfs;

/// The root of this checkout.
pub fn repository() -> PathBuf {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// `$XDG_CACHE_HOME/orrery`, else `~/.cache/orrery`: shared by every checkout of this user.
pub fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?)
            .join(".cache"),
    };
    let folder = base.join("orrery");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Where cargo puts compiled code: `CARGO_TARGET_DIR` if the user set it, else `target` in the cache.
pub fn target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        Some(folder) => Ok(env::current_dir()?.join(folder)),
        None => Ok(cache()?.join("target")),
    }
}

/// True where an automatic gate runs (`CI` is set to anything but nothing, `0` or `false`).
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// `PATH` with `folders` searched first.
pub fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    let current = env::var_os("PATH").unwrap_or_default();
    env::join_paths(folders.iter().cloned().chain(env::split_paths(&current)))
        .context("a folder of PATH holds a separator")
}

/// The first executable called one of `names` on `PATH`.
pub fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
    })
}

/// True for a file that somebody may execute.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Scratch folders that exist now.
static SCRATCH: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What a database of the tests may fill, in bytes.
const ROOM: u128 = 6 << 30;

/// A new folder for this process under the system's temporary folder, removed when dropped.
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Creates `orrery-<purpose>-<process id>`, emptied if an earlier process left it behind.
    pub fn create(purpose: &str) -> Result<Self> {
        Self::create_in(&env::temp_dir(), purpose)
    }

    /// The same in memory, where the system has room for it there.
    pub fn create_in_memory(purpose: &str) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let has_room = statvfs(memory)
            .is_ok_and(|shm| u128::from(shm.blocks_available()) * u128::from(shm.fragment_size()) > ROOM);
        if has_room { Self::create_in(memory, purpose) } else { Self::create(purpose) }
    }

    fn create_in(parent: &Path, purpose: &str) -> Result<Self> {
        let folder = parent.join(format!("orrery-{purpose}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        scratch().push(folder.clone());
        Ok(Self(folder))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let mut folders = scratch();
        if folders.contains(&self.0) {
            remove_scratch(&self.0);
            folders.retain(|folder| *folder != self.0);
        }
    }
}

/// Removes every scratch folder; for an end of the process that drops nothing.
pub fn remove_scratch_folders() {
    for folder in scratch().drain(..) {
        remove_scratch(&folder);
    }
}

fn remove_scratch(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        eprintln!("note: cannot remove {}: {error}", folder.display());
    }
}

fn scratch() -> MutexGuard<'static, Vec<PathBuf>> {
    SCRATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A TCP port of this host that is free now, another one each time: below those that Linux gives to outgoing
/// connections, one of which would have it while a server is down that is to come back to it.
pub fn free_port() -> Result<u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Two that run at the same time begin elsewhere.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let place = start.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + place)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} to {} is free", FIRST + COUNT - 1)
}
