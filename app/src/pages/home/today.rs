//! How today compares with the same day of the week before.

use crate::api::statistics::{Counts, TodayView};
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::components::pulse::while_visible;
use crate::components::resource::Resource;
use crate::components::state_chart::StateBars;
use crate::components::table::{Column, DataTable};
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::statistics::{change, grouped, share};
use crate::routes;
use leptos::prelude::*;
use std::time::Duration;

/// Counts of hours need no more.
const REFRESH: Duration = Duration::from_secs(60);

/// The figures and the hours. Where they cannot be had, the rest of the page stands without them.
#[component]
pub fn Today(found: Resource<Result<TodayView, AppError>>) -> impl IntoView {
    while_visible(REFRESH, move || found.refetch());
    view! {
        <Transition>
            {move || Suspend::new(async move {
                found.await.ok().map(|view| view! { <Compared view/> })
            })}
        </Transition>
    }
}

#[component]
fn Compared(view: TodayView) -> impl IntoView {
    let i18n = use_i18n();
    let TodayView { today, hours, by_now, week_before, bars, rows } = view;
    let href = routes::statistics_where(&[("range", "today")]);
    let body = match bars {
        None => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.none_today)}</p> }.at_once(),
        Some(drawing) => {
            let label = tu_string!(i18n, home.by_hour);
            view! {
                <div class="today">
                    <Figures today by_now week_before/>
                    <div>
                        <StateBars drawing label/>
                        <Hours rows/>
                    </div>
                </div>
            }
            .at_once()
        }
    };
    view! {
        <Section
            title=tu_string!(i18n, home.today)
            note=tu_string!(i18n, home.against_week, n = hours)
            actions=move || view! { <a class="act" href=href.clone()>{tu_string!(i18n, home.statistics)}</a> }
        >
            {body}
        </Section>
    }
}

/// What ended today, and by how much that is more than a week before.
#[component]
fn Figures(today: Counts, by_now: u64, week_before: Counts) -> impl IntoView {
    let i18n = use_i18n();
    let (runs, before): (u64, u64) = (today.iter().sum(), week_before.iter().sum());
    let runs_note = match change(by_now, before) {
        Some(change) => tu_string!(i18n, home.change_on, change = change, n = grouped(before)),
        None => tu_string!(i18n, home.none_week).to_owned(),
    };
    let week = |value: String| tu_string!(i18n, home.week_ago, value = value);
    let line = |word: &'static str, value: String, note: String| {
        view! {
            <div>
                <dt>{word}</dt>
                <dd class="num"><b class="strong">{value}</b> <span class="muted t12">{note}</span></dd>
            </div>
        }
    };
    view! {
        <dl class="compared">
            {line(tu_string!(i18n, home.runs), grouped(runs), runs_note)}
            {line(tu_string!(i18n, home.succeeded), share(today[0], runs), week(share(week_before[0], before)))}
            {line(
                tu_string!(i18n, home.did_not),
                grouped(runs - today[0]),
                week(grouped(before - week_before[0])),
            )}
        </dl>
    }
}

/// The same as a table, folded.
#[component]
fn Hours(rows: Vec<(String, u64, u64, u64)>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, home.hour)),
        Column::new(tu_string!(i18n, home.runs)).number(),
        Column::new(tu_string!(i18n, home.did_not)).number(),
        Column::new(tu_string!(i18n, home.runs_week_ago)).number(),
    ];
    let row = |(hour, runs, wrong, before): (String, u64, u64, u64)| {
        view! {
            <tr>
                <td class="tn">{hour}</td>
                <td class="p1 num">{grouped(runs)}</td>
                <td class="p2 num">{grouped(wrong)}</td>
                <td class="p2 num">{grouped(before)}</td>
            </tr>
        }
    };
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <details class="figures">
            <summary class="t13"><span class="act">{tu_string!(i18n, home.figures)}</span></summary>
            <DataTable label=tu_string!(i18n, home.by_hour) columns inner=true>{rows}</DataTable>
        </details>
    }
}
