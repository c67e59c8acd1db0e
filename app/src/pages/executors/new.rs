//! `/executors/new`

use crate::api::executors::{CreateExecutor, NEW_FORM, NamespaceChoice, namespace_choices};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::field::{Choice, SelectField, TextField};
use crate::components::form::{EditForm, FieldGroup, FormFoot, use_form};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::executors::form::{LimitFields, NameFields, RegistrationFields};
use crate::routes;
use crate::visit::use_may;
use entity::grant::Role;
use leptos::prelude::*;

#[component]
pub fn NewExecutor() -> impl IntoView {
    if !use_may().edit {
        return view! { <ErrorPage error=AppError::for_role(Role::Editor)/> }.at_once();
    }
    let create = ServerAction::<CreateExecutor>::new();
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
fn Content(create: ServerAction<CreateExecutor>, namespaces: Vec<NamespaceChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, executors.title), routes::executors()),
        Crumb::here(tu_string!(i18n, executors.new)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, executors.new) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form">
                    <NameFields>
                        <NamespaceField namespaces/>
                    </NameFields>
                    <RegistrationFields/>
                    <LimitFields/>
                    <FieldGroup title=tu_string!(i18n, executors.group_token)>
                        <TextField
                            name="token"
                            label=tu_string!(i18n, executors.own_token)
                            help=tu_string!(i18n, executors.own_token_help)
                            maxlength=128
                            optional=true
                            span=true
                            mono=true
                        />
                    </FieldGroup>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, executors.create)}</Button>
                        <LinkButton href=routes::executors() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}

/// A choice where there is one.
#[component]
pub fn NamespaceField(namespaces: Vec<NamespaceChoice>) -> impl IntoView {
    let i18n = use_i18n();
    match <[NamespaceChoice; 1]>::try_from(namespaces) {
        Ok([only]) => {
            let name = use_form().sent_name("namespace_id");
            view! { <input type="hidden" name=name value=only.id/> }.at_once()
        }
        Err(several) => {
            let options = several.into_iter().map(|found| Choice::new(found.id.to_string(), found.title));
            view! {
                <SelectField
                    name="namespace_id"
                    label=tu_string!(i18n, executors.namespace)
                    options=options.collect()
                    help=tu_string!(i18n, executors.namespace_help)
                    span=true
                />
            }
            .at_once()
        }
    }
}
