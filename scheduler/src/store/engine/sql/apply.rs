//! Applying steps to locked rows.

use super::super::Authority;
use super::super::rowset::{self, Cell, Column, Kind, Rowset};
use super::{CHUNK, authority};
use crate::engine::failpoint::{self, Place};
use crate::engine::step::{self, Applied, RouteMark, Step, Texts, What};
use crate::store::route_uses;
use crate::store::stat_hours::Outcomes;
use crate::{Error, Result};
use entity::{job_cursor, run, run_text};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockType, OnConflict, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What a step may change of a run; its key; and, as `seen_…`, where it stood.
const CHANGED: [Column; 19] = [
    ("id", Kind::Number),
    ("seen_state", Kind::Number),
    ("seen_claim", Kind::Number),
    ("seen_fence", Kind::Number),
    ("state", Kind::Number),
    ("reason", Kind::Number),
    ("code", Kind::Number),
    ("attention", Kind::Number),
    ("live_bucket", Kind::Number),
    ("claim", Kind::Number),
    ("fence", Kind::Number),
    ("instance_id", Kind::Number),
    ("instance_generation", Kind::Number),
    ("deadline_at", Kind::Number),
    ("sent_at", Kind::Number),
    ("accepted_at", Kind::Number),
    ("ended_at", Kind::Number),
    ("late_code", Kind::Number),
    ("late_at", Kind::Number),
];

/// How many of [`CHANGED`] say which row it is.
const KEY: usize = 4;

/// A row moves whenever another server, or another transaction of this one, writes what a step goes by:
/// state, claim and fence say that nobody did.
const STANDS: &str = "run.id = v.id AND run.state = v.seen_state AND run.claim = v.seen_claim \
                      AND run.fence = v.seen_fence";

const TURN: [Column; 2] = [("job_id", Kind::Number), ("route_seq", Kind::Number)];

/// Texts per statement: each may have 50,000 characters, and MySQL bounds a packet at 16 MB.
const TEXTS: usize = 50;

/// What steps came to.
pub struct Report {
    /// In the order of the steps.
    pub applied: Vec<Applied>,
    /// The rows that changed, as they are now.
    pub changed: Vec<run::Model>,
}

/// Applies steps in order. Rows of which there is a copy in `known` are not read first; none when one of
/// these had moved on: the transaction is to be rolled back.
pub async fn apply(
    conn: &impl ConnectionTrait,
    server_id: i32,
    right: Option<&Authority>,
    steps: &[Step],
    known: Vec<run::Model>,
) -> Result<Option<Report>> {
    match right {
        Some(right) => authority::check(conn, right).await?,
        None if steps.iter().any(|step| step.what.is_decision()) => {
            return Err(Error::Internal("a decision without authority".to_owned()));
        }
        None => {}
    }
    lock_cursors(conn, steps).await?;
    let (before, judged) = judge_rows(conn, steps, known).await?;
    let strays = strays(conn, right, steps).await?;
    let judged = if strays.is_empty() { judged } else { judge(&before, steps, &strays) };
    let Judged { applied, after, texts } = judged;
    let changes: Vec<Change<'_>> =
        before.iter().zip(&after).filter_map(|(before, after)| Change::of(before, after)).collect();
    if !write_changes(conn, &changes).await? {
        return Ok(None);
    }
    let done = steps.iter().zip(&applied).filter(|(_, applied)| **applied == Applied::Done);
    write_marks(conn, done.filter_map(|(step, _)| step.what.mark()).collect()).await?;
    write_texts(conn, texts).await?;
    let mut outcomes = Outcomes::default();
    changes
        .iter()
        .filter(|change| !change.before.state.is_final())
        .for_each(|change| outcomes.count(change.after));
    outcomes.add_to(conn, server_id).await?;
    reach_with_result(steps, Place::ResultWritten);
    let changed = before.iter().zip(after).filter(|(before, after)| *before != after).map(|(_, after)| after);
    Ok(Some(Report { applied, changed: changed.collect() }))
}

/// The rows that the steps name, and what these make of them: copies of rows to which every step happens,
/// and the others locked. A step that does not happen must not be judged by a copy: nothing would be
/// written that could fail.
async fn judge_rows(
    conn: &impl ConnectionTrait,
    steps: &[Step],
    known: Vec<run::Model>,
) -> Result<(Vec<run::Model>, Judged)> {
    let mut rows = known;
    rows.sort_unstable_by_key(|row| row.id);
    let judged = judge(&rows, steps, &HashSet::new());
    let applied = steps.iter().zip(&judged.applied);
    let unsure: BTreeSet<i64> =
        applied.filter(|(_, applied)| **applied != Applied::Done).map(|(step, _)| step.run_id).collect();
    if unsure.is_empty() {
        return Ok((rows, judged));
    }
    rows.retain(|row| !unsure.contains(&row.id));
    rows.extend(locked_runs(conn, unsure.into_iter().collect()).await?.into_values());
    rows.sort_unstable_by_key(|row| row.id);
    let judged = judge(&rows, steps, &HashSet::new());
    Ok((rows, judged))
}

