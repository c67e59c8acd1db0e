//! `/jobs/new`; with `?copy=7` it starts as a copy of job 7.

use super::form::{JobFields, NextFires, PreviewButton, SourceField, starting_form};
use crate::api::jobs::{self, CreateJob, ExecutorChoice, JobForm, STOPPED};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::{use_may, use_visit};
use entity::grant::Role;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn NewJob() -> impl IntoView {
    let query = use_query_map();
    if !use_may().edit {
        return view! { <ErrorPage error=AppError::for_role(Role::Editor)/> }.at_once();
    }
    let start = resource(
        move || {
            let query = query.read();
            (query.get("copy").unwrap_or_default(), query.get("executor").unwrap_or_default())
        },
        |(copy, executor)| start(copy, executor, use_visit().zone),
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match start.await {
                    Ok(start) => view! { <Page start/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
    .at_once()
}

/// What the page starts from: executors to choose from, the form, and of which job it is a copy.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Start {
    choices: Vec<ExecutorChoice>,
    form: JobForm,
    copied: Option<(i32, String)>,
}

async fn start(copy: String, executor: String, zone: String) -> Result<Start, AppError> {
    let mut choices = jobs::executor_choices().await?;
    choices.retain(|choice| choice.may.edit);
    if let Ok(id) = copy.parse() {
        let view = jobs::job(id).await?;
        // The copy's fixed rate counts from its own creation.
        let form = JobForm { created_at: String::new(), ..JobForm::from(&view) };
        return Ok(Start { choices, form, copied: Some((view.job.id, view.job.name)) });
    }
    let wanted = executor.parse().ok();
    let chosen = choices.iter().find(|choice| Some(choice.id) == wanted).or(choices.first());
    let form = JobForm::fresh(&zone, chosen.map(|choice| choice.id));
    Ok(Start { choices, form, copied: None })
}

#[component]
fn Page(start: Start) -> impl IntoView {
    let i18n = use_i18n();
    let here = match &start.copied {
        Some((id, name)) => tu_string!(i18n, jobs.copy_of, id = *id, name = name.clone()),
        None => tu_string!(i18n, jobs.new).to_owned(),
    };
    let crumbs = vec![Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()), Crumb::here(here)];
    let body = match start.choices.is_empty() {
        true => view! { <NoExecutor/> }.at_once(),
        false => view! { <Editor start/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, jobs.new) crumbs/>
            {body}
        </div>
    }
}

/// A job needs an executor: leads whoever may enrol one to the form.
#[component]
pub fn NoExecutor() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Empty title=tu_string!(i18n, jobs.no_executor) text=tu_string!(i18n, jobs.no_executor_text)>
            {use_may().edit.then(|| view! {
                <LinkButton href=routes::executor_new() weight=Weight::Primary>
                    {tu_string!(i18n, executors.new)}
                </LinkButton>
            })}
        </Empty>
    }
}

#[component]
fn Editor(start: Start) -> impl IntoView {
    let i18n = use_i18n();
    let create = ServerAction::<CreateJob>::new();
    let form = starting_form(start.form);
    let typed = RwSignal::new(form.schedule_form());
    view! {
        <div class="job-form">
            <EditForm id=jobs::FORM action=create prefix="form" values=form.values()>
                <JobFields choices=start.choices source=SourceField::New form typed/>
                <FormFoot>
                    <Button weight=Weight::Primary>{tu_string!(i18n, jobs.create)}</Button>
                    <Button name="intent" value=STOPPED>{tu_string!(i18n, jobs.create_stopped)}</Button>
                    <PreviewButton/>
                    <LinkButton href=routes::jobs() weight=Weight::Ghost>
                        {tu_string!(i18n, common.cancel)}
                    </LinkButton>
                </FormFoot>
            </EditForm>
            <NextFires typed/>
        </div>
    }
}
