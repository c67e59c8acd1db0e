//! `/settings/channels`

use super::form::kind_word;
use crate::api::channels::{ChannelLine, list_channels};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;

#[component]
pub fn ChannelList() -> impl IntoView {
    let channels = resource(|| (), |()| list_channels());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match channels.await {
                    Ok(lines) => view! { <Content lines/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(lines: Vec<ChannelLine>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, alerts.rules), routes::alert_rules()),
        Crumb::here(tu_string!(i18n, alerts.channels)),
    ];
    let may_create = use_may().alerts;
    let new = move |weight| {
        may_create.then(|| {
            view! {
                <LinkButton href=routes::channel_new() weight icon=IconName::Plus>
                    {tu_string!(i18n, alerts.new_channel)}
                </LinkButton>
            }
        })
    };
    let body = match lines.is_empty() {
        true => view! {
            <Empty title=tu_string!(i18n, alerts.no_channels) text=tu_string!(i18n, alerts.no_channels_text)>
                {new(Weight::Secondary)}
            </Empty>
        }
        .at_once(),
        false => view! { <Lines lines/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, alerts.channels) crumbs actions=move || new(Weight::Primary)/>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<ChannelLine>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, alerts.name)),
        Column::new(tu_string!(i18n, alerts.kind)).class("cw-4"),
        Column::new(tu_string!(i18n, alerts.namespace)).class("cw-5"),
        Column::new(tu_string!(i18n, alerts.rules)).class("cw-3").number(),
        Column::new(tu_string!(i18n, alerts.changed)).class("cw-4").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, alerts.channels) columns>
            {lines.into_iter().map(row).collect_view()}
        </DataTable>
    }
}

fn row(line: ChannelLine) -> impl IntoView {
    let i18n = use_i18n();
    // Addresses of an e-mail channel stand in lines.
    let target = line.target.replace('\n', " · ");
    view! {
        <tr>
            <td>
                <a class="name" href=routes::channel_edit(line.id)>{line.name}</a>
                <span class="sub mono">{target}</span>
            </td>
            <td class="p2">{kind_word(line.kind)}</td>
            <td class="p2 muted">{line.namespace}</td>
            <td class="p1 num">
                <span class="wide:hidden">{tu_string!(i18n, alerts.rules)} ": "</span>
                {line.rules}
            </td>
            <td class="p2 num muted"><Time at=line.updated_at style=TimeStyle::Relative/></td>
        </tr>
    }
}
