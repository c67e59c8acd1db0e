//! `orrery`, the server.

use clap::Parser;
use server::commands::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    match server::commands::run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orrery: {error:#}");
            ExitCode::FAILURE
        }
    }
}
