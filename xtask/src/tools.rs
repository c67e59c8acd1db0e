//! Tools that are not Rust crates of this workspace: found, or installed at a pinned version.

mod cargo_tool;
mod node;
mod prerequisites;
pub mod system;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{paths, report};
use cargo_tool::CargoTool;
pub use node::{check_node, install_packages};
pub use prerequisites::{add_wasm_target, check_compiler};

/// Builds the site and the server together. 0.3.9 and later need a newer compiler.
const CARGO_LEPTOS: CargoTool = CargoTool {
    package: "cargo-leptos",
    executable: "cargo-leptos",
    version: "0.3.8",
    // Optimised it takes twice as long to install and builds the site no faster.
    install_arguments: &["--debug"],
    prebuilt: Some(
        "https://github.com/leptos-rs/cargo-leptos/releases/download/v{version}/cargo-leptos-{target}.tar.gz",
    ),
    prebuilt_linux: "x86_64-unknown-linux-gnu",
    why: "it builds the site (WebAssembly, styles) and the server",
    usual: "7 minutes on 2 cores",
};

/// Makes JavaScript bindings; its version must equal the `wasm-bindgen` crate's.
const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    executable: "wasm-bindgen",
    version: "0.2.126",
    install_arguments: &[],
    prebuilt: Some(
        "https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/wasm-bindgen-{version}-{target}.tar.gz",
    ),
    prebuilt_linux: "x86_64-unknown-linux-musl",
    why: "it connects the WebAssembly with the browser",
    usual: "3 minutes on 2 cores",
};

/// Checks licences, sources and advisories of every crate.
const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    executable: "cargo-deny",
    version: "0.20.2",
    install_arguments: &["--debug"],
    prebuilt: Some(
        "https://github.com/EmbarkStudios/cargo-deny/releases/download/{version}/cargo-deny-{version}-{target}.tar.gz",
    ),
    prebuilt_linux: "x86_64-unknown-linux-musl",
    why: "it checks the licences and sources of all crates",
    usual: "3 minutes on 2 cores",
};

/// A scheduler that is measured beside ours, compiled here as ours is.
const RATCHJOB: CargoTool = CargoTool {
    package: "ratchjob",
    executable: "ratchjob",
    version: "0.3.1",
    install_arguments: &[],
    prebuilt: None,
    prebuilt_linux: "",
    why: "it is measured beside Orrery",
    usual: "15 minutes on 2 cores",
};

/// Installs what building the site needs and returns the `PATH` on which it is found.
pub fn for_site() -> Result<OsString> {
    check_compiler()?;
    add_wasm_target()?;
    let root = paths::repository();
    let folders = vec![CARGO_LEPTOS.install()?, WASM_BINDGEN.install()?, {
        install_packages(
            &root,
            "they hold Tailwind (styles), esbuild (scripts) and Binaryen (smaller WebAssembly)",
        )?;
        root.join("node_modules/.bin")
    }];
    paths::path_with(&folders)
}

/// Installs cargo-deny and returns its executable.
pub fn cargo_deny() -> Result<PathBuf> {
    Ok(CARGO_DENY.install()?.join(CARGO_DENY.executable))
}

/// Installs ratchjob and returns its executable.
pub fn ratchjob() -> Result<PathBuf> {
    Ok(RATCHJOB.install()?.join(RATCHJOB.executable))
}

/// Folder in the cache for something installed or built at one version, created if missing.
pub fn folder(name: &str) -> Result<PathBuf> {
    let folder = paths::cache()?.join("tools").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Makes `folder` complete with `install` unless its marker says so already; two processes never do it at once.
///
/// `version` is what the marker holds: another content means that the folder is out of date. It is written
/// last, so that an interrupted installation is not taken for a complete one.
pub fn complete(
    folder: &Path,
    version: &str,
    announcement: &str,
    install: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let marker = folder.join(".complete");
    if is_marked(&marker, version) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let _lock = lock(folder)?;
    if is_marked(&marker, version) {
        return Ok(());
    }
    println!("{announcement}");
    let start = Instant::now();
    install()?;
    fs::write(&marker, version).with_context(|| format!("cannot write {}", marker.display()))?;
    println!("  done in {}", report::seconds(start.elapsed()));
    Ok(())
}

fn is_marked(marker: &Path, version: &str) -> bool {
    fs::read_to_string(marker).is_ok_and(|text| text == version)
}

/// An exclusive lock on the right to fill `folder`, held until the file is dropped.
fn lock(folder: &Path) -> Result<File> {
    let locks = paths::cache()?.join("locks");
    fs::create_dir_all(&locks)?;
    let path = locks.join(folder.to_string_lossy().replace(['/', '\\'], "-"));
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        println!("waiting for another process that installs {} ...", folder.display());
        file.lock()?;
    }
    Ok(file)
}

/// `cargo`, the one that started us, compiling into [`paths::target`].
pub fn cargo() -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::repository()).env("CARGO_TARGET_DIR", paths::target()?);
    if paths::is_ci() {
        // A fresh clone never gains from incremental compilation; it only fills the cache.
        command.env("CARGO_INCREMENTAL", "0");
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::ScratchFolder;

    #[test]
    fn a_complete_folder_is_not_installed_again_and_an_interrupted_one_is() {
        let scratch = ScratchFolder::create("complete").unwrap();
        let folder = scratch.path().join("tool-1.0");
        assert!(complete(&folder, "1", "", || anyhow::bail!("the network went away")).is_err());
        let mut installs = 0;
        for _ in 0..2 {
            complete(&folder, "1", "", || {
                installs += 1;
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(installs, 1);
        complete(&folder, "2", "", || {
            installs += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(installs, 2, "another version must be installed again");
    }
}
