//! What the commands share that fill a database with jobs.

use anyhow::Result;
use entity::fault::Fault;
use entity::job::{JobState, Routing, ScheduleKind};
use scheduler::authority::Caller;
use scheduler::jobs::{self, JobDraft};
use scheduler::{Error, Services};

/// What an executor has to be started with.
pub struct Credentials {
    pub app_name: String,
    pub token: String,
    pub namespace: String,
}

impl Credentials {
    /// To standard output, for the person or the program that starts the executor.
    pub fn print(&self, as_json: bool) {
        let Self { app_name, token, namespace } = self;
        if as_json {
            println!(
                "{}",
                serde_json::json!({ "app_name": app_name, "token": token, "namespace": namespace })
            );
        } else {
            println!("namespace: {namespace}\napp name: {app_name}\ntoken: {token}");
        }
    }
}

/// A job of the usual kind that needs only a name, a schedule and a handler.
pub fn job(executor_id: i32) -> JobDraft {
    JobDraft {
        owner: "demo".to_owned(),
        schedule_kind: ScheduleKind::Cron,
        catch_up_ms: 60_000,
        routing: Routing::Round,
        ..JobDraft::by_hand(executor_id, "", "")
    }
}

/// Creates a job that fires, unless its name is taken, which is how it looks when it exists. Its id if it
/// is new.
pub async fn create_unless_there(services: &Services, draft: JobDraft) -> Result<Option<i32>> {
    match jobs::create(services, &Caller::operator(), draft, JobState::On).await {
        Ok(job) => Ok(Some(job.id)),
        Err(Error::Invalid(faults))
            if faults.iter().all(|fault| matches!(fault.fault, Fault::Taken { .. })) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
