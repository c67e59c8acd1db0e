//! The database schema, step by step. A migration is frozen once it has landed: later changes are
//! new files. Nothing here uses the entities, which describe the newest schema only.

use sea_orm_migration::prelude::*;

mod half;
mod m20261121_000001_people;
mod m20261121_000002_jobs;
mod m20261121_000003_engine;
mod m20261121_000004_schedule_kinds;
mod m20261121_000005_follow_ups;
mod m20261121_000006_routing;
mod m20261121_000007_queue;
mod m20261121_000008_calendars;
mod m20261121_000009_broadcast;
mod m20261121_000010_freezes;
mod m20261121_000011_backfill;
mod m20261121_000013_native;
mod m20261122_000014_job_sources;
mod m20261122_000015_logs;
mod m20261122_000016_host_metrics;
mod m20261122_000017_announcements;
mod m20261122_000018_turned_away;
mod m20261122_000019_grants;
mod m20261122_000020_api_tokens;
mod m20261122_000021_channels;
mod m20261122_000022_alerts;
mod m20261122_000024_audit;
mod m20261122_000025_approvals;
mod m20261122_000026_cleaning;
mod m20261122_000027_dealing;
mod m20261122_000028_deadlines;
mod m20261122_000029_told_runs;
mod m20261122_000031_draining;
mod m20261123_000032_vitals;
mod m20261123_000033_retention;
mod m20261123_000034_cluster_urls;
mod m20261123_000035_lease_lengths;
mod schema;
mod whole;

/// All migrations in order. They are applied by [`WholeMigrator`].
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_people::Migration),
            Box::new(m20261121_000002_jobs::Migration),
            Box::new(m20261121_000003_engine::Migration),
            Box::new(m20261121_000004_schedule_kinds::Migration),
            Box::new(m20261121_000005_follow_ups::Migration),
            Box::new(m20261121_000006_routing::Migration),
            Box::new(m20261121_000007_queue::Migration),
            Box::new(m20261121_000008_calendars::Migration),
            Box::new(m20261121_000009_broadcast::Migration),
            Box::new(m20261121_000010_freezes::Migration),
            Box::new(m20261121_000011_backfill::Migration),
            Box::new(m20261121_000013_native::Migration),
            Box::new(m20261122_000014_job_sources::Migration),
            Box::new(m20261122_000015_logs::Migration),
            Box::new(m20261122_000016_host_metrics::Migration),
            Box::new(m20261122_000017_announcements::Migration),
            Box::new(m20261122_000018_turned_away::Migration),
            Box::new(m20261122_000019_grants::Migration),
            Box::new(m20261122_000020_api_tokens::Migration),
            Box::new(m20261122_000021_channels::Migration),
            Box::new(m20261122_000022_alerts::Migration),
            Box::new(m20261122_000024_audit::Migration),
            Box::new(m20261122_000025_approvals::Migration),
            Box::new(m20261122_000026_cleaning::Migration),
            Box::new(m20261122_000027_dealing::Migration),
            Box::new(m20261122_000031_draining::Migration),
            Box::new(m20261122_000028_deadlines::Migration),
            Box::new(m20261122_000029_told_runs::Migration),
            Box::new(m20261123_000032_vitals::Migration),
            Box::new(m20261123_000033_retention::Migration),
            Box::new(m20261123_000034_cluster_urls::Migration),
            Box::new(m20261123_000035_lease_lengths::Migration),
        ]
    }
}

pub use half::TABLES;
pub use sea_orm_migration::{MigratorTrait, SchemaManager};
pub use whole::{WholeMigrator, up};
