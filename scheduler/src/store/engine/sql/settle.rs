//! Filling `run_by_job` in bulk, sorted by job, long after the rows were written.

use super::super::{OpenBlock, Settled};
use entity::id_block::{BLOCK, Column as BlockColumn, Entity as Blocks};
use entity::run::{Column as RunColumn, Entity as Runs};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement,
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

const ENTER: &str = "INTO run_by_job (job_id, due_at, run_id) SELECT job_id, due_at, id FROM run \
                     WHERE id >= {from} AND id < {to} ORDER BY job_id, due_at";

pub async fn settle(conn: &impl ConnectionTrait, block: OpenBlock, up_to: i64) -> Result<Settled, DbErr> {
    // Within the database: the rows need not travel.
    let backend = conn.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => ENTER.replace("{from}", "$1").replace("{to}", "$2"),
        _ => ENTER.replace("{from}", "?").replace("{to}", "?"),
    };
    let sql = match backend {
        DbBackend::MySql => format!("INSERT IGNORE {sql}"),
        _ => format!("INSERT {sql} ON CONFLICT DO NOTHING"),
    };
    let bounds = [block.settled_to.into(), up_to.into()];
    let entered = conn.execute_raw(Statement::from_sql_and_values(backend, sql, bounds)).await?;
    Blocks::update_many()
        .col_expr(BlockColumn::SettledTo, Expr::value(up_to))
        .filter(BlockColumn::Start.eq(block.start))
        .filter(BlockColumn::SettledTo.eq(block.settled_to))
        .exec(conn)
        .await?;
    Ok(Settled { runs: usize::try_from(entered.rows_affected()).unwrap_or(usize::MAX) })
}
