//! A person ends a run, and with it all its shards.

use super::EngineHandle;
use crate::engine::dispatcher::Call;
use crate::engine::step::{Applied, Step, What};
use crate::{Error, Refusal, Result};
use entity::run::{Model as Run, RunState};
use futures::StreamExt;

/// Executors told at the same time.
const WIDTH: usize = 16;

impl EngineHandle {
    /// Ends a run for good, and tells its executor, which stops everything of the job there. With a run
    /// that was split, its shards end: those that wait at once, the others through their executors. Returns
    /// what the executor of a single run said to it, where it said anything: usually that it has nothing to stop.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Refusal::RunEnded`]; [`Refusal::KillNotDelivered`] when the run is
    /// killed here and its executor, or one of them, could not be told.
    pub async fn kill(&self, run_id: i64, by: Option<i32>) -> Result<Option<String>> {
        let run = self.run(run_id).await?;
        if self.end(vec![run.clone()], by).await?.is_empty() {
            return Err(Error::Refused(Refusal::RunEnded));
        }
        // It may have been split since it was read.
        if run.is_split() || run.state == RunState::Waiting {
            return self.kill_shards(run_id, by).await.map(|()| None);
        }
        let said = self.tell(run).await.map_err(not_delivered)?;
        Ok(Some(said).filter(|said| !said.trim().is_empty()))
    }

    /// The run has ended, so no shard of it is tried again: those that are there are all there will be.
    async fn kill_shards(&self, run_id: i64, by: Option<i32>) -> Result<()> {
        let mut shards = self.0.store.shards_of(&[run_id]).await?;
        shards.retain(|shard| !shard.state.is_final());
        let killed = self.end(shards, by).await?;
        let told = killed.into_iter().map(|shard| self.tell(shard));
        let told: Vec<Result<String, String>> =
            futures::stream::iter(told).buffer_unordered(WIDTH).collect().await;
        told.into_iter().find_map(Result::err).map_or(Ok(()), |text| Err(not_delivered(text)))
    }

    /// Records that a person ends these; returns those that had not ended.
    async fn end(&self, runs: Vec<Run>, by: Option<i32>) -> Result<Vec<Run>> {
        let at = self.0.now();
        let steps = runs.iter().map(|run| Step { run_id: run.id, at, what: What::Kill { by } });
        let applied = self.0.facts.record(steps.collect()).await?;
        let killed = runs.into_iter().zip(applied).filter(|(_, applied)| *applied == Applied::Done);
        Ok(killed.map(|(run, _)| run).collect())
    }

    /// Tells the executor of a run, if it knows of it, and returns what it said; why it could not be told.
    async fn tell(&self, run: Run) -> Result<String, String> {
        let unsent =
            run.state == RunState::Waiting || self.0.lanes.withdraw(run.executor_id, run.id, run.due_at);
        if unsent {
            return Ok(String::new());
        }
        let target = self.target(&run).ok_or("its instance is gone")?;
        match self.0.dispatcher.call(&target, Call::Kill { job_id: run.job_id }).await {
            Ok(reply) if reply.is_ok() => Ok(reply.text),
            Ok(reply) => Err(reply.text),
            Err(failure) => Err(failure.to_string()),
        }
    }
}

fn not_delivered(text: String) -> Error {
    Error::Refused(Refusal::KillNotDelivered(text))
}
