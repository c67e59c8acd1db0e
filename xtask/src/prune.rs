//! Keeps the shared folder of compiled code from growing for ever.
//!
//! Crates of others are the same for every checkout. Those of this workspace are not, but cargo tells them apart by
//! their path within the workspace, and by the age of their files: a checkout that is older than what another one
//! built would be given that.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::{paths, process, tools};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Artefacts of our crates that nobody has built anew for so long are another clone's.
const KEEP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// Above this, three days are too long.
const LARGE: u64 = 20 << 30;
/// Above this, nothing of ours is kept: compiling it anew takes minutes, crates of others far more.
const FULL: u64 = 40 << 30;
/// Folders of a profile that hold an entry for each compiled crate.
const PARTS: &[&str] = &["deps", "build", "incremental", ".fingerprint", "examples"];

/// Makes cargo compile this workspace's crates anew if another checkout was the last to do so.
pub fn take_over(target: &Path) -> Result<()> {
    let marker = target.join("checkout");
    let here = paths::repository();
    if fs::read_to_string(&marker).is_ok_and(|last| Path::new(&last) == here) {
        return Ok(());
    }
    let ours = our_crates()?;
    for profile in profiles(target) {
        prune_part(&profile.join(".fingerprint"), &ours, Duration::ZERO);
    }
    fs::create_dir_all(target)?;
    Ok(fs::write(&marker, here.to_string_lossy().as_ref())?)
}

/// Removes what is old, and more when the folder is large.
pub fn prune(target: &Path) -> Result<()> {
    if !target.is_dir() {
        return Ok(());
    }
    let size = size_of(target);
    println!("compiled code: {} ({:.1} GB)", target.display(), gigabytes(size));
    let keep = match size {
        FULL.. => Duration::ZERO,
        LARGE.. => DAY,
        _ => KEEP,
    };
    let ours = our_crates()?;
    let mut removed = 0;
    for profile in profiles(target) {
        for part in PARTS {
            removed += prune_part(&profile.join(part), &ours, keep);
        }
    }
    if removed > 0 {
        println!("  removed {removed} artefacts of this workspace older than {} h", keep.as_secs() / 3600);
    }
    Ok(())
}

fn gigabytes(size: u64) -> f64 {
    // Exact up to 2^53 bytes.
    size as f64 / f64::from(1 << 30)
}

/// `target/<profile>` and `target/<triple>/<profile>`.
fn profiles(target: &Path) -> Vec<std::path::PathBuf> {
    let below = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let first = below(target);
    let second: Vec<_> = first.iter().flat_map(|folder| below(folder)).collect();
    first.into_iter().chain(second).filter(|folder| folder.join(".fingerprint").is_dir()).collect()
}

/// Names of all crates that this workspace compiles, as they appear in file names. No test is to be called like a
/// crate of others: that one would be taken for ours.
fn our_crates() -> Result<BTreeSet<String>> {
    let mut cargo = tools::cargo()?;
    let text =
        process::output("cargo metadata", cargo.args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let mut names = BTreeSet::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let targets = package["targets"].as_array().into_iter().flatten().chain([package]);
        for name in targets.filter_map(|target| target["name"].as_str()) {
            names.insert(name.to_owned());
            names.insert(name.replace('-', "_"));
        }
    }
    Ok(names)
}

fn prune_part(folder: &Path, ours: &BTreeSet<String>, keep: Duration) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let old = entries.filter(|entry| {
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
        age.is_some_and(|age| age > keep) && is_ours(&entry.file_name().to_string_lossy(), ours)
    });
    old.filter(|entry| {
        let path = entry.path();
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.is_ok()
    })
    .count()
}

/// `libscheduler-0a1b2c3d.rlib`, `scheduler-0a1b2c3d` …: the name stands before the last hyphen.
fn is_ours(file: &str, ours: &BTreeSet<String>) -> bool {
    file.rsplit_once('-')
        .is_some_and(|(name, _)| ours.contains(name) || ours.contains(name.trim_start_matches("lib")))
}

fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok().map(|meta| (entry, meta)))
        .map(|(entry, meta)| if meta.is_dir() { size_of(&entry.path()) } else { meta.len() })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artefacts_of_others_are_never_taken_for_ours() {
        let ours = BTreeSet::from(["app".to_owned(), "orrery_executor".to_owned()]);
        assert!(is_ours("libapp-0a1b2c3d4e5f6071.rmeta", &ours));
        assert!(is_ours("orrery_executor-0a1b2c3d4e5f6071", &ours));
        assert!(!is_ours("libappend-0a1b2c3d4e5f6071.rmeta", &ours));
        assert!(!is_ours("serde-0a1b2c3d4e5f6071", &ours));
    }
}
