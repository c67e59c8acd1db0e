//! A Chromium for the browser tests.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::tools::system;
use crate::{paths, process};

/// Names under which systems install a browser of the Chromium family.
const NAMES: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
const MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser's executable: `ORRERY_CHROMIUM`, an installed one, or Debian's, installed now.
pub fn find_or_install() -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("ORRERY_CHROMIUM").map(PathBuf::from) {
        if paths::is_executable(&chosen) {
            return Ok(chosen);
        }
        bail!("ORRERY_CHROMIUM names {}, which is no executable file", chosen.display());
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if system::can_install() {
        system::install(
            &["chromium", "fonts-noto-cjk"],
            "the browser tests need a browser and Chinese letters",
        )?;
        if let Some(found) = find() {
            return Ok(found);
        }
    }
    bail!(
        "no Chromium, Chrome or Edge found. Install one (Debian, Ubuntu: apt-get install chromium fonts-noto-cjk; \
         macOS: brew install --cask google-chrome) or name it in ORRERY_CHROMIUM"
    )
}

fn find() -> Option<PathBuf> {
    let macos = PathBuf::from(MACOS);
    paths::find_on_path(NAMES).or_else(|| paths::is_executable(&macos).then_some(macos))
}

/// Chinese pages without a Chinese font show boxes: screenshots would be worthless.
pub fn add_chinese_font() -> Result<()> {
    let listed = process::output("fc-list", Command::new("fc-list").arg(":lang=zh"));
    if listed.is_ok_and(|fonts| !fonts.trim().is_empty()) {
        return Ok(());
    }
    if system::can_install() {
        return system::install(&["fonts-noto-cjk", "fontconfig"], "Chinese pages need a font");
    }
    println!("note: no Chinese font found; screenshots of Chinese pages will show boxes (fonts-noto-cjk)");
    Ok(())
}
