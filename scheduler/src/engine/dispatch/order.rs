//! A claimed run on its way out.

use crate::engine::directory::{JobBody, Target};
use crate::rules::doubt::Site;
use entity::{Millis, run};
use protocol::TriggerRequest;
use protocol::native::FencedRun;
use std::sync::Arc;

/// Everything needed to send a run, with nothing copied but what was typed for it.
#[derive(Clone, Debug)]
pub struct Order {
    pub run_id: i64,
    pub bucket: i16,
    pub due_at: Millis,
    pub claim: i64,
    pub fence: i64,
    pub shard: (i32, i32),
    pub attempt: i32,
    /// Whether anything may follow its end.
    pub is_followed: bool,
    /// It was sent before, and never started.
    pub is_again: bool,
    pub target: Arc<Target>,
    pub body: Arc<JobBody>,
    /// Typed for this run; none = the job's.
    pub parameter: Option<String>,
}

impl Order {
    pub fn new(run: &run::Model, target: Arc<Target>, body: Arc<JobBody>, parameter: Option<String>) -> Self {
        Self {
            run_id: run.id,
            bucket: run.bucket,
            due_at: run.due_at,
            claim: run.claim,
            fence: run.fence,
            shard: (run.shard_index, run.shard_total),
            attempt: run.attempt,
            is_followed: run.follow_ok || run.follow_fail,
            is_again: run.state == run::RunState::Unknown,
            target,
            body,
            parameter,
        }
    }

    /// The request on the wire to an executor of our own.
    pub fn fenced(&self) -> FencedRun {
        let run = TriggerRequest { attempt: Some(self.attempt), ..self.request() };
        FencedRun { bucket: self.bucket, fence: self.fence, run }
    }

    /// Bytes of its texts.
    pub fn size(&self) -> usize {
        let job = &self.body.job;
        let parameter = self.parameter.as_ref().unwrap_or(&job.parameter);
        job.handler.len() + parameter.len() + job.source.len()
    }

    /// Where it goes.
    pub fn site(&self) -> Site {
        self.target.site(self.body.job.id)
    }

    /// The request on the wire, as XXL-JOB's executors know it.
    pub fn request(&self) -> TriggerRequest {
        let job = &self.body.job;
        TriggerRequest {
            job_id: job.id,
            executor_handler: job.handler.clone(),
            executor_params: self.parameter.clone().unwrap_or_else(|| job.parameter.clone()),
            executor_block_strategy: job.blocking.into(),
            executor_timeout: job.timeout_s,
            log_id: self.run_id,
            log_date_time: self.due_at,
            glue_type: job.run_mode.into(),
            glue_source: job.source.clone(),
            glue_updated_at: job.source_changed_at,
            broadcast_index: self.shard.0,
            broadcast_total: self.shard.1.max(1),
            attempt: None,
        }
    }
}
