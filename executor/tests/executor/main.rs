//! The executor as its servers see it: over HTTP, against a small server that records what it is told.

mod agent;
mod delivery;
mod handlers;
mod host_metrics;
mod listeners;
mod native;
mod runs;
mod scripts;
mod support;
mod workers;
