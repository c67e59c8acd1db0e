//! `/calendars/new`

use super::form::CalendarFields;
use crate::api::calendars::{CreateCalendar, NEW_FORM};
use crate::api::executors::{NamespaceChoice, namespace_choices};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::executors::new::NamespaceField;
use crate::routes;
use crate::visit::use_may;
use entity::grant::Role;
use leptos::prelude::*;

#[component]
pub fn NewCalendar() -> impl IntoView {
    if !use_may().edit {
        return view! { <ErrorPage error=AppError::for_role(Role::Editor)/> }.at_once();
    }
    let create = ServerAction::<CreateCalendar>::new();
    let namespaces = resource(|| (), |()| namespace_choices());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match namespaces.await {
                    Ok(namespaces) => view! { <Content create namespaces/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
    .at_once()
}

#[component]
fn Content(create: ServerAction<CreateCalendar>, namespaces: Vec<NamespaceChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, calendars.title), routes::calendars()),
        Crumb::here(tu_string!(i18n, calendars.new)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, calendars.new) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form">
                    <CalendarFields>
                        <NamespaceField namespaces/>
                    </CalendarFields>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, calendars.create)}</Button>
                        <LinkButton href=routes::calendars() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}