/// Those of the runs to be claimed that lie elsewhere than their job, or where the right does not reach: they were
/// moved a moment ago, or are about to be. Asked of the rows as they are, locked or compared when they are written.
async fn strays(
    conn: &impl ConnectionTrait,
    right: Option<&Authority>,
    steps: &[Step],
) -> Result<HashSet<i64>> {
    let claimed = steps.iter().filter(|step| matches!(step.what, What::Claim(_)));
    let claimed: Vec<i64> = claimed.map(|step| step.run_id).collect();
    let Some(right) = right.filter(|_| !claimed.is_empty()) else { return Ok(HashSet::new()) };
    let of_run = |column| Expr::col((run::Entity, column));
    let of_job = |column| Expr::col((job_cursor::Entity, column));
    let is_apart = of_run(run::Column::Bucket).not_equals((job_cursor::Entity, job_cursor::Column::Bucket));
    let out_of_reach = of_run(run::Column::Bucket).is_not_in(right.epochs.iter().map(|(bucket, _)| *bucket));
    let query = Query::select()
        .column((run::Entity, run::Column::Id))
        .from(run::Entity)
        .left_join(
            job_cursor::Entity,
            of_job(job_cursor::Column::JobId).equals((run::Entity, run::Column::JobId)),
        )
        .cond_where(Condition::any().add(is_apart).add(out_of_reach))
        .to_owned();
    let mut strays = HashSet::new();
    for part in claimed.chunks(CHUNK) {
        let of_these = of_run(run::Column::Id).is_in(part.iter().copied());
        for row in conn.query_all(query.clone().and_where(of_these)).await? {
            strays.insert(row.try_get("", "id")?);
        }
    }
    Ok(strays)
}

/// What steps make of rows.
struct Judged {
    applied: Vec<Applied>,
    /// In the order of the rows.
    after: Vec<run::Model>,
    texts: BTreeMap<i64, Texts>,
}

/// `before` by id. The strays are not claimed.
fn judge(before: &[run::Model], steps: &[Step], strays: &HashSet<i64>) -> Judged {
    let mut after = before.to_vec();
    let mut texts: BTreeMap<i64, Texts> = BTreeMap::new();
    let applied = steps.iter().map(|step| match before.binary_search_by_key(&step.run_id, |row| row.id) {
        Err(_) => Applied::NoSuchRun,
        Ok(_) if matches!(step.what, What::Claim(_)) && strays.contains(&step.run_id) => Applied::Impossible,
        Ok(place) => {
            let mut own = Texts::default();
            let applied = step::apply(&mut after[place], &mut own, step);
            if !own.is_empty() {
                texts.entry(step.run_id).or_default().merge(own);
            }
            applied
        }
    });
    Judged { applied: applied.collect(), after, texts }
}

/// A row that is to be written, and as what it was seen.
pub struct Change<'a> {
    pub before: &'a run::Model,
    pub after: &'a run::Model,
}

impl<'a> Change<'a> {
    /// None where nothing changes.
    pub fn of(before: &'a run::Model, after: &'a run::Model) -> Option<Self> {
        (before != after).then_some(Self { before, after })
    }

    /// In the order of [`CHANGED`].
    fn cells(&self) -> [Cell; CHANGED.len()] {
        let Self { before, after } = self;
        [
            after.id.into(),
            (before.state as i16).into(),
            before.claim.into(),
            before.fence.into(),
            (after.state as i16).into(),
            (after.reason as i16).into(),
            after.code.into(),
            after.attention.into(),
            after.live_bucket.into(),
            after.claim.into(),
            after.fence.into(),
            after.instance_id.into(),
            after.instance_generation.into(),
            after.deadline_at.into(),
            after.sent_at.into(),
            after.accepted_at.into(),
            after.ended_at.into(),
            after.late_code.into(),
            after.late_at.into(),
        ]
    }
}

/// Comes to a place that only steps with a result know.
pub fn reach_with_result(steps: &[Step], place: Place) {
    if steps.iter().any(|step| matches!(step.what, What::Result { .. })) {
        failpoint::reach(place);
    }
}

/// Locks the cursors that a claim writes to, before any run: an edit locks them in this order too.
async fn lock_cursors(conn: &impl ConnectionTrait, steps: &[Step]) -> Result<()> {
    let turns = steps.iter().filter_map(|step| match step.what.mark() {
        Some(RouteMark::Turn { job_id, .. }) => Some(job_id),
        _ => None,
    });
    let jobs: BTreeSet<i32> = turns.collect();
    if !jobs.is_empty() {
        let cursors = job_cursor::Entity::find().filter(job_cursor::Column::JobId.is_in(jobs));
        cursors.order_by_asc(job_cursor::Column::JobId).lock(LockType::Update).all(conn).await?;
    }
    Ok(())
}

