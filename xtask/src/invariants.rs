//! Rules of docs/architecture.md that the compiler does not enforce.

pub mod dependencies;
pub mod lengths;
pub mod queries;
mod source;
pub mod texts;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{paths, process};

/// Files that git knows, or would add, whose path ends with one of `endings`.
fn files(endings: &[&str]) -> Result<Vec<PathBuf>> {
    let root = paths::repository();
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root);
    let listed = process::output("git ls-files", &mut git)?;
    let wanted = listed.split('\0').filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    // A file that is deleted but not yet committed is still listed.
    Ok(wanted.map(PathBuf::from).filter(|path| root.join(path).is_file()).collect())
}
