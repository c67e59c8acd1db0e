//! `/calendars/:id`

use super::form::CalendarFields;
use crate::api::calendars::{
    CalendarView, DeleteCalendar, EDIT_FORM, EditCalendar as EditCalendarCall, calendar,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn EditCalendar() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let edit = ServerAction::<EditCalendarCall>::new();
    let calendar = resource(move || id.get(), calendar);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match calendar.await {
                    Ok(calendar) => view! { <Content edit calendar/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(edit: ServerAction<EditCalendarCall>, calendar: CalendarView) -> impl IntoView {
    let i18n = use_i18n();
    let name = calendar.settings.name.clone();
    let crumbs =
        vec![Crumb::link(tu_string!(i18n, calendars.title), routes::calendars()), Crumb::here(name.clone())];
    let (id, jobs) = (calendar.id, calendar.jobs);
    let may_edit = calendar.may.edit;
    let actions = move || may_edit.then(|| view! { <Delete id name=name.clone() jobs/> });
    view! {
        <div class="page">
            <PageTitle title=calendar.settings.name.clone() crumbs actions>
                <span class="muted t13">
                    {calendar.namespace.clone()} " · " {tu_string!(i18n, calendars.jobs_n, n = jobs)}
                </span>
            </PageTitle>
            <p class="t13 mt-2">{tu_string!(i18n, calendars.edit_text)}</p>
            <div class="mt-4">
                <EditForm id=EDIT_FORM action=edit prefix="form" values=calendar.settings.values()>
                    <input type="hidden" name="id" value=id/>
                    <input type="hidden" name="version" value=calendar.version/>
                    <CalendarFields/>
                    <FormFoot>
                        {may_edit.then(|| view! {
                            <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        })}
                        <LinkButton href=routes::calendars() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}

#[component]
fn Delete(id: i32, name: String, jobs: u64) -> impl IntoView {
    let i18n = use_i18n();
    let delete = ServerAction::<DeleteCalendar>::new();
    let text = match jobs {
        0 => tu_string!(i18n, calendars.delete_text).to_owned(),
        jobs => tu_string!(i18n, calendars.delete_refused, n = jobs),
    };
    view! {
        <ConfirmForm
            action=delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, calendars.delete)
            question=tu_string!(i18n, calendars.delete_question, name = name)
            icon=IconName::Trash
        >
            {text.clone()}
        </ConfirmForm>
    }
}
