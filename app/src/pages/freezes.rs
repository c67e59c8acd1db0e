//! `/freezes`: stand still, and go on.

use crate::api::freezes::{FORM, Freeze, FreezeLine, FreezeLines, Thaw, list_freezes};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::field::{Choice, SelectField, TextField};
use crate::components::form::{FieldGroup, FormFoot, PlainForm};
use crate::components::frame::use_freeze_news;
use crate::components::page_title::{PageTitle, Section};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::visit::use_may;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

#[component]
pub fn Freezes() -> impl IntoView {
    let thaw = ServerAction::<Thaw>::new();
    let lines = resource(move || thaw.version().get(), |_| list_freezes());
    let news = use_freeze_news();
    Effect::new(move |before: Option<usize>| {
        let version = thaw.version().get();
        if before.is_some_and(|before| before != version) {
            news.tell();
        }
        version
    });
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match lines.await {
                    Ok(lines) => view! { <Content lines thaw/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(lines: FreezeLines, thaw: ServerAction<Thaw>) -> impl IntoView {
    let i18n = use_i18n();
    let everything = use_may().administer.then(|| Choice::new("", tu_string!(i18n, freezes.everything)));
    let namespaces = lines.namespaces.into_iter().map(|found| Choice::new(found.id.to_string(), found.title));
    let scopes: Vec<Choice> = everything.into_iter().chain(namespaces).collect();
    let table = match lines.lines.is_empty() {
        true => view! { <p class="muted t13 py-2">{tu_string!(i18n, freezes.never)}</p> }.at_once(),
        false => view! { <Lines lines=lines.lines thaw/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, freezes.title)/>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, freezes.what_it_does)}</p>
            {(!scopes.is_empty()).then(|| view! { <StandStill scopes/> })}
            <Section title=tu_string!(i18n, freezes.so_far)>{table}</Section>
        </div>
    }
}

#[component]
fn StandStill(scopes: Vec<Choice>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="mt-4">
            <PlainForm id=FORM action=Freeze::url()>
                <FieldGroup title=tu_string!(i18n, freezes.stop_all)>
                    <SelectField name="namespace" label=tu_string!(i18n, freezes.scope) options=scopes/>
                    <TextField
                        name="reason"
                        label=tu_string!(i18n, freezes.reason)
                        help=tu_string!(i18n, freezes.reason_help)
                        maxlength=500
                    />
                </FieldGroup>
                <FormFoot>
                    <Button weight=Weight::Danger>{tu_string!(i18n, freezes.freeze)}</Button>
                </FormFoot>
            </PlainForm>
        </div>
    }
}

#[component]
fn Lines(lines: Vec<FreezeLine>, thaw: ServerAction<Thaw>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, freezes.scope)),
        Column::new(tu_string!(i18n, freezes.by)).class("cw-4"),
        Column::new(tu_string!(i18n, freezes.since)).class("cw-4").number(),
        Column::new(tu_string!(i18n, freezes.until)).class("cw-5").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, freezes.so_far) columns inner=true>
            {lines.into_iter().map(|line| row(line, thaw)).collect_view()}
        </DataTable>
    }
}

fn row(line: FreezeLine, thaw: ServerAction<Thaw>) -> impl IntoView {
    let i18n = use_i18n();
    let scope = scope_words(&line);
    let end = match line.thawed_at {
        Some(at) => {
            let by = line.thawed_by.unwrap_or_default();
            view! { <Time at style=TimeStyle::Short/> " " {by} }.at_once()
        }
        None if !line.may_thaw => ().at_once(),
        None => view! {
            <ConfirmForm
                action=thaw
                fields=vec![("id", line.id.to_string())]
                verb=tu_string!(i18n, freezes.thaw)
                question=tu_string!(i18n, freezes.thaw_question, scope = scope.clone())
                weight=Weight::Secondary
            >
                {tu_string!(i18n, freezes.thaw_touches)}
            </ConfirmForm>
        }
        .at_once(),
    };
    view! {
        <tr>
            <td>
                <span class="name">{scope}</span>
                <span class="sub">{line.reason}</span>
            </td>
            <td class="p2 muted">{by_words(line.frozen_by)}</td>
            <td class="p2 num muted"><Time at=line.frozen_at style=TimeStyle::Short/></td>
            <td class="p1 num muted">{end}</td>
        </tr>
    }
}

/// The namespace, or that it is everything.
pub fn scope_words(line: &FreezeLine) -> String {
    let i18n = use_i18n();
    line.namespace.clone().unwrap_or_else(|| tu_string!(i18n, freezes.everything).to_owned())
}

/// Who it was.
pub fn by_words(name: Option<String>) -> String {
    let i18n = use_i18n();
    name.unwrap_or_else(|| tu_string!(i18n, freezes.operator).to_owned())
}
