//! `cargo xtask dev`

use anyhow::Result;

use crate::{process, site, tools};

#[derive(clap::Args)]
pub struct Options {
    /// Further arguments for `cargo leptos watch`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Watches the sources until Ctrl-C.
///
/// Compiles into the checkout's own `target`, as a bare `cargo leptos watch` does: the reload script is compiled
/// into Leptos, so sharing a folder with `run` and `test` would compile Leptos anew at every change between them.
pub fn dev(options: &Options) -> Result<()> {
    let path = tools::for_site()?;
    process::run("cargo leptos watch", site::cargo_leptos(&path)?.arg("watch").args(&options.arguments))
}
