//! Numbers for runs, handed out from blocks so that inserting needs no round trip per row.

use super::Db;
use crate::{Error, Result};
use entity::id_block::{ActiveModel, BLOCK, Column, Entity};
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder, QuerySelect, SqlErr};
use std::ops::Range;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// No run has a smaller id: the first block's numbers stay free for tests and imports.
const FIRST: i64 = BLOCK;
/// Ids are numbers in JavaScript too.
const LAST: i64 = (1 << 53) - 1;
/// Ids are taken from a block no longer than this, so that one can know when it is done with.
pub const BLOCK_LIFE: Duration = Duration::from_secs(3_600);
/// How often a block is tried for while other servers take theirs at the same moment.
const TRIES: usize = 32;

/// Hands out run ids, each once for ever. Shared by the engine and the services of one server.
#[derive(Debug)]
pub struct RunIds {
    db: Db,
    /// Written with the blocks, for information; 0 outside a running server.
    server_id: AtomicI32,
    /// What is left of the present block, and when that was taken.
    rest: Mutex<(Range<i64>, Instant)>,
}

impl RunIds {
    /// An allocator with a block of its own. What is left of the block when the program ends is
    /// never used.
    pub fn new(db: Db) -> Self {
        Self { db, server_id: AtomicI32::new(0), rest: Mutex::new((0..0, Instant::now())) }
    }

    /// Says which server the blocks taken from now on belong to.
    pub fn belong_to(&self, server_id: i32) {
        self.server_id.store(server_id, Ordering::Relaxed);
    }

    /// `count` ids that nobody had before, in ascending order, not necessarily without gaps.
    ///
    /// # Errors
    /// [`Error::Database`], and [`Error::Unavailable`] when other servers took every block tried
    /// for.
    pub async fn take(&self, count: usize) -> Result<Vec<i64>> {
        let mut block = self.rest.lock().await;
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let (rest, taken_at) = &mut *block;
            if rest.is_empty() || taken_at.elapsed() >= BLOCK_LIFE {
                *taken_at = Instant::now();
                *rest = self.take_block().await?;
            }
            ids.extend(rest.by_ref().take(count - ids.len()));
        }
        Ok(ids)
    }

    /// One id, as [`RunIds::take`].
    pub async fn take_one(&self) -> Result<i64> {
        let ids = self.take(1).await?;
        ids.first().copied().ok_or_else(|| Error::Internal("no run id came out of a block".to_owned()))
    }

    /// Takes the block after the last one. Its primary key decides between servers that try for
    /// the same one.
    async fn take_block(&self) -> Result<Range<i64>> {
        for _ in 0..TRIES {
            let transaction = self.db.begin().await?;
            let last: Option<i64> = Entity::find()
                .select_only()
                .column(Column::Start)
                .order_by_desc(Column::Start)
                .limit(1)
                .into_tuple()
                .one(&transaction)
                .await?;
            let start = last.map_or(FIRST, |last| last + BLOCK);
            if start + BLOCK > LAST {
                return Err(Error::Internal("the run ids are used up".to_owned()));
            }
            let server_id = self.server_id.load(Ordering::Relaxed);
            let block = ActiveModel { start: Set(start), server_id: Set(server_id), settled_to: Set(start) };
            match Entity::insert(block).exec_without_returning(&transaction).await {
                Ok(_) => {
                    transaction.commit().await?;
                    return Ok(start..start + BLOCK);
                }
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable("other servers took every block of run ids".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Databases, schema};

    #[tokio::test]
    async fn ids_are_unique_across_allocators_and_begin_above_the_first_block() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("ids.db").display());
        let databases = Databases::connect(&url).await.unwrap();
        schema::up(&databases.engine).await.unwrap();
        let (one, two) = (RunIds::new(databases.engine.clone()), RunIds::new(databases.engine));
        let (a, b) = tokio::join!(one.take(15_000), two.take(10_001));
        let mut all = [a.unwrap(), b.unwrap(), vec![one.take_one().await.unwrap()]].concat();
        assert_eq!(all.iter().min(), Some(&10_000));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 25_002);
    }
}
