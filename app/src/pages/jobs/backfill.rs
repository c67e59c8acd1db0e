//! `/jobs/:id/backfill`: runs a job for past times of its schedule.

use super::opened::opened;
use crate::api::jobs::{
    BACKFILL_FORM, BackfillForm, BackfillJob, JobView, PREVIEW, PastTimes, preview_backfill,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::field::{NumberField, TextField};
use crate::components::form::{EditForm, FieldGroup, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::pulse::use_scripts;
use crate::components::resource::resource;
use crate::components::time::{Time, TimeStyle, full};
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use crate::words::sentence;
use entity::grant::Role;
use entity::job::{JobState, ScheduleKind};
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use std::time::Duration;

/// How long somebody must pause typing before the times are looked for anew.
const PAUSE: Duration = Duration::from_millis(250);
/// What the form starts with: the last 24 hours.
const DAY_MS: i64 = 86_400_000;
/// Runs at once.
const MOST_PARALLEL: i64 = 100;

/// Whether a job has past times to run for, and may run.
pub fn can_backfill(kind: ScheduleKind, state: JobState) -> bool {
    matches!(kind, ScheduleKind::Cron | ScheduleKind::FixedRate) && state != JobState::Disabled
}

#[component]
pub fn Backfill() -> impl IntoView {
    opened(|view| match view.may.operate {
        true => view! { <Page view/> }.at_once(),
        false => view! { <ErrorPage error=AppError::for_role(Role::Operator)/> }.at_once(),
    })
}

#[component]
fn Page(view: JobView) -> impl IntoView {
    let i18n = use_i18n();
    let job = view.job;
    let start = ServerAction::<BackfillJob>::new();
    let form = starting_form(&job.zone);
    let typed = RwSignal::new(form.clone());
    let (id, zone) = (job.id, job.zone.clone());
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::link(job.name.clone(), routes::job(id)),
        Crumb::here(tu_string!(i18n, jobs.backfill)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, jobs.backfill_named, name = job.name.clone()) crumbs/>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, jobs.backfill_text)}</p>
            <div class="job-form">
                <EditForm id=BACKFILL_FORM action=start prefix="form" values=form.values()>
                    <input type="hidden" name="id" value=id/>
                    <Fields zone=job.zone typed/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, jobs.backfill_start)}</Button>
                        <PreviewButton/>
                        <LinkButton href=routes::job(id) weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
                <Found id zone typed/>
            </div>
        </div>
    }
}

/// As it was typed before it came back, else the last 24 hours, one after the other.
fn starting_form(zone: &str) -> BackfillForm {
    let visit = use_visit();
    match visit.kept.filter(|kept| kept.form == BACKFILL_FORM) {
        Some(kept) => BackfillForm::from_values(&kept.values),
        None => BackfillForm {
            from: full(visit.now - DAY_MS, zone),
            until: full(visit.now, zone),
            parallel: "1".to_owned(),
        },
    }
}

#[component]
fn Fields(zone: String, typed: RwSignal<BackfillForm>) -> impl IntoView {
    let i18n = use_i18n();
    let writer = move |write: fn(&mut BackfillForm, String)| {
        Callback::new(move |text: String| typed.update(|typed| write(typed, text)))
    };
    let help = tu_string!(i18n, jobs.backfill_range_help, zone = zone);
    view! {
        <FieldGroup title=tu_string!(i18n, jobs.backfill_range)>
            <TextField
                name="from"
                label=tu_string!(i18n, jobs.backfill_from)
                help=help.clone()
                mono=true
                on_input=writer(|typed, text| typed.from = text)
            />
            <TextField
                name="until"
                label=tu_string!(i18n, jobs.backfill_until)
                help=help
                mono=true
                on_input=writer(|typed, text| typed.until = text)
            />
            <NumberField
                name="parallel"
                label=tu_string!(i18n, jobs.backfill_parallel)
                help=tu_string!(i18n, jobs.backfill_parallel_help)
                min=1
                max=MOST_PARALLEL
                on_input=writer(|typed, text| typed.parallel = text)
            />
        </FieldGroup>
    }
}

/// For browsers without scripts: shows what would run and does nothing else.
#[component]
fn PreviewButton() -> impl IntoView {
    let i18n = use_i18n();
    let scripts = use_scripts();
    view! {
        <span hidden=move || scripts.get()>
            <Button name="intent" value=PREVIEW>{tu_string!(i18n, jobs.backfill_preview)}</Button>
        </span>
    }
}

/// What would run of what is typed, looked for anew after a pause.
#[component]
fn Found(id: i32, zone: String, typed: RwSignal<BackfillForm>) -> impl IntoView {
    let i18n = use_i18n();
    let settled = RwSignal::new(typed.get_untracked());
    Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
        if let Some(Some(timer)) = timer {
            timer.clear();
        }
        let typed = typed.get();
        let changed = typed != settled.get_untracked();
        changed.then(|| set_timeout_with_handle(move || settled.set(typed), PAUSE).ok()).flatten()
    });
    let found = resource(move || settled.get(), move |typed| preview_backfill(id, typed));
    view! {
        <aside class="next-fires">
            <div class="sec-h">
                <h2>{tu_string!(i18n, jobs.backfill_found)}</h2>
            </div>
            <Transition>
                {move || {
                    let zone = zone.clone();
                    Suspend::new(async move { found_view(i18n, zone, found.await) })
                }}
            </Transition>
            <p class="t12 muted mt-3">{tu_string!(i18n, jobs.same_code)}</p>
        </aside>
    }
}

fn found_view(i18n: I18nContext<Locale>, zone: String, found: Result<PastTimes, AppError>) -> AnyView {
    let locale = i18n.get_locale_untracked();
    let wrong = match found {
        Ok(PastTimes::Found { count, first, last }) => {
            return view! {
                <p class="t13"><b>{tu_string!(i18n, jobs.backfill_count, n = count)}</b></p>
                <p class="t13 mt-2">
                    <Time at=first style=TimeStyle::Full zone=zone.clone()/> " – "
                    <Time at=last style=TimeStyle::Full zone=zone.clone()/> " " <span class="faint">{zone}</span>
                </p>
            }
            .at_once();
        }
        Ok(PastTimes::Wrong(wrong)) => wrong.first().map(|wrong| sentence(locale, &wrong.message)),
        Err(error) => Some(sentence(locale, &error.sentence())),
    };
    view! { <p class="muted t13">{wrong}</p> }.at_once()
}
