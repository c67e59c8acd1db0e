//! JavaScript that only some pages load: `app/scripts/*.js` with what they take from npm.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{paths, process};

/// Where the sources are; each file is one script, folders hold what they share.
const SOURCES: &str = "app/scripts";
/// Within what cargo-leptos copies into the site: `/scripts/<name>.js`.
const BUNDLES: &str = "public/scripts";

/// Bundles the scripts with esbuild from `path`, a `PATH` that has the Node packages.
///
/// What a script loads later (`import()`) becomes a file below `parts/`, named after its content.
pub fn bundle(path: &OsStr) -> Result<()> {
    let bundles = paths::repository().join(BUNDLES);
    if bundles.exists() {
        // Parts of an earlier build would go along into the binary.
        fs::remove_dir_all(&bundles).with_context(|| format!("cannot empty {}", bundles.display()))?;
    }
    println!("bundling the scripts ...");
    let mut esbuild = Command::new("esbuild");
    esbuild
        .args(entries(&paths::repository().join(SOURCES))?)
        .args(["--bundle", "--minify", "--format=esm", "--splitting", "--target=es2022"])
        .args(["--chunk-names=parts/[name]-[hash]", "--log-level=warning"])
        .arg(format!("--outdir={}", bundles.display()))
        .env("PATH", path)
        .current_dir(paths::repository());
    process::run("esbuild", &mut esbuild)
}

/// The scripts in a folder, without those in folders below.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let files: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let mut scripts: Vec<PathBuf> =
        files.into_iter().filter(|file| file.extension() == Some(OsStr::new("js"))).collect();
    scripts.sort();
    Ok(scripts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::ScratchFolder;

    #[test]
    fn a_file_is_a_script_and_a_folder_holds_what_scripts_share() {
        let scratch = ScratchFolder::create("scripts").unwrap();
        for name in ["b.js", "a.js", "notes.md", "shared/part.js"] {
            let file = scratch.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let names = |found: Vec<PathBuf>| -> Vec<String> {
            found.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(entries(scratch.path()).unwrap()), ["a.js", "b.js"]);
    }
}
