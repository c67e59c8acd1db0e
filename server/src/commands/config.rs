//! `orrery config`

use super::SettingsArguments;
use crate::config::DOCUMENTED;
use anyhow::Result;

pub fn run(arguments: &SettingsArguments, effective: bool) -> Result<()> {
    if !effective {
        print!("{DOCUMENTED}");
        return Ok(());
    }
    let layers = arguments.read()?;
    // Wrong values are refused here as they are by the server.
    layers.settings()?;
    print!("{}", layers.show());
    Ok(())
}
