//! Claiming: cursors move and their rows appear, in one transaction.

use super::super::rowset::{self, Cell, Column, Kind, Rowset};
use super::super::{Advance, Authority, Planned};
use super::{SqlStore, attempt, authority, finish, give_up, transact};
use crate::engine::failpoint::{self, Place};
use crate::store::route_uses;
use crate::store::stat_hours::Outcomes;
use crate::{Error, Result};
use entity::run;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{HashMap, HashSet};

const CURSOR: [Column; 8] = [
    ("job_id", Kind::Number),
    ("bucket", Kind::Number),
    ("version", Kind::Number),
    ("seen", Kind::Number),
    ("next_at", Kind::Number),
    ("held_from", Kind::Number),
    ("last_at", Kind::Number),
    ("route_seq", Kind::Number),
];

const RUN: [Column; 33] = [
    ("id", Kind::Number),
    ("job_id", Kind::Number),
    ("kind", Kind::Number),
    ("job_version", Kind::Number),
    ("nominal_at", Kind::Number),
    ("due_at", Kind::Number),
    ("slot", Kind::Number),
    ("state", Kind::Number),
    ("reason", Kind::Number),
    ("code", Kind::Number),
    ("attention", Kind::Number),
    ("bucket", Kind::Number),
    ("live_bucket", Kind::Number),
    ("follow_ok", Kind::Boolean),
    ("follow_fail", Kind::Boolean),
    ("claim", Kind::Number),
    ("fence", Kind::Number),
    ("executor_id", Kind::Number),
    ("instance_id", Kind::Number),
    ("instance_generation", Kind::Number),
    ("parent_id", Kind::Number),
    ("shard_index", Kind::Number),
    ("shard_total", Kind::Number),
    ("attempt", Kind::Number),
    ("priority", Kind::Number),
    ("span_last", Kind::Number),
    ("span_count", Kind::Number),
    ("deadline_at", Kind::Number),
    ("sent_at", Kind::Number),
    ("accepted_at", Kind::Number),
    ("ended_at", Kind::Number),
    ("late_code", Kind::Number),
    ("late_at", Kind::Number),
];

/// Moves all cursors at once, which is the rule; where some have moved on meanwhile, finds those
/// that still stand and moves these.
pub async fn plan(store: &SqlStore, authority: &Authority, advances: &[Advance]) -> Result<Planned> {
    let mut sorted: Vec<&Advance> = advances.iter().collect();
    sorted.sort_unstable_by_key(|advance| advance.job_id);
    let server_id = store.server_id();
    let planned = match attempt!(store, conn => plan_all(conn, server_id, authority, &sorted))? {
        Some(planned) => planned,
        None => transact!(store, conn => plan_standing(conn, server_id, authority, &sorted))?,
    };
    let is_sent =
        |run: &&run::Model| planned.won.contains(&run.job_id) && !planned.violations.contains(&run.id);
    store.known.note(sorted.iter().flat_map(|advance| &advance.rows).filter(is_sent).cloned());
    failpoint::reach(Place::ClaimCommitted);
    Ok(planned)
}

/// None, and to be rolled back, when not all of the cursors stand where they were seen.
async fn plan_all(
    conn: &impl ConnectionTrait,
    server_id: i32,
    authority: &Authority,
    sorted: &[&Advance],
) -> Result<Option<Planned>> {
    authority::check(conn, authority).await?;
    if move_cursors(conn, sorted).await? != sorted.len() as u64 {
        return Ok(None);
    }
    insert_rows(conn, server_id, sorted).await.map(Some)
}

/// Moves the cursors that stand where they were seen.
async fn plan_standing(
    conn: &impl ConnectionTrait,
    server_id: i32,
    authority: &Authority,
    sorted: &[&Advance],
) -> Result<Planned> {
    authority::check(conn, authority).await?;
    let standing = standing(conn, sorted).await?;
    let won: Vec<&Advance> =
        sorted.iter().copied().filter(|advance| standing.contains(&advance.job_id)).collect();
    if won.is_empty() {
        return Ok(Planned::default());
    }
    move_cursors(conn, &won).await?;
    insert_rows(conn, server_id, &won).await
}

/// The rows for the times that these cursors have passed.
async fn insert_rows(conn: &impl ConnectionTrait, server_id: i32, won: &[&Advance]) -> Result<Planned> {
    let rows: Vec<&run::Model> = won.iter().flat_map(|advance| &advance.rows).collect();
    let violations = insert_runs(conn, &rows).await?;
    route_uses::set(conn, won.iter().flat_map(|advance| advance.uses.iter().copied())).await?;
    count_outcomes(conn, server_id, &rows, &violations).await?;
    failpoint::reach(Place::ClaimWritten);
    Ok(Planned { won: won.iter().map(|advance| advance.job_id).collect(), violations })
}

