//! A run that was split: how far its shards are, and each of them.

use super::words::{host, reason_words};
use crate::api::runs::{RunView, ShardLine, ShardsView};
use crate::components::page_title::Section;
use crate::components::pulse::{use_scripts, while_visible};
use crate::components::state::{StateBadge, StateGlyph, state_class};
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, duration};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_now;
use entity::run::RunState;
use leptos::prelude::*;
use std::time::Duration;

/// Between two looks, until the run has ended.
const EVERY: Duration = Duration::from_secs(5);

/// The share that has ended, as a number and a bar, and how many stand where.
#[component]
pub fn Progress(present: RwSignal<RunView>) -> impl IntoView {
    let i18n = use_i18n();
    let shown = Memo::new(move |_| present.with(|view| (view.shards.clone(), view.run.state.is_final())));
    let scripts = use_scripts();
    let live = move || {
        view! {
            <span class="live" hidden=move || !scripts.get() || shown.read().1>
                {tu_string!(i18n, runs.shards_live, s = EVERY.as_secs())}
            </span>
        }
    };
    view! {
        <Section title=tu_string!(i18n, runs.progress) actions=live>
            {move || shown.get().0.map(|shards| view! { <Counts shards/> })}
        </Section>
    }
}

#[component]
fn Counts(shards: ShardsView) -> impl IntoView {
    let i18n = use_i18n();
    let ShardsView { total, percent, ended, waiting, running, succeeded, failed, other, .. } = shards;
    let counts = [
        (RunState::Waiting, tu_string!(i18n, runs.shards_waiting), waiting),
        (RunState::Running, tu_string!(i18n, runs.shards_running), running),
        (RunState::Succeeded, tu_string!(i18n, runs.shards_succeeded), succeeded),
        (RunState::Failed, tu_string!(i18n, runs.shards_failed), failed),
        (RunState::Skipped, tu_string!(i18n, runs.shards_other), other),
    ];
    view! {
        <div class="progress">
            <b class="tn">{format!("{percent} %")}</b>
            <Bar counts=counts.map(|(state, _, count)| (state, count)) total label=note_of(i18n, percent)/>
            <span class="muted t13">{tu_string!(i18n, runs.shards_ended, ended = ended, total = total)}</span>
        </div>
        <ul class="counts">
            {counts.map(|(state, word, count)| view! {
                <li class:muted=count == 0>
                    <StateGlyph state/>
                    <span>{word}</span>
                    <b class="tn">{count}</b>
                </li>
            }).into_iter().collect_view()}
        </ul>
    }
}

fn note_of(i18n: leptos_i18n::I18nContext<Locale>, percent: u32) -> String {
    tu_string!(i18n, runs.progress_label, percent = percent)
}

/// One piece for each state, as wide as its share; what has ended stands first.
#[component]
fn Bar(counts: [(RunState, u32); 5], total: u32, label: String) -> impl IntoView {
    const ORDER: [usize; 5] = [2, 3, 4, 1, 0];
    let share = |count: u32| 100.0 * f64::from(count) / f64::from(total.max(1));
    let mut from = 0.0;
    let pieces = ORDER.map(|place| {
        let (state, count) = counts[place];
        let (x, width) = (from, share(count));
        from += width;
        view! { <rect class=state_class(state) x=x.to_string() y="0" width=width.to_string() height="6"></rect> }
    });
    view! {
        <svg
            class="track"
            viewBox="0 0 100 6"
            preserveAspectRatio="none"
            width="100%"
            height="6"
            role="img"
            aria-label=label
        >
            {pieces.into_iter().collect_view()}
        </svg>
    }
}

/// Each shard by its last attempt. While the run goes on, `refresh` is called again and again.
#[component]
pub fn Shards(present: RwSignal<RunView>, refresh: impl Fn() + Copy + 'static) -> impl IntoView {
    let i18n = use_i18n();
    while_visible(EVERY, move || {
        if present.try_with_untracked(|view| !view.run.state.is_final()).unwrap_or(false) {
            refresh();
        }
    });
    let shown = Memo::new(move |_| present.read().shards.clone());
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, runs.shard)).class("cw-5"),
            Column::new(tu_string!(i18n, runs.instance_head)),
            Column::new(tu_string!(i18n, runs.state)).class("cw-4"),
            Column::new(tu_string!(i18n, runs.remark)),
            Column::new(tu_string!(i18n, runs.attempt)).class("cw-2").number(),
            Column::new(tu_string!(i18n, runs.point_sent)).class("cw-4").number(),
            Column::new(tu_string!(i18n, runs.duration)).class("cw-3").number(),
        ]
    };
    move || {
        let ShardsView { total, rows, .. } = shown.get()?;
        let left_out = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(rows.len());
        let more = (left_out > 0).then(|| tu_string!(i18n, runs.shards_left_out, count = left_out));
        Some(view! {
            <Section title=tu_string!(i18n, runs.shards)>
                <DataTable label=tu_string!(i18n, runs.shards) columns=columns() inner=true>
                    {rows.into_iter().map(|line| view! { <Row line/> }).collect_view()}
                </DataTable>
                {more.map(|text| view! { <p class="muted t12 py-2">{text}</p> })}
            </Section>
        })
    }
}

#[component]
fn Row(line: ShardLine) -> impl IntoView {
    let i18n = use_i18n();
    let remark = line.remark.or_else(|| reason_words(i18n, line.reason).map(str::to_owned));
    let (sent, ended, is_over) = (line.sent_at, line.ended_at, line.state.is_final());
    let took = move || match (sent, ended) {
        (Some(sent), Some(ended)) => duration(ended - sent),
        (Some(sent), None) if !is_over => duration((use_now().get() - sent).max(0)),
        _ => "–".to_owned(),
    };
    view! {
        <tr>
            <td>
                <a class="name" href=routes::run(line.id)>{line.index}</a>
                <span class="sub mono">{line.id}</span>
            </td>
            <td class="p2 mono">{line.address.map_or_else(|| "–".to_owned(), |address| host(&address).to_owned())}</td>
            <td class="p1"><StateBadge state=line.state/></td>
            <td class="muted"><span class="cut-2">{remark}</span></td>
            <td class="num">{line.attempt}</td>
            <td class="num">{sent.map(|at| view! { <Time at style=TimeStyle::Short/> })}</td>
            <td class="p2 num">{took}</td>
        </tr>
    }
}
