//! Three hours of an instance's host: charts, and the same as figures. Instance and end stand in the address.

use crate::api::executors::{ChartKind, ChartView, HistoryQuery, HistoryRow, HistoryView, HostChoice};
use crate::components::at_once::TakenAtOnce;
use crate::components::chart::{ChartScript, LineChart};
use crate::components::error_page::ErrorPage;
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::Section;
use crate::components::pulse::while_visible;
use crate::components::quantity::{bytes, exact_percent};
use crate::components::resource::Resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::full;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::runs::words::host;
use crate::routes;
use crate::visit::use_visit;
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use std::time::Duration;

/// What moves on is read again this often.
const REFRESH: Duration = Duration::from_secs(60);
const HOUR: i64 = 3_600_000;
const SPAN: i64 = 3 * HOUR;

/// What the address asks for.
pub fn use_history_query() -> Memo<HistoryQuery> {
    let query = use_query_map();
    Memo::new(move |_| {
        let text = |name: &str| query.read().get(name).unwrap_or_default();
        HistoryQuery { instance: text("instance"), until: text("until") }
    })
}

/// The charts, once they are known; until then those before.
#[component]
pub fn History(executor_id: i32, history: Resource<Result<HistoryView, AppError>>) -> impl IntoView {
    let query = use_history_query();
    while_visible(REFRESH, move || {
        if query.read_untracked().until.is_empty() {
            history.refetch();
        }
    });
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match history.await {
                    Ok(view) => view! { <Charts executor_id view/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Charts(executor_id: i32, view: HistoryView) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_visit().zone;
    let note = match view.is_now {
        true => tu_string!(i18n, hosts.until_now).to_owned(),
        false => tu_string!(i18n, hosts.until, time = full(view.until, &zone)[..16].to_owned()),
    };
    let controls = view.clone();
    let body = match (view.chosen, view.charts.is_empty()) {
        (None, _) => empty(tu_string!(i18n, hosts.never)),
        (Some(_), true) => empty(tu_string!(i18n, hosts.nothing)),
        (Some(_), false) => view! { <Drawn view=view.clone()/> }.at_once(),
    };
    let wrong = view.is_until_wrong.then(|| {
        view! { <p class="warn-t mt-3" role="alert">{tu_string!(i18n, hosts.until_wrong)}</p> }
    });
    view! {
        <div id="history">
            <Section
                title=tu_string!(i18n, hosts.last_hours)
                note
                actions=move || {
                    let view = controls.clone();
                    view.chosen.map(|chosen| view! { <Controls executor_id chosen view/> })
                }
            >
                {wrong}
                {body}
            </Section>
        </div>
    }
}

fn empty(words: &'static str) -> AnyView {
    view! { <p class="muted t13 py-2">{words}</p> }.at_once()
}

/// Which instance, until when; and the steps to earlier, later and now.
#[component]
fn Controls(executor_id: i32, chosen: i32, view: HistoryView) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_visit().zone;
    let at = |until: String| routes::executor_history(executor_id, chosen, &until);
    let earlier = at(utc(view.from));
    let later = (!view.is_now).then(|| at(utc(view.until + SPAN)));
    let now = at(String::new());
    let is_now = view.is_now;
    let end = full(view.until, &zone)[..16].replacen(' ', "T", 1);
    let typed = if is_now { String::new() } else { end };
    let choices = view.choices.into_iter().map(|choice| option(choice, chosen)).collect_view();
    let arrow = |href: String, label: &'static str, name: IconName| {
        view! { <a href=href aria-label=label title=label><Icon name size=14/></a> }
    };
    view! {
        <Form method="GET" action=routes::executor(executor_id) attr:class="until">
            <label class="fl set">
                <span>{tu_string!(i18n, hosts.instance)}</span>
                <select name="instance" class="mono">{choices}</select>
                <Icon name=IconName::ChevronDown size=14/>
            </label>
            <label class="fl typed set">
                <span>{tu_string!(i18n, hosts.ends)}</span>
                <input type="datetime-local" name="until" value=typed autocomplete="off"/>
            </label>
            <button class="btn sm">{tu_string!(i18n, hosts.show)}</button>
        </Form>
        <nav class="seg sm" aria-label=tu_string!(i18n, hosts.steps)>
            {arrow(earlier, tu_string!(i18n, hosts.earlier), IconName::ChevronLeft)}
            {later.map(|later| arrow(later, tu_string!(i18n, hosts.later), IconName::ChevronRight))}
            <a href=now aria-current=is_now.then_some("true")>{tu_string!(i18n, hosts.now)}</a>
        </nav>
    }
}

