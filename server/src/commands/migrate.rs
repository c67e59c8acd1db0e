//! `orrery migrate`

use crate::config::Settings;
use crate::lifecycle;
use anyhow::Result;
use clap::Subcommand;
use scheduler::store::schema;

#[derive(Subcommand)]
pub enum What {
    /// Applies the migrations that are missing.
    Up,
    /// Takes back the last migrations, with the data in their tables.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// Lists all migrations and whether they are applied.
    Status,
}

pub async fn run(settings: &Settings, what: What) -> Result<()> {
    let (databases, services) = lifecycle::open(settings).await?;
    match what {
        What::Up => schema::up(&services.db).await?,
        What::Down { steps } => schema::down(&services.db, steps).await?,
        What::Status => {}
    }
    for step in schema::status(&services.db).await? {
        println!("{}  {}", if step.applied { "applied" } else { "missing" }, step.name);
    }
    Ok(databases.close().await?)
}