/// Writes what the choices leave behind; the last of a job counts.
async fn write_marks(conn: &impl ConnectionTrait, marks: Vec<RouteMark>) -> Result<()> {
    let backend = conn.get_database_backend();
    let (mut turns, mut uses) = (BTreeMap::new(), Vec::new());
    for mark in marks {
        match mark {
            RouteMark::Turn { job_id, route_seq } => drop(turns.insert(job_id, route_seq)),
            RouteMark::Use(used) => uses.push(used),
        }
    }
    if !turns.is_empty() {
        let rows = turns.into_iter().map(|(job_id, route_seq)| [job_id.into(), route_seq.into()]);
        let sql = rowset::update(backend, "job_cursor", "job_cursor.job_id = v.job_id", &["route_seq"]);
        conn.execute_raw(Rowset::new(&TURN, rows).statement(backend, &sql, vec![])).await?;
    }
    Ok(route_uses::set(conn, uses).await?)
}

/// These rows, as far as there are any, locked in the order of their ids.
pub async fn locked_runs(
    conn: &impl ConnectionTrait,
    mut ids: Vec<i64>,
) -> Result<BTreeMap<i64, run::Model>> {
    ids.sort_unstable();
    ids.dedup();
    let mut rows = BTreeMap::new();
    for part in ids.chunks(CHUNK) {
        let query = run::Entity::find().filter(run::Column::Id.is_in(part.iter().copied()));
        let found = query.order_by_asc(run::Column::Id).lock(LockType::Update).all(conn).await?;
        rows.extend(found.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows)
}

/// Writes changes, of each column only what differs in any of them; false when a row has moved on.
pub async fn write_changes(conn: &impl ConnectionTrait, changes: &[Change<'_>]) -> Result<bool> {
    let backend = conn.get_database_backend();
    for part in changes.chunks(CHUNK) {
        let cells: Vec<_> = part.iter().map(Change::cells).collect();
        let written = columns_that_differ(part, &cells);
        let sql = rowset::update(backend, "run", STANDS, &written);
        let is_key = |name: &str| CHANGED[..KEY].iter().any(|(key, _)| *key == name);
        let rows = Rowset::new(&CHANGED, cells);
        let rows = rows.only(|name| is_key(name) || written.contains(&name));
        let result = conn.execute_raw(rows.statement(backend, &sql, vec![])).await?;
        if result.rows_affected() != part.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes changes of rows that are locked: none can have moved on.
pub async fn write_locked(conn: &impl ConnectionTrait, changes: &[Change<'_>]) -> Result<()> {
    match write_changes(conn, changes).await? {
        true => Ok(()),
        false => Err(Error::Internal("a locked run was written by somebody else".to_owned())),
    }
}

/// `cells` are the changes' own.
fn columns_that_differ(changes: &[Change<'_>], cells: &[[Cell; CHANGED.len()]]) -> Vec<&'static str> {
    let mut differs = [false; CHANGED.len()];
    for (Change { before, .. }, after) in changes.iter().zip(cells) {
        let before = Change { before, after: before }.cells();
        let pairs = before.iter().zip(after).skip(KEY);
        differs[KEY..]
            .iter_mut()
            .zip(pairs)
            .for_each(|(differs, (before, after))| *differs |= before != after);
    }
    let named = CHANGED.iter().zip(differs).filter(|(_, differs)| *differs);
    named.map(|((name, _), _)| *name).collect()
}

/// Adds texts, as [`Texts::merge`] does.
async fn write_texts(conn: &impl ConnectionTrait, texts: BTreeMap<i64, Texts>) -> Result<()> {
    use run_text::{ActiveModel, Column, Entity};
    let later = match conn.get_database_backend() {
        DbBackend::MySql => |name: &str| format!("VALUES({name})"),
        _ => |name: &str| format!("excluded.{name}"),
    };
    let new = |name: &str| format!("COALESCE(run_text.{name}, {})", later(name));
    let newest = |name: &str| format!("COALESCE({}, run_text.{name})", later(name));
    let add = OnConflict::column(Column::RunId)
        .value(Column::EndedBy, Expr::cust(new("ended_by")))
        .value(Column::Tries, Expr::cust(newest("tries")))
        .value(Column::Dispatch, Expr::cust(new("dispatch")))
        .value(Column::Result, Expr::cust(new("result")))
        .value(Column::LateResult, Expr::cust(new("late_result")))
        .to_owned();
    let rows: Vec<ActiveModel> = texts
        .into_iter()
        .map(|(run_id, texts)| ActiveModel {
            run_id: Set(run_id),
            parameter: Set(None),
            started_by: Set(None),
            ended_by: Set(texts.ended_by),
            tries: Set(texts.tries),
            dispatch: Set(texts.dispatch),
            result: Set(texts.result),
            late_result: Set(texts.late_result),
        })
        .collect();
    for part in rows.chunks(TEXTS) {
        Entity::insert_many(part.to_vec()).on_conflict(add.clone()).exec_without_returning(conn).await?;
    }
    Ok(())
}
