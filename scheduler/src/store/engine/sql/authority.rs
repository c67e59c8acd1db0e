//! Whether a server may still decide: a stale one notices here, before it writes.

use super::super::Authority;
use super::super::rowset::{Column, Kind, Rowset};
use crate::{Error, Result};
use sea_orm::ConnectionTrait;

const EPOCH: [Column; 2] = [("id", Kind::Number), ("epoch", Kind::Number)];

/// Refuses unless the server owns every bucket in the epoch it thinks.
///
/// # Errors
/// [`Error::Conflict`]: the buckets have moved on.
pub async fn check(conn: &impl ConnectionTrait, authority: &Authority) -> Result<()> {
    let backend = conn.get_database_backend();
    let rows = authority.epochs.iter().map(|(bucket, epoch)| [(*bucket).into(), (*epoch).into()]);
    let sql = "SELECT COUNT(*) AS held FROM bucket JOIN {rows} ON bucket.id = v.id AND bucket.epoch = v.epoch \
               WHERE bucket.owner = ?";
    let statement = Rowset::new(&EPOCH, rows).statement(backend, sql, vec![authority.lease.server_id.into()]);
    let row = conn.query_one_raw(statement).await?;
    let held: i64 = row.map(|row| row.try_get("", "held")).transpose()?.unwrap_or(0);
    if held == authority.epochs.len() as i64 { Ok(()) } else { Err(Error::Conflict(0)) }
}
