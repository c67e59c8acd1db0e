//! `/settings/channels/:id`

use super::form::{ChannelFields, kind_word};
use crate::api::channels::{
    ChannelLine, DeleteChannel, EDIT_FORM, EditChannel as EditChannelCall, TestChannel, channel,
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
pub fn EditChannel() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let edit = ServerAction::<EditChannelCall>::new();
    let channel = resource(move || id.get(), channel);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match channel.await {
                    Ok(channel) => view! { <Content edit channel/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(edit: ServerAction<EditChannelCall>, channel: ChannelLine) -> impl IntoView {
    let i18n = use_i18n();
    let name = channel.name.clone();
    let crumbs =
        vec![Crumb::link(tu_string!(i18n, alerts.channels), routes::channels()), Crumb::here(name.clone())];
    let (id, rules, values) = (channel.id, channel.rules, channel.values());
    let (namespace, kind) = (channel.namespace.clone(), channel.kind);
    let may_edit = channel.may.alerts;
    let actions = move || {
        may_edit.then(|| {
            view! {
                <Test id name=name.clone()/>
                <Delete id name=name.clone() rules/>
            }
        })
    };
    view! {
        <div class="page">
            <PageTitle title=channel.name.clone() crumbs actions>
                <span class="muted t13">
                    {namespace} " · " {kind_word(kind)} " · "
                    {tu_string!(i18n, alerts.used_by, n = rules)}
                </span>
            </PageTitle>
            <div class="mt-4">
                <EditForm id=EDIT_FORM action=edit prefix="form" values>
                    <input type="hidden" name="id" value=id/>
                    <input type="hidden" name="version" value=channel.version/>
                    <ChannelFields stored=Some(channel)/>
                    <FormFoot>
                        {may_edit.then(|| view! {
                            <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        })}
                        <LinkButton href=routes::channels() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}

#[component]
fn Test(id: i32, name: String) -> impl IntoView {
    let i18n = use_i18n();
    let test = ServerAction::<TestChannel>::new();
    view! {
        <ConfirmForm
            action=test
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, alerts.test)
            question=tu_string!(i18n, alerts.test_question, name = name)
            icon=IconName::Bell
            weight=Weight::Secondary
        >
            {tu_string!(i18n, alerts.test_text)}
        </ConfirmForm>
    }
}

#[component]
fn Delete(id: i32, name: String, rules: u64) -> impl IntoView {
    let i18n = use_i18n();
    let delete = ServerAction::<DeleteChannel>::new();
    let text = match rules {
        0 => tu_string!(i18n, alerts.delete_channel_text).to_owned(),
        rules => tu_string!(i18n, alerts.delete_channel_refused, n = rules),
    };
    view! {
        <ConfirmForm
            action=delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, alerts.delete)
            question=tu_string!(i18n, alerts.delete_channel_question, name = name)
            icon=IconName::Trash
        >
            {text.clone()}
        </ConfirmForm>
    }
}
