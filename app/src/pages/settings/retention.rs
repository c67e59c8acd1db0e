//! `/settings/retention`: how long the past is kept.

use crate::api::retention::{EditRetention, FORM, LogsNow, RetentionView, retention};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::field::NumberField;
use crate::components::form::{EditForm, FieldGroup, FormFoot};
use crate::components::page_title::PageTitle;
use crate::components::quantity::bytes;
use crate::components::resource::resource;
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_notices;
use crate::i18n::*;
use crate::pages::statistics::cards::grouped;
use crate::routes;
use leptos::prelude::*;

#[component]
pub fn Retention() -> impl IntoView {
    let edit = ServerAction::<EditRetention>::new();
    show_notices(edit);
    let policy = resource(move || edit.version().get(), |_| retention());
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match policy.await {
                    Ok(view) => view! { <Content edit view/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(edit: ServerAction<EditRetention>, view: RetentionView) -> impl IntoView {
    let i18n = use_i18n();
    let RetentionView { version, form, logs, updated_at } = view;
    let actions = move || {
        view! { <LinkButton href=routes::runs_clean(&[])>{tu_string!(i18n, retention.clean)}</LinkButton> }
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, retention.title) actions>
                {updated_at.map(|at| view! {
                    <span class="muted t13">
                        {tu_string!(i18n, retention.changed)} " " <Time at style=TimeStyle::Short/>
                    </span>
                })}
            </PageTitle>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, retention.text)}</p>
            <div class="mt-4">
                <EditForm id=FORM action=edit prefix="form" values=form.values()>
                    <input type="hidden" name="version" value=version/>
                    <Fields logs/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}

#[component]
fn Fields(logs: Option<LogsNow>) -> impl IntoView {
    let i18n = use_i18n();
    let now = logs.map_or_else(String::new, |now| {
        let (n, size) = (grouped(now.logs.unsigned_abs()), bytes(now.bytes as f64));
        tu_string!(i18n, retention.logs_now, n = n, size = size)
    });
    view! {
        <FieldGroup title=tu_string!(i18n, retention.runs)>
            <NumberField
                name="run_days"
                label=tu_string!(i18n, retention.run_days)
                help=tu_string!(i18n, retention.for_ever)
                max=36_500
            />
            <NumberField
                name="success_days"
                label=tu_string!(i18n, retention.success_days)
                help=tu_string!(i18n, retention.success_days_help)
                max=36_500
            />
            <NumberField
                name="runs_per_job"
                label=tu_string!(i18n, retention.runs_per_job)
                help=tu_string!(i18n, retention.any_number)
                max=100_000_000
            />
        </FieldGroup>
        <FieldGroup title=tu_string!(i18n, retention.logs)>
            <NumberField name="log_days" label=tu_string!(i18n, retention.log_days) min=1 max=36_500/>
            <NumberField name="log_mib" label=tu_string!(i18n, retention.log_mib) help=now min=1/>
        </FieldGroup>
        <FieldGroup title=tu_string!(i18n, retention.others)>
            <NumberField
                name="host_sample_hours"
                label=tu_string!(i18n, retention.host_sample_hours)
                help=tu_string!(i18n, retention.host_sample_hours_help)
                min=1
                max=168
            />
            <NumberField
                name="host_minute_days"
                label=tu_string!(i18n, retention.host_minute_days)
                min=1
                max=400
            />
            <NumberField
                name="access_days"
                label=tu_string!(i18n, retention.access_days)
                help=tu_string!(i18n, retention.access_days_help)
                min=1
                max=36_500
            />
        </FieldGroup>
    }
}
