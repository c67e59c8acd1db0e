//! The disks of a host: each real one once, the one of the executor's data first.

use std::collections::HashSet;
use std::path::Path;

use nix::sys::statvfs::statvfs;
use protocol::metrics::{Disk, MOST_DISKS, NAME_LENGTH};
use sysinfo::Disks;

/// All that `sysinfo` takes for disks (nothing of the network, nothing in memory), each device once, by mount
/// point; before them the one that the data folder is on, whatever it is.
pub(super) fn of_all(found: &Disks, data_dir: &Path) -> Vec<Disk> {
    let mounts =
        || found.list().iter().map(|disk| (disk.name().to_string_lossy().into_owned(), disk.mount_point()));
    let own = mounts()
        .filter(|(_, mount)| data_dir.starts_with(mount))
        .max_by_key(|(_, mount)| mount.as_os_str().len());
    let own = own.unwrap_or_else(|| (String::new(), data_dir));
    let mut others: Vec<_> = mounts().collect();
    others.sort_by_key(|(_, mount)| *mount);
    let mut seen = HashSet::new();
    std::iter::once(own)
        .chain(others)
        .filter(|(name, mount)| {
            seen.insert(if name.is_empty() { mount.display().to_string() } else { name.clone() })
        })
        .filter_map(|(name, mount)| measured(name, mount))
        .take(MOST_DISKS)
        .collect()
}

/// None for what has no size, or cannot be asked.
fn measured(name: String, mount: &Path) -> Option<Disk> {
    let space = statvfs(mount).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(space.fragment_size());
    let (all, unwritten) = (space.blocks(), space.blocks_free());
    (all > 0).then(|| Disk {
        name: shortened(name),
        mount: shortened(mount.to_string_lossy().into_owned()),
        total: bytes(all),
        used: bytes(all.saturating_sub(unwritten)),
        free: bytes(space.blocks_available()),
    })
}

fn shortened(text: String) -> String {
    text.chars().take(NAME_LENGTH).collect()
}
