//! The database. The only place that builds queries; functions take the connection they work on.

pub(crate) mod alert_rules;
pub(crate) mod alerts;
pub(crate) mod api_tokens;
pub(crate) mod approvals;
pub(crate) mod audit;
pub mod backup;
pub(crate) mod buckets;
pub(crate) mod calendars;
pub(crate) mod channels;
pub(crate) mod cleanings;
mod connect;
pub(crate) mod dealings;
pub(crate) mod deliveries;
pub mod durability;
pub mod engine;
pub(crate) mod executors;
pub mod filling;
pub(crate) mod former_users;
pub(crate) mod freezes;
pub(crate) mod grants;
pub(crate) mod host_metrics;
pub mod ids;
pub(crate) mod incidents;
pub(crate) mod instance_handlers;
pub(crate) mod instances;
pub(crate) mod job_children;
pub(crate) mod job_limits;
pub(crate) mod job_sources;
pub(crate) mod jobs;
pub(crate) mod leases;
pub(crate) mod logs;
pub(crate) mod namespaces;
pub(crate) mod restored;
pub(crate) mod retention;
pub(crate) mod route_uses;
pub(crate) mod runs;
pub mod schema;
pub(crate) mod sessions;
pub(crate) mod sign_in_guards;
pub(crate) mod stat_hours;
pub(crate) mod turned_away;
pub(crate) mod users;

pub use connect::{Databases, Db, database_hosts, dump_command};

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};

/// Whether a text column holds `part` anywhere, in any case. `%` and `_` mean themselves.
fn contains(column: impl ColumnTrait, part: &str) -> Expr {
    like(column, format!("%{}%", escaped(part)))
}

/// Sorts those first whose text begins with `part`, in any case.
fn begins_first(column: impl ColumnTrait, part: &str) -> Expr {
    Expr::case(like(column, format!("{}%", escaped(part))), 0).finally(1).into()
}

fn like(column: impl ColumnTrait, pattern: String) -> Expr {
    Func::lower(Expr::col(column.as_column_ref())).like(LikeExpr::new(pattern).escape('!'))
}

fn escaped(part: &str) -> String {
    let mut pattern = String::new();
    for character in part.trim().to_lowercase().chars() {
        if ['%', '_', '!'].contains(&character) {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern
}
