//! `/executors/:id/edit`

use crate::api::executors::{EDIT_FORM, EditExecutor as EditExecutorCall, ExecutorPage, executor};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::executors::form::{LimitFields, NameFields, RegistrationFields};
use crate::pages::executors::use_executor_id;
use crate::routes;
use entity::grant::Role;
use leptos::prelude::*;

#[component]
pub fn EditExecutor() -> impl IntoView {
    let id = use_executor_id();
    let edit = ServerAction::<EditExecutorCall>::new();
    let executor = resource(move || id.get(), executor);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match executor.await {
                    Ok(executor) if !executor.may.edit => {
                        view! { <ErrorPage error=AppError::for_role(Role::Editor)/> }.at_once()
                    }
                    Ok(executor) => view! { <Content edit executor/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(edit: ServerAction<EditExecutorCall>, executor: ExecutorPage) -> impl IntoView {
    let i18n = use_i18n();
    let page = routes::executor(executor.id);
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, executors.title), routes::executors()),
        Crumb::link(executor.settings.app_name.clone(), page.clone()),
        Crumb::here(tu_string!(i18n, executors.edit)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, executors.edit) crumbs>
                <span class="muted t13">{executor.namespace.clone()}</span>
            </PageTitle>
            <div class="mt-4">
                <EditForm id=EDIT_FORM action=edit prefix="form" values=executor.settings.values()>
                    <input type="hidden" name="id" value=executor.id/>
                    <input type="hidden" name="version" value=executor.version/>
                    <NameFields/>
                    <RegistrationFields/>
                    <LimitFields/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        <LinkButton href=page weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}
