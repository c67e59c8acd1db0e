//! Is anything wrong: counts that lead to their runs, and the newest with their causes.

use crate::api::home::{OfflineLine, Overview, WrongCount, WrongLine};
use crate::components::at_once::TakenAtOnce;
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::Section;
use crate::components::state::{StateGlyph, state_word};
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, relative, span};
use crate::i18n::*;
use crate::pages::runs::words::{host, reason_words};
use crate::routes;
use crate::visit::{use_now, use_viewer};
use entity::run::{Reason, RunState};
use leptos::prelude::*;

/// The name of a state in the run log's address.
fn state_code(state: RunState) -> &'static str {
    match state {
        RunState::Waiting => "waiting",
        RunState::Sending => "sending",
        RunState::Running => "running",
        RunState::Unknown => "unknown",
        RunState::Succeeded => "succeeded",
        RunState::Failed => "failed",
        RunState::TimedOut => "timed_out",
        RunState::Killed => "killed",
        RunState::Skipped => "skipped",
        RunState::Lost => "lost",
    }
}

/// One tile for each way of going wrong.
#[component]
pub fn WrongCounts(present: ReadSignal<Overview>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <nav class="wrong home" aria-label=tu_string!(i18n, home.wrong_label)>
            {move || present.read().wrong.iter().map(|count| tile(*count)).collect_view()}
            {move || late_tile(present.read().late, present.read().latest_ms)}
            {move || offline_tile(present.read().offline_count)}
            {approvals_tile()}
        </nav>
    }
}

fn tile(WrongCount { state, count, last_at }: WrongCount) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let now = use_now();
    // To somebody on duty a skipped run is a missed one.
    let word = match state {
        RunState::Skipped => tu_string!(i18n, home.missed),
        state => state_word(state),
    };
    let href = routes::runs_where(&[("state", state_code(state))]);
    let note = move || match (count, last_at) {
        (0, _) => tu_string!(i18n, home.no_run).to_owned(),
        (_, None) => tu_string!(i18n, home.to_look_at).to_owned(),
        (_, Some(at)) => tu_string!(i18n, home.last, when = relative(locale, at - now.get())),
    };
    view! {
        <a href=href class:zero=count == 0>
            <span class="k"><StateGlyph state/>{word}</span>
            <span class="v">{count}</span>
            <span class="w">{note}</span>
        </a>
    }
}

fn late_tile(count: u32, latest_ms: i64) -> impl IntoView {
    let i18n = use_i18n();
    let note = match count {
        0 => tu_string!(i18n, home.none_late).to_owned(),
        _ => tu_string!(i18n, home.latest, by = span(i18n.get_locale_untracked(), latest_ms)),
    };
    view! {
        <a href=routes::runs_where(&[("state", "waiting")]) class:zero=count == 0>
            <span class="k"><span class="s-late ic"><Icon name=IconName::Alarm/></span>{tu_string!(i18n, home.late)}</span>
            <span class="v">{count}</span>
            <span class="w">{note}</span>
        </a>
    }
}

fn offline_tile(count: usize) -> impl IntoView {
    let i18n = use_i18n();
    let note =
        if count == 0 { tu_string!(i18n, home.no_instance) } else { tu_string!(i18n, home.since_a_day) };
    view! {
        <a href=routes::executors() class:zero=count == 0>
            <span class="k"><span class="s-fail ic"><Icon name=IconName::Plug/></span>{tu_string!(i18n, home.offline)}</span>
            <span class="v">{count}</span>
            <span class="w">{note}</span>
        </a>
    }
}

/// What waits for the viewer's approval; nothing where nothing does.
fn approvals_tile() -> impl IntoView {
    let i18n = use_i18n();
    let waiting = use_viewer().map_or(0, |viewer| viewer.approvals);
    (waiting > 0).then(|| {
        view! {
            <a href=routes::approvals_where(&[])>
                <span class="k"><span class="s-wait ic"><Icon name=IconName::Stamp/></span>{tu_string!(i18n, common.approvals)}</span>
                <span class="v">{waiting}</span>
                <span class="w">{tu_string!(i18n, home.for_you)}</span>
            </a>
        }
    })
}

/// The newest that went wrong, with their causes.
#[component]
pub fn WentWrong(present: ReadSignal<Overview>) -> impl IntoView {
    let i18n = use_i18n();
    let all = move || {
        let present = present.read();
        let total: u32 = present.wrong.iter().map(|count| count.count).sum();
        match (present.more_wrong, total) {
            (true, _) => tu_string!(i18n, home.all_more, n = total),
            (false, 0) => tu_string!(i18n, home.all).to_owned(),
            (false, _) => tu_string!(i18n, home.all_n, n = total),
        }
    };
    let is_calm = Memo::new(move |_| {
        let present = present.read();
        present.newest.is_empty() && present.offline.is_empty()
    });
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, home.job)),
            Column::new(tu_string!(i18n, home.cause)),
            Column::new(tu_string!(i18n, home.executor)).class("cw-5"),
            Column::new(tu_string!(i18n, home.when)).class("cw-4").number(),
        ]
    };
    let href = routes::runs_where(&[("state", "attention")]);
    view! {
        <Section
            title=tu_string!(i18n, home.went_wrong)
            note=tu_string!(i18n, home.newest_first)
            actions=move || view! {
                <a class="act" href=routes::runs_inbox(&[])>{tu_string!(i18n, home.to_inbox)}</a>
                <a class="act" href=href.clone()>{all}</a>
            }
        >
            {move || match is_calm.get() {
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, home.nothing_wrong)}</p> }.at_once(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, home.went_wrong) columns=columns() inner=true>
                            {move || present.read().newest.iter().cloned().map(wrong_row).collect_view()}
                            {move || present.read().offline.iter().cloned().map(offline_row).collect_view()}
                        </DataTable>
                    }
                        .at_once()
                }
            }}
        </Section>
    }
}

fn wrong_row(line: WrongLine) -> impl IntoView {
    let cause = cause(&line);
    view! {
        <tr>
            <td>
                <span class="mark-name">
                    <StateGlyph state=line.state label=true/>
                    <a class="name cut" href=routes::run(line.run_id)>{line.job}</a>
                </span>
            </td>
            <td class="p2" title=cause.clone()>{cause.clone()}</td>
            <td class="p2 muted">{line.app_name}</td>
            <td class="p1 num muted"><Time at=line.at style=TimeStyle::Relative/></td>
        </tr>
    }
}

fn offline_row(line: OfflineLine) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <tr>
            <td>
                <span class="mark-name">
                    <span class="s-fail ic">
                        <Icon name=IconName::Plug label=tu_string!(i18n, home.offline)/>
                    </span>
                    <a class="name mono cut" href=routes::executor(line.executor_id)>
                        {host(&line.address).to_owned()}
                    </a>
                </span>
            </td>
            <td class="p2">
                {tu_string!(i18n, home.silent_since)} " " <Time at=line.seen_at style=TimeStyle::Short/>
            </td>
            <td class="p2 muted">{line.app_name}</td>
            <td class="p1 num muted"><Time at=line.seen_at style=TimeStyle::Relative/></td>
        </tr>
    }
}

/// Why a run is where it is, in words.
fn cause(line: &WrongLine) -> String {
    let i18n = use_i18n();
    let words = reason_words(i18n, line.reason).unwrap_or_else(|| state_word(line.state));
    match (line.reason, &line.remark) {
        (_, Some(remark)) => remark.clone(),
        (Reason::Handler, None) => tu_string!(i18n, home.with_code, cause = words, code = line.code),
        _ => words.to_owned(),
    }
}
