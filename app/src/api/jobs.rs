//! Jobs: lists, forms, and what a person does with one.

mod backfill;
mod code;
mod form;
mod history;
mod views;

pub use backfill::{BACKFILL_FORM, BackfillForm, BackfillJob, PastTimes, backfill_job, preview_backfill};
pub use code::{
    CODE_FORM, Change, CodeDifference, CodeForm, CodeQuery, CodeVersion, CodeView, DiffLine, RevertCode,
    SaveCode, Shown, job_code, shown_code,
};
pub use form::{JobForm, ScheduleForm, word};
pub use history::{HistoryLine, HistoryView, RevertJob, job_history, revert_job};
pub use views::{
    ExecutorChoice, FailureStop, Fire, FireNote, Hold, JobLine, JobLines, JobName, JobQuery, JobView,
    Preview, Pulse, RecentLine,
};

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::{api::may::May, error::Message, routes, ssr};
use leptos::prelude::*;

/// The `id` of the job form.
pub const FORM: &str = "job";
/// Sent by the button that only shows the next fires.
pub const PREVIEW: &str = "preview";
/// Sent by the button that creates a job without letting it fire.
pub const STOPPED: &str = "stopped";
/// Fires shown beside a schedule.
#[cfg(feature = "ssr")]
const FIRES: usize = 10;

/// A page of the jobs that match.
#[server]
pub async fn list_jobs(query: JobQuery) -> Result<JobLines, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let (filter, order) = query.filter();
    let page = scheduler::jobs::list(&services, &caller, &filter, order, query.after()).await;
    page.map(|page| JobLines::new(page, &caller)).map_err(ssr::refuse)
}

/// The executors that the viewer sees; a job may be given to those where it may be edited.
#[server]
pub async fn executor_choices() -> Result<Vec<ExecutorChoice>, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = scheduler::executors::list(&services, &caller, &Default::default()).await;
    let rows = rows.map_err(ssr::refuse)?.into_iter();
    Ok(rows.map(|row| ExecutorChoice::new(row, &caller)).collect())
}

/// One job with its next fires and last runs.
#[server]
pub async fn job(id: i32) -> Result<JobView, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::jobs::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let may = May::inside(&caller, detail.job.namespace_id);
    let server = scheduler::servers::owner_of_job(&services, id).await.map_err(ssr::refuse)?;
    let pulse = Pulse::new(&detail, server, services.clock.now(), FIRES);
    Ok(JobView::new(detail, may, pulse))
}

/// What changes on a job's page while one looks at it.
#[server]
pub async fn job_pulse(id: i32) -> Result<Pulse, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::jobs::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let server = scheduler::servers::owner_of_job(&services, id).await.map_err(ssr::refuse)?;
    Ok(Pulse::new(&detail, server, services.clock.now(), FIRES))
}

/// The next fires of what is being typed, computed by the code that fires. Something half typed is
/// no failure: what is wrong with it is part of the answer.
#[server]
pub async fn preview_fires(typed: ScheduleForm) -> Result<Preview, AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let now = services.clock.now();
    let fires = match typed.preview() {
        Ok(typed) => {
            scheduler::jobs::preview(&services, &caller, &typed, now, FIRES).await.map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    Preview::new(fires).map_err(ssr::refuse)
}

/// Creates a job; a script of which nothing was typed begins with a template, and its code is shown then.
/// `intent` is `preview`, which creates nothing, `stopped`, or anything else for a job that fires.
#[server]
pub async fn create_job(form: JobForm, #[server(default)] intent: String) -> Result<(), AppError> {
    use entity::job::JobState;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    if intent == PREVIEW {
        ssr::return_form(FORM, &form).await;
        return Ok(());
    }
    let state = if intent == STOPPED { JobState::Stopped } else { JobState::On };
    let is_untyped = form.source.trim().is_empty();
    let created = match form.draft() {
        Ok(draft) => {
            let draft = form::with_template(draft);
            scheduler::jobs::create(&services, &caller, draft, state).await.map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    match created {
        Ok(job) if is_untyped && job.run_mode.has_source() => {
            ssr::flash(Message::new("job_created_with_template"));
            ssr::redirect(&routes::job_code(job.id));
            Ok(())
        }
        Ok(job) => {
            ssr::flash(Message::new("job_created"));
            ssr::redirect(&routes::job(job.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(FORM, &form, form.at_its_fields(error)).await),
    }
}

/// Saves a job; the form says which version was shown.
#[server]
pub async fn save_job(id: i32, form: JobForm, #[server(default)] intent: String) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    if intent == PREVIEW {
        ssr::return_form(FORM, &form).await;
        return Ok(());
    }
    let saved = match form.draft() {
        Ok(draft) => {
            scheduler::jobs::edit(&services, &caller, id, form.version(), draft).await.map_err(AppError::from)
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(job) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::job(job.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(FORM, &form, form.at_its_fields(error)).await),
    }
}

/// Lets the schedule fire.
#[server]
pub async fn start_job(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::jobs::start(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_started"));
    Ok(())
}

/// Stops the schedule; when this returns, nothing more goes out.
#[server]
pub async fn stop_job(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::jobs::stop(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_stopped"));
    Ok(())
}

/// Lets nothing start a job any more; when this returns, nothing more goes out.
#[server]
pub async fn disable_job(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::jobs::disable(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_disabled"));
    Ok(())
}

/// Lets a disabled job start again: its schedule fires from now on.
#[server]
pub async fn enable_job(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::jobs::enable(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_enabled"));
    Ok(())
}

/// Deletes a job and goes to the list.
#[server]
pub async fn delete_job(id: i32) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::jobs::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("job_deleted"));
    ssr::redirect(&routes::jobs());
    Ok(())
}

/// Runs a job once and goes to the run. `parameter` replaces the job's for this run; when it is what
/// the dialog `shown`, the job's own is used.
#[server]
pub async fn run_job(id: i32, parameter: Option<String>, shown: Option<String>) -> Result<(), AppError> {
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let typed =
        parameter.map(form::line_feeds).filter(|typed| Some(typed) != shown.map(form::line_feeds).as_ref());
    let run = scheduler::runs::run_now(&services, &caller, id, typed).await.map_err(ssr::refuse)?;
    ssr::redirect(&routes::run(run));
    Ok(())
}
