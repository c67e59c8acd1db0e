//! Executors: their list, their instances, their credentials.

mod handlers;
mod hosts;
mod queue;
mod views;

use crate::error::AppError;
use entity::turned_away::Model as TurnedAwayModel;
use leptos::prelude::*;

pub use handlers::{HandlerLine, HandlersView};
pub use hosts::{
    ChartKind, ChartView, HistoryQuery, HistoryRow, HistoryView, HostChoice, HostHistory, HostLine,
    host_history,
};
pub use queue::{QueueLine, QueueView};
pub use views::{
    ExecutorForm, ExecutorLine, ExecutorLines, ExecutorPage, ExecutorQuery, ExecutorSettings, InstanceLine,
    InstanceLines, JobLine, NamespaceChoice, registration_code, registration_of,
};

/// The form of a new executor, as its server function names it.
pub const NEW_FORM: &str = "executor-new";
/// The form of an executor that exists.
pub const EDIT_FORM: &str = "executor-edit";

/// The executors that match, by app name; at most 1,000.
#[server]
pub async fn list_executors(query: ExecutorQuery) -> Result<ExecutorLines, AppError> {
    use crate::ssr;
    use scheduler::{executors, namespaces};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rows = executors::list(&services, &caller, &query.into()).await.map_err(ssr::refuse)?;
    let namespaces = namespaces::list(&services, &caller).await.map_err(ssr::refuse)?;
    let strangers = scheduler::instances::strangers(&services, &caller).await.map_err(ssr::refuse)?;
    Ok(ExecutorLines::new(rows, namespaces, strangers))
}

/// The namespaces in which the viewer may create executors, calendars and jobs.
#[server]
pub async fn namespace_choices() -> Result<Vec<NamespaceChoice>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let action = scheduler::authority::Action::ManageExecutors;
    let namespaces =
        scheduler::namespaces::list_for(&services, &caller, action).await.map_err(ssr::refuse)?;
    Ok(namespaces.into_iter().map(NamespaceChoice::from).collect())
}

/// One executor with its instances and its first jobs.
#[server]
pub async fn executor(id: i32) -> Result<ExecutorPage, AppError> {
    use crate::{api::may::May, ssr};
    use scheduler::executors;
    use scheduler::jobs::{self, JobFilter, JobOrder};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = executors::get(&services, &caller, id).await.map_err(ssr::refuse)?;
    let filter = JobFilter { executor_id: Some(id), ..JobFilter::default() };
    let jobs = jobs::list(&services, &caller, &filter, JobOrder::Name, None).await.map_err(ssr::refuse)?;
    let may = May::inside(&caller, detail.namespace.id);
    let mut page = ExecutorPage::new(detail, may, jobs.rows, ssr::public_url());
    hosts::add_hosts(&services, &caller, id, &mut page.instances.lines).await?;
    Ok(page)
}

/// The instances of an executor, as they are now.
#[server]
pub async fn instances(executor_id: i32) -> Result<InstanceLines, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let detail = scheduler::executors::get(&services, &caller, executor_id).await.map_err(ssr::refuse)?;
    let mut present = InstanceLines::new(detail.instances, detail.online, detail.gone, &detail.out);
    hosts::add_hosts(&services, &caller, executor_id, &mut present.lines).await?;
    Ok(present)
}

/// What is known of the handlers of an executor.
#[server]
pub async fn handlers(executor_id: i32) -> Result<HandlersView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let known = scheduler::executors::handlers(&services, &caller, executor_id).await;
    known.map(HandlersView::from).map_err(ssr::refuse)
}

/// What tried to register with an executor and was refused, within a day.
#[server]
pub async fn turned_away(executor_id: i32) -> Result<Vec<TurnedAwayModel>, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::instances::turned_away(&services, &caller, executor_id).await.map_err(ssr::refuse)
}

/// What the executor is doing, and what waits for it.
#[server]
pub async fn queue(executor_id: i32) -> Result<QueueView, AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let queue = scheduler::runs::queue(&services, &caller, executor_id).await;
    queue.map(QueueView::from).map_err(ssr::refuse)
}

/// Lets a run go before all others that wait for its executor.
#[server]
pub async fn move_to_front(run_id: i64) -> Result<(), AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::runs::to_front(&services, &caller, run_id).await.map_err(ssr::refuse)
}

/// Lets an instance keep the runs that it has and get no more.
#[server]
pub async fn drain_instance(id: i32) -> Result<(), AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::instances::drain(&services, &caller, id).await.map_err(ssr::refuse)
}

/// Lets an instance that drains get runs again.
#[server]
pub async fn take_instance_back(id: i32) -> Result<(), AppError> {
    use crate::ssr;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::instances::take_back(&services, &caller, id).await.map_err(ssr::refuse)
}

/// The token that was made for this executor just before, once.
#[server]
pub async fn new_token(executor_id: i32) -> Result<Option<String>, AppError> {
    use crate::ssr;
    ssr::domain().map_err(ssr::refuse)?;
    ssr::take_secret(ssr::SecretOf::Executor(executor_id)).await.map_err(ssr::refuse)
}

/// Creates an executor and goes to its page, which shows the token once.
#[server]
pub async fn create_executor(form: ExecutorForm) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let created = match form.clone().try_into() {
        Ok(draft) => scheduler::executors::create(&services, &caller, draft).await.map_err(AppError::from),
        Err(wrong) => Err(wrong),
    };
    match created {
        Ok((executor, token)) => {
            ssr::keep_secret(ssr::SecretOf::Executor(executor.id), token).await.map_err(ssr::refuse)?;
            ssr::flash(Message::new("executor_created"));
            ssr::redirect(&routes::executor(executor.id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(NEW_FORM, &form, error).await),
    }
}

/// Changes an executor of which `version` was shown.
#[server]
pub async fn edit_executor(id: i32, version: i32, form: ExecutorSettings) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    use scheduler::executors;
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let edited = match form.clone().try_into() {
        Ok(edit) => executors::edit(&services, &caller, id, version, &edit).await.map_err(AppError::from),
        Err(wrong) => Err(wrong),
    };
    match edited {
        Ok(_) => {
            ssr::flash(Message::new("saved"));
            ssr::redirect(&routes::executor(id));
            Ok(())
        }
        Err(error) => Err(ssr::refuse_form(EDIT_FORM, &form, error).await),
    }
}

/// Gives an executor a new token, which its page shows once; the old one works for a day more.
#[server]
pub async fn rotate_token(id: i32) -> Result<(), AppError> {
    use crate::{routes, ssr};
    use scheduler::executors::{self, TOKEN_OVERLAP};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    let rotated = executors::rotate_token(&services, &caller, id, TOKEN_OVERLAP).await;
    let (_, token) = rotated.map_err(ssr::refuse)?;
    ssr::keep_secret(ssr::SecretOf::Executor(id), token).await.map_err(ssr::refuse)?;
    ssr::redirect(&routes::executor(id));
    Ok(())
}

/// Deletes an executor without jobs.
#[server]
pub async fn delete_executor(id: i32) -> Result<(), AppError> {
    use crate::{error::Message, routes, ssr};
    let (services, caller) = ssr::domain().map_err(ssr::refuse)?;
    scheduler::executors::delete(&services, &caller, id).await.map_err(ssr::refuse)?;
    ssr::flash(Message::new("executor_deleted"));
    ssr::redirect(&routes::executors());
    Ok(())
}
