//! `orrery`, the server.

use clap::Parser;
use server::commands::Arguments;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// A run is a few hundred small allocations, made on one thread and freed on another: see "The allocator" in
/// `docs/benchmarks.md`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match server::commands::run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orrery: {error:#}");
            ExitCode::FAILURE
        }
    }
}
