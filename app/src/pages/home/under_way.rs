//! What runs now, and what comes within 15 minutes.

use crate::api::home::{FireLine, Overview, RunningLine};
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::components::state::StateGlyph;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::runs::words::host;
use crate::routes;
use crate::visit::use_now;
use leptos::prelude::*;

/// Rows of each list on this page.
const SHOWN: usize = 12;
/// From so many times the usual on a run has been out for long.
const OVER: f64 = 1.2;
/// Pixels of the bar, and of where the usual stands in it.
const BAR_LENGTH: f64 = 72.0;
const USUAL_AT: f64 = 48.0;

/// Minutes and seconds, `0:22`, or with hours, `1:02:05`; nothing negative.
fn clock(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (h, m, s) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// Runs under way, with the time they have taken.
#[component]
pub fn RunningNow(present: ReadSignal<Overview>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, home.job)),
            Column::new(tu_string!(i18n, home.executor)).class("cw-4"),
            Column::new(tu_string!(i18n, home.elapsed)).class("cw-2").number(),
            Column::new(tu_string!(i18n, home.usual)).class("cw-4").number(),
        ]
    };
    let is_idle = Memo::new(move |_| present.read().running.is_empty());
    let count = move || {
        let present = present.read();
        if present.more_running {
            format!("{}+", present.running.len())
        } else {
            present.running.len().to_string()
        }
    };
    let href = routes::runs_where(&[("state", "running")]);
    view! {
        <Section
            title=tu_string!(i18n, home.running_now)
            actions=move || view! { <span>{count}</span><a class="act" href=href.clone()>{tu_string!(i18n, home.all)}</a> }
        >
            {move || match is_idle.get() {
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.nothing_runs)}</p> }.at_once(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, home.running_now) columns=columns() inner=true>
                            {move || {
                                present.read().running.iter().take(SHOWN).cloned().map(running_row).collect_view()
                            }}
                        </DataTable>
                    }
                        .at_once()
                }
            }}
        </Section>
    }
}

fn running_row(line: RunningLine) -> impl IntoView {
    let now = use_now();
    let since = line.since;
    view! {
        <tr>
            <td>
                <span class="mark-name">
                    <StateGlyph state=line.state label=true/>
                    <a class="name cut" href=routes::run(line.run_id)>{line.job}</a>
                    <span class="sub mono cut">{host(&line.address).to_owned()}</span>
                </span>
            </td>
            <td class="p2 muted">{line.app_name}</td>
            <td class="p1 num strong">{move || clock(now.get() - since)}</td>
            <td class="p2 num muted">
                {line.usual_ms.map(|usual| {
                    view! { <span class="elapsed">{move || against(now.get() - since, usual)}</span> }
                })}
            </td>
        </tr>
    }
}

/// A bar that is full at one and a half times the usual, with a tick at the usual; and in words.
fn against(elapsed: i64, usual: i64) -> impl IntoView {
    let i18n = use_i18n();
    let share = elapsed.max(0) as f64 / usual.max(1) as f64;
    let is_over = share > OVER;
    let words = match is_over {
        true => tu_string!(i18n, home.times_usual, n = format!("{share:.1}")),
        false => tu_string!(i18n, home.of_usual, time = clock(usual)),
    };
    let width = (share * USUAL_AT).clamp(1.0, BAR_LENGTH).round();
    view! {
        <svg class="bar" class:over=is_over width=BAR_LENGTH height="8" aria-hidden="true">
            <rect class="track" y="2" width=BAR_LENGTH height="4" rx="2"></rect>
            <rect class="fill" y="2" width=width height="4" rx="2"></rect>
            <rect class="tick" x=USUAL_AT width="1.5" height="8"></rect>
        </svg>
        <span class:warn-t=is_over>{words}</span>
    }
}

/// Fires to come, with their countdown.
#[component]
pub fn NextFires(present: ReadSignal<Overview>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, home.job)),
            Column::new(tu_string!(i18n, home.executor)).class("cw-4"),
            Column::new(tu_string!(i18n, home.at)).class("cw-2").number(),
            Column::new(tu_string!(i18n, home.within)).class("cw-2").number(),
        ]
    };
    let is_idle = Memo::new(move |_| present.read().next.is_empty());
    let href = routes::jobs();
    view! {
        <Section
            title=tu_string!(i18n, home.next_minutes)
            actions=move || view! { <a class="act" href=href.clone()>{tu_string!(i18n, home.all)}</a> }
        >
            {move || match is_idle.get() {
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.nothing_next)}</p> }.at_once(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, home.next_minutes) columns=columns() inner=true>
                            {move || present.read().next.iter().take(SHOWN).cloned().map(fire_row).collect_view()}
                        </DataTable>
                    }
                        .at_once()
                }
            }}
        </Section>
    }
}

fn fire_row(line: FireLine) -> impl IntoView {
    let now = use_now();
    let at = line.at;
    view! {
        <tr>
            <td><a class="name" href=routes::job(line.job_id)>{line.job}</a></td>
            <td class="p2 muted">{line.app_name}</td>
            <td class="p2 num muted"><Time at style=TimeStyle::Short/></td>
            <td class="p1 num strong">{move || clock(at - now.get())}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_countdown_stops_at_zero_and_grows_to_hours() {
        for (ms, text) in [(-5, "0:00"), (22_900, "0:22"), (192_000, "3:12"), (3_725_000, "1:02:05")] {
            assert_eq!(clock(ms), text);
        }
    }
}
