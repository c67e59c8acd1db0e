//! Filling `run_by_job` in bulk, long after the rows were written.

use super::super::OpenBlock;
use super::super::rowset::{self, Column, Kind, Rowset};
use super::CHUNK;
use entity::id_block::{BLOCK, Column as BlockColumn, Entity as Blocks};
use entity::run::{Column as RunColumn, Entity as Runs};
use entity::run_by_job::Model as Entry;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

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

const COLUMNS: [Column; 3] = [("job_id", Kind::Number), ("due_at", Kind::Number), ("run_id", Kind::Number)];

pub async fn unsettled(
    conn: &impl ConnectionTrait,
    block: OpenBlock,
    up_to: i64,
) -> Result<Vec<Entry>, DbErr> {
    let backend = conn.get_database_backend();
    let sql = rowset::gather(backend, "run", &["job_id", "due_at", "id"], "id >= ? AND id < ?");
    let mut entries = Vec::new();
    let mut from = block.settled_to;
    while from < up_to {
        let to = Ord::min(up_to, from + rowset::MOST_GATHERED);
        let ids = [from.into(), to.into()];
        let statement = Statement::from_sql_and_values(backend, &sql, ids);
        let found = rowset::gathered::<(i32, i64, i64)>(conn, statement).await?;
        entries.extend(found.into_iter().map(|(job_id, due_at, run_id)| Entry { job_id, due_at, run_id }));
        from = to;
    }
    Ok(entries)
}

pub async fn enter(conn: &impl ConnectionTrait, entries: &[Entry]) -> Result<u64, DbErr> {
    let backend = conn.get_database_backend();
    let sql = rowset::insert_missing(backend, "run_by_job", &COLUMNS);
    let mut entered = 0;
    for part in entries.chunks(CHUNK) {
        let cells = |entry: &Entry| [entry.job_id.into(), entry.due_at.into(), entry.run_id.into()];
        let rows = Rowset::new(&COLUMNS, part.iter().map(cells));
        entered += conn.execute_raw(rows.statement(backend, &sql, vec![])).await?.rows_affected();
    }
    Ok(entered)
}

pub async fn settle(conn: &impl ConnectionTrait, parts: &[(OpenBlock, i64)]) -> Result<(), DbErr> {
    for (block, up_to) in parts {
        Blocks::update_many()
            .col_expr(BlockColumn::SettledTo, Expr::value(*up_to))
            .filter(BlockColumn::Start.eq(block.start))
            .filter(BlockColumn::SettledTo.eq(block.settled_to))
            .exec(conn)
            .await?;
    }
    Ok(())
}