/// Jobs whose cursor stands where it was seen; their cursors are locked.
async fn standing(conn: &impl ConnectionTrait, advances: &[&Advance]) -> Result<HashSet<i32>> {
    use entity::job_cursor::{Column, Entity};
    let ids = advances.iter().map(|advance| advance.job_id);
    let mut cursors: HashMap<i32, (i16, i32, Option<i64>)> = HashMap::with_capacity(advances.len());
    let found: Vec<(i32, i16, i32, Option<i64>)> = Entity::find()
        .select_only()
        .columns([Column::JobId, Column::Bucket, Column::Version, Column::NextAt])
        .filter(Column::JobId.is_in(ids))
        .order_by_asc(Column::JobId)
        .lock(LockType::Update)
        .into_tuple()
        .all(conn)
        .await?;
    cursors.extend(found.into_iter().map(|(id, bucket, version, next_at)| (id, (bucket, version, next_at))));
    let stands = |advance: &&&Advance| {
        cursors.get(&advance.job_id) == Some(&(advance.bucket, advance.version, Some(advance.seen)))
    };
    Ok(advances.iter().filter(stands).map(|advance| advance.job_id).collect())
}

/// Moves those that stand where they were seen; returns how many.
async fn move_cursors(conn: &impl ConnectionTrait, won: &[&Advance]) -> Result<u64> {
    let backend = conn.get_database_backend();
    let row = |advance: &&Advance| {
        let Advance { job_id, bucket, version, seen, next_at, held_from, last_at, route_seq, .. } = advance;
        [
            (*job_id).into(),
            (*bucket).into(),
            (*version).into(),
            (*seen).into(),
            (*next_at).into(),
            (*held_from).into(),
            (*last_at).into(),
            (*route_seq).into(),
        ]
    };
    let found = "job_cursor.job_id = v.job_id AND job_cursor.bucket = v.bucket \
                 AND job_cursor.version = v.version AND job_cursor.next_at = v.seen";
    let sql = rowset::update(backend, "job_cursor", found, &["next_at", "held_from", "last_at", "route_seq"]);
    let moved =
        conn.execute_raw(Rowset::new(&CURSOR, won.iter().map(row)).statement(backend, &sql, vec![])).await?;
    Ok(moved.rows_affected())
}

/// Inserts rows; returns the ids of those whose key was taken.
pub async fn insert_runs(conn: &impl ConnectionTrait, runs: &[&run::Model]) -> Result<HashSet<i64>> {
    let backend = conn.get_database_backend();
    let mut inserted = 0;
    for part in runs.chunks(super::CHUNK) {
        let sql = rowset::insert_missing(backend, "run", &RUN);
        let rows = Rowset::new(&RUN, part.iter().map(|run| cells(run)));
        let result = conn.execute_raw(rows.statement(backend, &sql, vec![])).await?;
        inserted += result.rows_affected();
    }
    if inserted == runs.len() as u64 {
        return Ok(HashSet::new());
    }
    let mut missing: HashSet<i64> = runs.iter().map(|run| run.id).collect();
    let ids: Vec<i64> = missing.iter().copied().collect();
    for part in ids.chunks(super::CHUNK) {
        let present =
            run::Entity::find().filter(run::Column::Id.is_in(part.iter().copied())).all(conn).await?;
        for row in present {
            missing.remove(&row.id);
        }
    }
    Ok(missing)
}

/// Adds those of the rows that are final, except those that are left out, to the statistics.
pub async fn count_outcomes(
    conn: &impl ConnectionTrait,
    server_id: i32,
    rows: &[&run::Model],
    left_out: &HashSet<i64>,
) -> Result<()> {
    let mut outcomes = Outcomes::default();
    rows.iter().filter(|run| !left_out.contains(&run.id)).for_each(|run| outcomes.count(run));
    outcomes.add_to(conn, server_id).await
}

/// A run in the order of [`RUN`].
fn cells(run: &run::Model) -> [Cell; RUN.len()] {
    [
        run.id.into(),
        run.job_id.into(),
        (run.kind as i16).into(),
        run.job_version.into(),
        run.nominal_at.into(),
        run.due_at.into(),
        run.slot.into(),
        (run.state as i16).into(),
        (run.reason as i16).into(),
        run.code.into(),
        run.attention.into(),
        run.bucket.into(),
        run.live_bucket.into(),
        run.follow_ok.into(),
        run.follow_fail.into(),
        run.claim.into(),
        run.fence.into(),
        run.executor_id.into(),
        run.instance_id.into(),
        run.instance_generation.into(),
        run.parent_id.into(),
        run.shard_index.into(),
        run.shard_total.into(),
        run.attempt.into(),
        run.priority.into(),
        run.span_last.into(),
        run.span_count.into(),
        run.deadline_at.into(),
        run.sent_at.into(),
        run.accepted_at.into(),
        run.ended_at.into(),
        run.late_code.into(),
        run.late_at.into(),
    ]
}
