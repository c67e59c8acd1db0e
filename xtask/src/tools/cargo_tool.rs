//! Executables published on crates.io.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;

/// An executable of a crate, at one version.
pub struct CargoTool {
    pub package: &'static str,
    pub executable: &'static str,
    pub version: &'static str,
    /// Further arguments of `cargo install`.
    pub install_arguments: &'static [&'static str],
    /// Address of the release archive, with `{version}` and `{target}`; none where there is none to use.
    pub prebuilt: Option<&'static str>,
    /// `{target}` on 64-bit Linux; elsewhere the tool is compiled.
    pub prebuilt_linux: &'static str,
    pub why: &'static str,
    pub usual: &'static str,
}

impl CargoTool {
    /// Installs the tool unless it is there; returns the folder of its executable.
    pub fn install(&self) -> Result<PathBuf> {
        let folder = super::folder(&format!("{}-{}", self.package, self.version))?;
        let announcement = format!("installing {} {} because {} ...", self.package, self.version, self.why);
        super::complete(&folder, self.version, &announcement, || {
            // A folder without marker may hold a finished installation all the same.
            if self.answers(&folder) || self.download(&folder) {
                return Ok(());
            }
            println!("  no ready-made one can be had here; compiling takes {} ...", self.usual);
            self.compile(&folder)?;
            ensure!(
                self.answers(&folder),
                "{} does not answer --version after its installation",
                self.executable
            );
            Ok(())
        })?;
        Ok(folder.join("bin"))
    }

    /// True when the executable is there and says the right version.
    fn answers(&self, folder: &Path) -> bool {
        let executable = folder.join("bin").join(self.executable);
        process::output(self.executable, Command::new(executable).arg("--version"))
            .is_ok_and(|text| text.contains(self.version))
    }

    /// Tries the project's own release archive; false where the network or the system has none.
    fn download(&self, folder: &Path) -> bool {
        let Some(prebuilt) = self.prebuilt.filter(|_| cfg!(all(target_os = "linux", target_arch = "x86_64")))
        else {
            return false;
        };
        let address = prebuilt.replace("{version}", self.version).replace("{target}", self.prebuilt_linux);
        // The executable lies at the top of the archive or one folder below: flattened by --transform.
        let script = r#"mkdir -p "$2/bin" && curl -fsSL --connect-timeout 5 --max-time 180 "$1" | tar xz -C "$2/bin" --transform='s|.*/||'"#;
        let fetched = process::succeeds(Command::new("sh").args(["-c", script, "sh", &address]).arg(folder));
        fetched && self.answers(folder)
    }

    fn compile(&self, folder: &Path) -> Result<()> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["install", "--locked", "--quiet", self.package, "--version", self.version])
            .args(self.install_arguments)
            .arg("--root")
            .arg(folder)
            // Its own temporary folder, which cargo removes: nothing of it is of use later.
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(std::env::temp_dir());
        process::run(&format!("cargo install {}", self.package), &mut command)
    }
}
