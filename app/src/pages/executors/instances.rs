//! The processes of an executor: which are there, what they are, when they were heard of.

use crate::api::executors::{DrainInstance, InstanceLine, InstanceLines, TakeInstanceBack};
use crate::components::at_once::TakenAtOnce;
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

/// What can be done with an instance.
#[derive(Clone, Copy)]
pub struct Draining {
    pub drain: ServerAction<DrainInstance>,
    pub take_back: ServerAction<TakeInstanceBack>,
}

impl Draining {
    pub fn new() -> Self {
        Self { drain: ServerAction::new(), take_back: ServerAction::new() }
    }

    /// Another number after each.
    pub fn version(self) -> usize {
        self.drain.version().get() + self.take_back.version().get()
    }
}

/// `draining` is none for those who may not.
#[component]
pub fn Instances(instances: Signal<Vec<InstanceLine>>, draining: Option<Draining>) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = Memo::new(move |_| instances.read().is_empty());
    let columns = move || {
        let [cpu, process, memory, disk] = gauges::columns();
        let mut columns = vec![
            Column::new(tu_string!(i18n, executors.address)),
            Column::new(tu_string!(i18n, executors.state)).class("cw-2"),
            Column::new(tu_string!(i18n, executors.client)).class("cw-3"),
            Column::new(tu_string!(i18n, executors.up)).class("cw-2 wide-only"),
            Column::new(tu_string!(i18n, executors.out_here)).class("cw-2").number(),
            cpu,
            process,
            memory,
            disk,
            Column::new(tu_string!(i18n, executors.heartbeat)).class("cw-3").number(),
        ];
        if draining.is_some() {
            columns.push(Column::new(tu_string!(i18n, executors.drain)).actions().class("cw-2"));
        }
        columns
    };
    move || {
        match is_empty.get() {
        true => view! { <p class="muted t13 py-2">{tu_string!(i18n, executors.no_instance)}</p> }.at_once(),
        false => view! {
            <DataTable label=tu_string!(i18n, executors.instances) columns=columns() inner=true>
                {move || instances.read().iter().cloned().map(|instance| row(instance, draining)).collect_view()}
            </DataTable>
            <AllDrain instances/>
            <TooOld instances/>
            <gauges::Silent instances/>
        }
        .at_once(),
    }
    }
}

fn row(instance: InstanceLine, draining: Option<Draining>) -> impl IntoView {
    let i18n = use_i18n();
    let is_gone = instance.gone_at.is_some();
    let is_draining = instance.is_draining && !is_gone;
    let (class, icon, word) = match (is_gone, is_draining) {
        (true, _) => ("ic s-fail", IconName::Plug, tu_string!(i18n, executors.is_gone)),
        (_, true) => ("ic muted", IconName::LogOut, tu_string!(i18n, executors.is_draining)),
        _ => ("ic s-ok", IconName::Plug, tu_string!(i18n, executors.is_online)),
    };
    let (state, out) = (if is_draining { "p1 strong" } else { "p1" }, instance.out);
    let action = draining
        .map(|draining| view! { <td class="p3 num">{(!is_gone).then(|| drain(&instance, draining))}</td> });
    view! {
        <tr>
            <td>
                <span class="mark-name">
                    <span class=class><Icon name=icon/></span>
                    {address(&instance)}
                </span>
                {instance.labels.split(',').filter(|label| !label.is_empty()).map(|label| view! {
                    " " <span class="tag mono">{label.to_owned()}</span>
                }).collect_view()}
            </td>
            <td class=state class:muted=!is_gone && !is_draining class:gone=is_gone>{word}</td>
            <td class="p2 muted">
                {client_word(instance.client)}
                {(!instance.version.is_empty()).then(|| view! { " " <span class="faint">{instance.version.clone()}</span> })}
                {capacity(&instance)}
            </td>
            <td class="muted wide-only">{(!is_gone).then(|| up_for(instance.registered_at))}</td>
            <td class="num" class:faint=out == 0>{out}</td>
            {gauges::cells(&instance)}
            <td class="p2 num muted">{heartbeat(instance.manual, instance.seen_at)}</td>
            {action}
        </tr>
    }
}

/// The button that lets it drain, or takes it back.
fn drain(instance: &InstanceLine, draining: Draining) -> AnyView {
    let i18n = use_i18n();
    let (id, address) = (instance.id, host(&instance.address).to_owned());
    if instance.is_draining {
        let label = tu_string!(i18n, executors.take_back_this, address = address);
        return view! {
            <ActionForm action=draining.take_back>
                <input type="hidden" name="id" value=id/>
                <button class="act" aria-label=label>{tu_string!(i18n, executors.take_back)}</button>
            </ActionForm>
        }
        .at_once();
    }
    let label = tu_string!(i18n, executors.drain_this, address = address);
    view! {
        <ActionForm action=draining.drain>
            <input type="hidden" name="id" value=id/>
            <button class="act" aria-label=label title=tu_string!(i18n, executors.drain_means)>
                {tu_string!(i18n, executors.drain)}
            </button>
        </ActionForm>
    }
    .at_once()
}

/// Leads to the charts of its host where there are some.
fn address(instance: &InstanceLine) -> AnyView {
    let (title, name) = (instance.address.clone(), host(&instance.address).to_owned());
    match instance.host {
        Some(_) => {
            let charts = routes::executor_history(use_executor_id().get_untracked(), instance.id, "");
            view! { <a class="mono strong cut" title=title href=charts>{name}</a> }.at_once()
        }
        None => view! { <span class="mono strong cut" title=title>{name}</span> }.at_once(),
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
        true => tu_string!(i18n, executors.typed).at_once(),
        false => view! { <Time at=seen_at style=TimeStyle::Relative/> }.at_once(),
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

/// Says what it means that nobody takes runs.
#[component]
fn AllDrain(instances: Signal<Vec<InstanceLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let all_drain = Memo::new(move |_| {
        let instances = instances.read();
        let mut here = instances.iter().filter(|found| found.gone_at.is_none()).peekable();
        here.peek().is_some() && here.all(|found| found.is_draining)
    });
    move || {
        all_drain.get().then(|| {
            view! {
                <p class="warn-t mt-3" role="note">
                    <Icon name=IconName::AlertTriangle size=14/>
                    <span>{tu_string!(i18n, executors.all_drain)}</span>
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
