//! `/settings/channels/new`

use super::form::ChannelFields;
use crate::api::channels::{CreateChannel, NEW_FORM, alert_namespaces};
use crate::api::executors::NamespaceChoice;
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
pub fn NewChannel() -> impl IntoView {
    if !use_may().alerts {
        return view! { <ErrorPage error=AppError::for_role(Role::Owner)/> }.at_once();
    }
    let create = ServerAction::<CreateChannel>::new();
    let namespaces = resource(|| (), |()| alert_namespaces());
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
fn Content(create: ServerAction<CreateChannel>, namespaces: Vec<NamespaceChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, alerts.channels), routes::channels()),
        Crumb::here(tu_string!(i18n, alerts.new_channel)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, alerts.new_channel) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form">
                    <ChannelFields stored=None>
                        <NamespaceField namespaces/>
                    </ChannelFields>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, alerts.create_channel)}</Button>
                        <LinkButton href=routes::channels() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}
