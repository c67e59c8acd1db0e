//! `/jobs/:id/edit`

use super::form::{JobFields, NextFires, PreviewButton, SourceField, starting_form};
use crate::api::jobs::{self, ExecutorChoice, JobForm, JobView, SaveJob};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot, use_form};
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use entity::grant::Role;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn EditJob() -> impl IntoView {
    let params = use_params_map();
    let start = resource(move || params.read().get("id").unwrap_or_default(), start);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match start.await {
                    Ok((view, choices)) => view! { <Page view choices/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

async fn start(id: String) -> Result<(JobView, Vec<ExecutorChoice>), AppError> {
    let id = id.parse().map_err(|_| AppError::new(ErrorKind::NotFound))?;
    let view = jobs::job(id).await?;
    if !view.may.edit {
        return Err(AppError::for_role(Role::Editor));
    }
    let mut choices = jobs::executor_choices().await?;
    // A job stays in its namespace.
    choices.retain(|choice| choice.namespace == view.namespace);
    Ok((view, choices))
}

#[component]
fn Page(view: JobView, choices: Vec<ExecutorChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let save = ServerAction::<SaveJob>::new();
    let form = starting_form(JobForm::from(&view));
    let job = view.job;
    let typed = RwSignal::new(form.schedule_form());
    let source = match job.run_mode.has_source() {
        true => SourceField::Elsewhere(job.id),
        false => SourceField::Typed,
    };
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::link(job.name.clone(), routes::job(job.id)),
        Crumb::here(tu_string!(i18n, jobs.edit)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, jobs.edit_named, name = job.name.clone()) crumbs/>
            <div class="job-form">
                <EditForm id=jobs::FORM action=save prefix="form" values=form.values()>
                    <ConflictNote id=job.id save/>
                    <input type="hidden" name="id" value=job.id/>
                    <ShownJob/>
                    <JobFields choices source form typed/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        <PreviewButton/>
                        <LinkButton href=routes::job(job.id) weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
                <NextFires typed/>
            </div>
        </div>
    }
}

/// What the form knows of the stored job: the optimistic lock, and what a fixed rate counts from.
#[component]
fn ShownJob() -> impl IntoView {
    let form = use_form();
    ["version", "created_at"]
        .map(|name| view! { <input type="hidden" name=form.sent_name(name) value=form.value(name)/> })
}

/// Somebody else saved first: the way to what is stored now. What was typed stays in the form.
#[component]
fn ConflictNote(id: i32, save: ServerAction<SaveJob>) -> impl IntoView {
    let i18n = use_i18n();
    let is_conflict = |error: &AppError| error.kind == ErrorKind::Conflict && error.message.is_none();
    let kept = use_visit().kept.filter(|kept| kept.form == jobs::FORM).and_then(|kept| kept.error);
    let kept = kept.as_ref().is_some_and(is_conflict);
    let shown = move || match save.value().get() {
        Some(result) => result.as_ref().is_err_and(is_conflict),
        None => kept,
    };
    view! {
        <div class="conflict" hidden=move || !shown()>
            <Icon name=IconName::Info/>
            <p>
                {tu_string!(i18n, jobs.conflict_text)} " "
                <a class="act" href=routes::job(id) target="_blank">{tu_string!(i18n, jobs.conflict_look)}</a>
                " · "
                <a class="act" href=routes::job_edit(id) rel="external">
                    {tu_string!(i18n, jobs.conflict_reload)}
                </a>
            </p>
        </div>
    }
}
