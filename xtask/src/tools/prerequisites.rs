//! What must be there before anything can be compiled.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, process};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Fails with the way to get it where the C compiler is missing (SQLite and TLS hold C code).
pub fn check_compiler() -> Result<()> {
    if std::env::var_os("CC").is_some() || paths::find_on_path(&["cc", "gcc", "clang"]).is_some() {
        return Ok(());
    }
    bail!(
        "a C compiler is needed: Debian, Ubuntu: apt-get install build-essential; Fedora: dnf install gcc; \
         macOS: xcode-select --install"
    )
}

/// Adds the standard library for the browser to the toolchain.
pub fn add_wasm_target() -> Result<()> {
    let sysroot = process::output("rustc", Command::new("rustc").args(["--print", "sysroot"]))
        .context("rustc is needed: https://rustup.rs")?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    println!(
        "adding Rust's {WASM_TARGET} target because the console runs in the browser; takes 10 seconds ..."
    );
    process::run("rustup target add", Command::new("rustup").args(["target", "add", WASM_TARGET])).with_context(
        || format!("the target {WASM_TARGET} is needed: `rustup target add {WASM_TARGET}`, or your system's package of it"),
    )
}
