//! `cargo xtask bench`

mod cluster;
mod dispatch;
mod figures;
mod hold;
pub mod installation;
mod isolate;
mod lighthouse;
mod pages;
mod peer;
mod programs;
mod raw;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Jobs that fire every second at an executor that answers at once.
    Dispatch(dispatch::Options),
    /// One to three servers on one PostgreSQL: what they carry, how soon one's work is taken over, what they cost idle.
    Cluster(cluster::Options),
    /// The same load on another scheduler, in turn with ours.
    Peer(peer::Options),
    /// An executor that hangs, beside one that is well.
    Isolate(isolate::Options),
    /// Many jobs that are not due.
    Hold(hold::Options),
    /// Lighthouse's scores of every page of the demonstration.
    Lighthouse(lighthouse::Options),
    /// The time of each page, and the bytes of a first visit.
    Pages(pages::Options),
}

pub fn bench(options: &Options) -> Result<()> {
    match &options.what {
        What::Dispatch(options) => dispatch::dispatch(options),
        What::Cluster(options) => cluster::cluster(options),
        What::Peer(options) => peer::peer(options),
        What::Isolate(options) => isolate::isolate(options),
        What::Hold(options) => hold::hold(options),
        What::Lighthouse(options) => lighthouse::lighthouse(options),
        What::Pages(options) => pages::pages(options),
    }
}
