//! Filling `run_by_job` in bulk, sorted by job, long after the rows were written.

use super::super::rowset::{self, Column, Kind, Rowset};
use super::super::{OpenBlock, Settled};
use entity::Millis;
use entity::id_block::{BLOCK, Column as BlockColumn, Entity as Blocks};
use entity::run::{Column as RunColumn, Entity as Runs};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

const BY_JOB: &[Column] = &[("job_id", Kind::Number), ("due_at", Kind::Number), ("run_id", Kind::Number)];

pub async fn open_blocks(conn: &impl ConnectionTrait) -> Result<Vec<OpenBlock>, DbErr> {
    let open = Blocks::find()
        .filter(Expr::col(BlockColumn::SettledTo).lt(Expr::col(BlockColumn::Start).add(BLOCK)))
        .order_by_asc(BlockColumn::Start)
        .all(conn)
        .await?;
    let mut blocks = Vec::with_capacity(open.len());
    for block in open {
        let last: Option<i64> = Runs::find()
            .select_only()
            .column(RunColumn::Id)
            .filter(RunColumn::Id.gte(block.settled_to))
            .filter(RunColumn::Id.lt(block.start + BLOCK))
            .order_by_desc(RunColumn::Id)
            .limit(1)
            .into_tuple()
            .one(conn)
            .await?;
        let used_to = last.map_or(block.settled_to, |last| last + 1);
        blocks.push(OpenBlock { start: block.start, settled_to: block.settled_to, used_to });
    }
    Ok(blocks)
}

pub async fn settle(conn: &impl ConnectionTrait, block: OpenBlock, up_to: i64) -> Result<Settled, DbErr> {
    let backend = conn.get_database_backend();
    let runs: Vec<(i32, Millis, i64)> = Runs::find()
        .select_only()
        .columns([RunColumn::JobId, RunColumn::DueAt, RunColumn::Id])
        .filter(RunColumn::Id.gte(block.settled_to))
        .filter(RunColumn::Id.lt(up_to))
        .order_by_asc(RunColumn::JobId)
        .order_by_asc(RunColumn::DueAt)
        .into_tuple()
        .all(conn)
        .await?;
    let rows: Vec<_> = runs.iter().map(|(job_id, due_at, run_id)| json!([job_id, due_at, run_id])).collect();
    if !rows.is_empty() {
        let sql = rowset::insert_missing(backend, "run_by_job", BY_JOB);
        conn.execute_raw(Rowset::new(BY_JOB, &rows).statement(backend, &sql, vec![])).await?;
    }
    Blocks::update_many()
        .col_expr(BlockColumn::SettledTo, Expr::value(up_to))
        .filter(BlockColumn::Start.eq(block.start))
        .filter(BlockColumn::SettledTo.eq(block.settled_to))
        .exec(conn)
        .await?;
    Ok(Settled { runs: rows.len() })
}
