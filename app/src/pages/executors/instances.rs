//! The processes of an executor: which are there, what they are, when they were heard of.

use crate::api::executors::{InstanceLine, InstanceLines};
use crate::components::icon::{Icon, IconName};
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, span};
use crate::i18n::*;
use crate::pages::executors::{gauges, use_executor_id};
use crate::pages::runs::words::host;
use crate::routes;
use crate::visit::use_now;
use entity::instance::Client;
use leptos::prelude::*;

/// The client library in its own name.
pub fn client_word(client: Client) -> &'static str {
    let i18n = use_i18n();
    match client {
        Client::Java => "XXL-JOB Java",
        Client::JavaTrigger => "XXL-JOB Java 3.5+",
        Client::Pyxxl => "pyxxl",
        Client::Node => "Node.js",
        Client::Go => "Go",
        Client::Rust => "Rust",
        Client::Orrery => "Orrery",
        Client::TooOld => tu_string!(i18n, executors.client_too_old),
        Client::Other => tu_string!(i18n, executors.client_other),
    }
}

#[component]
pub fn Instances(instances: Signal<Vec<InstanceLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = Memo::new(move |_| instances.read().is_empty());
    let columns = move || {
        let [cpu, process, memory, disk] = gauges::columns();
        vec![
            Column::new(tu_string!(i18n, executors.address)),
            Column::new(tu_string!(i18n, executors.state)).class("cw-2"),
            Column::new(tu_string!(i18n, executors.client)).class("cw-3"),
            Column::new(tu_string!(i18n, executors.up)).class("cw-2"),
            cpu,
            process,
            memory,
            disk,
            Column::new(tu_string!(i18n, executors.heartbeat)).class("cw-2").number(),
        ]
    };
    move || match is_empty.get() {
        true => view! { <p class="muted t13 py-2">{tu_string!(i18n, executors.no_instance)}</p> }.into_any(),
        false => view! {
            <DataTable label=tu_string!(i18n, executors.instances) columns=columns() inner=true>
                {move || instances.read().iter().cloned().map(row).collect_view()}
            </DataTable>
            <TooOld instances/>
            <gauges::Silent instances/>
        }
        .into_any(),
    }
}

fn row(instance: InstanceLine) -> impl IntoView {
    let i18n = use_i18n();
    let (class, word) = match instance.gone_at {
        None => ("ic s-ok", tu_string!(i18n, executors.is_online)),
        Some(_) => ("ic s-fail", tu_string!(i18n, executors.is_gone)),
    };
    let is_gone = instance.gone_at.is_some();
    view! {
        <tr>
            <td>
                <span class="mark-name">
                    <span class=class><Icon name=IconName::Plug/></span>
                    {address(&instance)}
                </span>
                {instance.labels.split(',').filter(|label| !label.is_empty()).map(|label| view! {
                    " " <span class="tag mono">{label.to_owned()}</span>
                }).collect_view()}
            </td>
            <td class="p1" class:muted=!is_gone class:gone=is_gone>{word}</td>
            <td class="p2 muted">
                {client_word(instance.client)}
                {(!instance.version.is_empty()).then(|| view! { " " <span class="faint">{instance.version.clone()}</span> })}
                {capacity(&instance)}
            </td>
            <td class="muted">{(!is_gone).then(|| up_for(instance.registered_at))}</td>
            {gauges::cells(&instance)}
            <td class="p2 num muted">{heartbeat(instance.manual, instance.seen_at)}</td>
        </tr>
    }
}

/// Leads to the charts of its host where there are some.
fn address(instance: &InstanceLine) -> AnyView {
    let (title, name) = (instance.address.clone(), host(&instance.address).to_owned());
    match instance.host {
        Some(_) => {
            let charts = routes::executor_history(use_executor_id().get_untracked(), instance.id, "");
            view! { <a class="mono strong cut" title=title href=charts>{name}</a> }.into_any()
        }
        None => view! { <span class="mono strong cut" title=title>{name}</span> }.into_any(),
    }
}

/// How many runs it takes, where it says so.
fn capacity(instance: &InstanceLine) -> Option<impl IntoView + use<>> {
    let i18n = use_i18n();
    let words = match (instance.workers, instance.queue_length) {
        (0, _) => return None,
        (workers, 0) => tu_string!(i18n, executors.workers_n, n = workers),
        (workers, queue) => tu_string!(i18n, executors.workers_queue_n, n = workers, queue = queue),
    };
    Some(view! { " · " <span class="faint">{words}</span> })
}

/// How long it has been there; the tooltip says since when.
fn up_for(since: i64) -> impl IntoView {
    let locale = use_i18n().get_locale_untracked();
    let now = use_now();
    let zone = crate::visit::use_visit().zone;
    view! {
        <span class="tn" title=crate::components::time::full(since, &zone)>
            {move || span(locale, (now.get() - since).max(0))}
        </span>
    }
}

fn heartbeat(manual: bool, seen_at: i64) -> impl IntoView {
    let i18n = use_i18n();
    match manual {
        true => tu_string!(i18n, executors.typed).into_any(),
        false => view! { <Time at=seen_at style=TimeStyle::Relative/> }.into_any(),
    }
}

/// Says how many are not named, of which all the same takes its runs.
#[component]
pub fn More(present: Signal<InstanceLines>) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        let (more, shown) = present.with(|present| (present.more(), present.lines.len()));
        (more > 0).then(|| {
            view! {
                <p class="muted t13 mt-3">
                    {tu_string!(i18n, executors.more_instances, n = more, shown = shown)}
                </p>
            }
        })
    }
}

/// Says of clients that register but cannot be called, why, and what helps.
#[component]
fn TooOld(instances: Signal<Vec<InstanceLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let too_old = move || {
        let instances = instances.read();
        let found =
            instances.iter().filter(|found| found.client == Client::TooOld && found.gone_at.is_none());
        found.map(|instance| instance.address.clone()).collect::<Vec<_>>()
    };
    move || {
        let addresses = too_old();
        (!addresses.is_empty()).then(|| {
            view! {
                <p class="warn-t mt-3" role="note">
                    <Icon name=IconName::AlertTriangle size=14/>
                    <span>{tu_string!(i18n, executors.too_old, addresses = addresses.join(", "))}</span>
                </p>
            }
        })
    }
}
