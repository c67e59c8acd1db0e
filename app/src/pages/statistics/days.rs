//! Runs per day, and how they ended: drawn, and as figures.

use super::cards::{grouped, share};
use crate::api::statistics::{DayRow, STATES, StatisticsView};
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::components::state::{StateGlyph, state_word};
use crate::components::state_chart::{StateBars, StateRing};
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::visit::use_visit;
use entity::run::RunState;
use leptos::prelude::*;

/// The bars and the ring with its figures.
#[component]
pub fn Drawn(view: StatisticsView) -> impl IntoView {
    let i18n = use_i18n();
    let zone = use_visit().zone;
    let StatisticsView { total, under_way, charts, .. } = view;
    let Some(charts) = charts else {
        return view! { <p class="muted t13 sec">{tu_string!(i18n, statistics.nothing)}</p> }.at_once();
    };
    let runs: u64 = total.iter().sum();
    let [succeeded, ..] = total;
    let shares = STATES.into_iter().zip(total).chain(under_way.map(|runs| (RunState::Running, runs)));
    let line = |(state, runs): (RunState, u64)| {
        view! {
            <div>
                <dt><StateGlyph state/>{state_word(state)}</dt>
                <dd class="num">{grouped(runs)}</dd>
            </div>
        }
    };
    let per_day = tu_string!(i18n, statistics.per_day);
    let ended = tu_string!(i18n, statistics.how_ended);
    view! {
        <div class="two charts">
            <Section title=per_day note=zone>
                <StateBars drawing=charts.bars label=per_day/>
            </Section>
            <Section title=ended note=grouped(runs)>
                <div class="shares">
                    <StateRing option=charts.ring arcs=charts.arcs label=ended>
                        <b>{share(succeeded, runs)}</b>
                        <span class="muted t12">{tu_string!(i18n, statistics.succeeded)}</span>
                    </StateRing>
                    <dl>{shares.map(line).collect_view()}</dl>
                </div>
            </Section>
        </div>
    }
    .at_once()
}

/// Each day with its runs, the latest first.
#[component]
pub fn DayTable(days: Vec<DayRow>, under_way: Option<u64>) -> impl IntoView {
    let i18n = use_i18n();
    let mut columns = vec![
        Column::new(tu_string!(i18n, statistics.day)).class("cw-4"),
        Column::new(tu_string!(i18n, statistics.runs)).number(),
    ];
    columns.extend(STATES.map(|state| Column::new(state_word(state)).number()));
    columns.push(Column::new(state_word(RunState::Running)).number());
    let row = |day: DayRow| {
        let running = under_way.filter(|_| day.is_today).unwrap_or_default();
        let total = day.counts.iter().sum::<u64>() + running;
        let cells = day.counts.into_iter().enumerate().map(|(place, runs)| {
            // On a phone there is room for those that count most, each with its word.
            let word = (place < 2)
                .then(|| view! { <span class="wide:hidden">{state_word(STATES[place])} " "</span> });
            let class = if place < 2 { "p2 num" } else { "num" };
            view! { <td class=class class:faint=runs == 0>{word} {grouped(runs)}</td> }
        });
        let so_far =
            day.is_today.then(|| view! { <span class="sub">{tu_string!(i18n, statistics.so_far)}</span> });
        view! {
            <tr>
                <td class="tn"><span class="name">{day.date}</span> {so_far}</td>
                <td class="p1 num strong">{grouped(total)}</td>
                {cells.collect_view()}
                <td class="num" class:faint=running == 0>{grouped(running)}</td>
            </tr>
        }
    };
    let rows = days.into_iter().rev().map(row).collect_view();
    view! {
        <Section title=tu_string!(i18n, statistics.figures)>
            <DataTable label=tu_string!(i18n, statistics.figures) columns inner=true>{rows}</DataTable>
        </Section>
    }
}
