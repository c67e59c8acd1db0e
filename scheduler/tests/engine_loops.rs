//! The engine's loops, tick by tick, on SQLite, with executors from a script and a clock that the
//! tests move; and, in `http`, over real HTTP with the real clock.

// The linter lets tests unwrap, and this says that the helpers are tests too.
#![cfg(test)]

#[path = "engine_loops/backfill.rs"]
mod backfill;
#[path = "engine_loops/blackouts.rs"]
mod blackouts;
#[path = "engine_loops/broadcast.rs"]
mod broadcast;
#[path = "engine_loops/checks.rs"]
mod checks;
#[path = "engine_loops/connections.rs"]
mod connections;
#[path = "engine_loops/crashes.rs"]
mod crashes;
#[path = "support/database.rs"]
mod database;
#[path = "engine_loops/doubt.rs"]
mod doubt;
#[path = "support/filling.rs"]
mod filling;
#[path = "engine_loops/firing.rs"]
mod firing;
#[path = "engine_loops/following.rs"]
mod following;
#[path = "support/forgetful.rs"]
mod forgetful;
#[path = "engine_loops/freezes.rs"]
mod freezes;
#[path = "engine_loops/handover.rs"]
mod handover;
#[path = "engine_loops/held_back.rs"]
mod held_back;
#[path = "engine_loops/hints.rs"]
mod hints;
#[path = "engine_loops/http.rs"]
mod http;
#[path = "engine_loops/kill.rs"]
mod kill;
#[path = "engine_loops/lease.rs"]
mod lease;
#[path = "engine_loops/native.rs"]
mod native;
#[path = "engine_loops/queue.rs"]
mod queue;
#[path = "engine_loops/results.rs"]
mod results;
#[path = "engine_loops/routing.rs"]
mod routing;
#[path = "support/rows.rs"]
mod rows;
#[path = "support/run_rows.rs"]
mod run_rows;
#[path = "engine_loops/scan.rs"]
mod scan;
#[path = "engine_loops/schedules.rs"]
mod schedules;
#[path = "support/world.rs"]
mod world;
