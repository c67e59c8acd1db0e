//! `cargo xtask dev`

use anyhow::Result;

use crate::{process, scripts, site, tools};

#[derive(clap::Args)]
pub struct Options {
    /// Address of the console and the executor API.
    #[arg(long, default_value = "127.0.0.1:8901")]
    listen: String,
    /// Further arguments for `cargo leptos watch`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Watches the sources until Ctrl-C.
///
/// Scripts of `app/scripts` are bundled once, at the start.
///
/// Compiles into the checkout's own `target`, as a bare `cargo leptos watch` does: the reload script is compiled
/// into Leptos, so sharing a folder with `run` and `test` would compile Leptos anew at every change between them.
pub fn dev(options: &Options) -> Result<()> {
    let path = tools::for_site()?;
    scripts::bundle(&path)?;
    let mut watch = site::cargo_leptos(&path)?;
    // One for the server, one for cargo-leptos, which waits there for it before it reloads the browser.
    watch.env("ORRERY_LISTEN", &options.listen).env("LEPTOS_SITE_ADDR", &options.listen);
    process::run("cargo leptos watch", watch.arg("watch").args(&options.arguments))
}