fn option(choice: HostChoice, chosen: i32) -> impl IntoView {
    let selected = chosen == choice.id;
    view! { <option value=choice.id selected=selected>{host(&choice.address).to_owned()}</option> }
}

/// `2026-03-06T06:32Z`: means the same to whoever opens the link.
fn utc(at: i64) -> String {
    format!("{}Z", full(at, "UTC")[..16].replacen(' ', "T", 1))
}

#[component]
fn Drawn(view: HistoryView) -> impl IntoView {
    let zone = use_visit().zone;
    let clock = |at: i64| full(at, &zone)[..16].to_owned();
    let hours = format!("{} – {}", clock(view.from), &clock(view.until)[11..]);
    let charts = view.charts.into_iter().map(|chart| drawn(chart, &hours, &zone)).collect_view();
    view! {
        <ChartScript/>
        <div class="charts3">{charts}</div>
        <Figures rows=view.rows/>
    }
}

fn drawn(chart: ChartView, hours: &str, zone: &str) -> impl IntoView + use<> {
    let i18n = use_i18n();
    let ChartView { kind, whole, unit, option, most, outlines } = chart;
    let of_size = || tu_string!(i18n, hosts.size_of, unit = unit.clone(), whole = bytes(whole));
    let (title, note) = match kind {
        ChartKind::Cpu => (tu_string!(i18n, hosts.cpu), tu_string!(i18n, hosts.of_cores, n = whole)),
        ChartKind::ProcessMemory => (tu_string!(i18n, hosts.process_memory), of_size()),
        ChartKind::HostMemory => (tu_string!(i18n, hosts.host_memory), of_size()),
    };
    let label = format!("{title}, {note}, {hours}");
    let most = tu_string!(i18n, hosts.axis, most = format!("{most:.1} {unit}"), hours = hours.to_owned());
    view! { <LineChart title note label option outlines unit most zone=zone.to_owned()/> }
}

/// The same as a table, folded.
#[component]
fn Figures(rows: Vec<HistoryRow>) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_visit().zone;
    let columns = vec![
        Column::new(tu_string!(i18n, hosts.time)),
        Column::new(tu_string!(i18n, hosts.total)).number(),
        Column::new(tu_string!(i18n, hosts.system)).number(),
        Column::new(tu_string!(i18n, hosts.user)).number(),
        Column::new(tu_string!(i18n, hosts.process_memory)).number(),
        Column::new(tu_string!(i18n, hosts.host_memory)).number(),
    ];
    let share = |share: Option<f64>| share.map_or("–".to_owned(), exact_percent);
    let size = |size: Option<f64>| size.map_or("–".to_owned(), bytes);
    let row = |row: HistoryRow| {
        view! {
            <tr>
                <td class="tn">{full(row.at, &zone)[11..16].to_owned()}</td>
                <td class="p1 num">{share(row.cpu)}</td>
                <td class="num">{share(row.cpu_system)}</td>
                <td class="num">{share(row.cpu_user)}</td>
                <td class="p2 num">{size(row.process_memory)}</td>
                <td class="p2 num">{size(row.memory)}</td>
            </tr>
        }
    };
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <details class="figures">
            <summary class="t13"><span class="act">{tu_string!(i18n, hosts.figures)}</span></summary>
            <DataTable label=tu_string!(i18n, hosts.figures) columns inner=true>{rows}</DataTable>
        </details>
    }
}
