//! What runs now, and what comes within 15 minutes.

use crate::api::home::{FireLine, Overview, RunningLine};
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
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.nothing_runs)}</p> }.into_any(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, home.running_now) columns=columns() inner=true>
                            {move || {
                                present.read().running.iter().take(SHOWN).cloned().map(running_row).collect_view()
                            }}
                        </DataTable>
                    }
                        .into_any()
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
        </tr>
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
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.nothing_next)}</p> }.into_any(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, home.next_minutes) columns=columns() inner=true>
                            {move || present.read().next.iter().take(SHOWN).cloned().map(fire_row).collect_view()}
                        </DataTable>
                    }
                        .into_any()
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
