//! The log of a run: a part of it, followed while the run goes on, and what is found in it.

mod chunks;
mod follow;
mod found;
mod stream;

use crate::api::logs::{LogOf, LogPage};
use crate::components::at_once::TakenAtOnce;
use crate::components::icon::{Icon, IconName};
use crate::components::log_view::{LogLines, LogView};
use crate::components::pulse::use_scripts;
use crate::components::time::{Time, TimeStyle};
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use entity::log::Trouble;
use entity::run::RunState;
use follow::{Shown, follow};
use found::FoundLines;
use leptos::prelude::*;
use leptos_i18n::I18nContext;

/// The log, from what the server read first on. `state` is told when the run's changes.
#[component]
pub fn RunLog(id: i64, start: Result<LogPage, AppError>, state: RwSignal<RunState>) -> impl IntoView {
    let i18n = use_i18n();
    let start = start.unwrap_or_else(|_| empty(state.get_untracked()));
    let shown = Shown::new(&start);
    follow(id, shown, state);
    go_to_line(id, start.marked);
    let LogPage { of, marked, earlier, later, has_no_log, found, .. } = start;
    let text = found.as_ref().map(|found| found.text.clone()).unwrap_or_default();
    let tools = move || view! { <Tools id shown of text=text.clone() later/> };
    view! {
        <LogView label=tu_string!(i18n, runs.log) tools on:click=mark_clicked>
            {found.map(|found| view! { <FoundLines id found/> })}
            {earlier.map(|first| view! {
                <a class="log-more" href=routes::run_log(id, &[("before", &first.to_string())], None) rel="external">
                    {tu_string!(i18n, runs.earlier_lines)}
                </a>
            })}
            <For each=move || shown.chunks.get() key=|chunk| chunk.first let:chunk>
                {gap(i18n, id, chunk.gap)}
                <LogLines lines=chunk.lines first=chunk.first run=id marked/>
            </For>
            {later.map(|next| view! {
                <a class="log-more" href=routes::run_log_line(id, next) rel="external">
                    {tu_string!(i18n, runs.later_lines)}
                </a>
            })}
            {move || {
                let nothing = shown.chunks.read().is_empty();
                let trouble = shown.trouble.get().map(|trouble| trouble_words(i18n, &trouble));
                let text = match (trouble, nothing) {
                    (Some(trouble), _) => tu_string!(i18n, runs.log_problem, problem = trouble),
                    (None, false) => return None,
                    (None, true) if has_no_log && shown.over.get() => tu_string!(i18n, runs.log_none).to_owned(),
                    (None, true) if shown.over.get() => tu_string!(i18n, runs.log_empty).to_owned(),
                    (None, true) => tu_string!(i18n, runs.log_waiting).to_owned(),
                };
                Some(view! { <p class="log-note">{text}</p> })
            }}
        </LogView>
    }
}

/// Beside the heading: follow, how much there is and from where, search, download.
#[component]
fn Tools(id: i64, shown: Shown, of: LogOf, text: String, later: Option<i32>) -> impl IntoView {
    let i18n = use_i18n();
    let scripts = use_scripts();
    let last = move || shown.chunks.read().last().map_or(0, |chunk| chunk.end() - 1);
    view! {
        <button
            type="button"
            class="live"
            aria-pressed=move || shown.wanted.get().to_string()
            hidden=move || !scripts.get() || shown.over.get()
            on:click=move |_| shown.wanted.update(|wanted| *wanted = !*wanted)
        >
            {tu_string!(i18n, runs.follow)}
        </button>
        <span class="muted t12">{move || tu_string!(i18n, runs.lines_to, count = last())}</span>
        <span class="muted t12" hidden=move || later.is_some() || !shown.over.get()>
            {tu_string!(i18n, runs.log_end)}
        </span>
        <span class="muted t12">{origin(i18n, of)}</span>
        <a class="act" href=routes::run(id) rel="external" hidden=move || scripts.get() || shown.over.get()>
            {tu_string!(i18n, runs.reload)}
        </a>
        <form class="log-find" method="get" action=routes::run_log(id, &[], None) role="search">
            <label class="fl q">
                <Icon name=IconName::Search size=14/>
                <span class="sr">{tu_string!(i18n, runs.find)}</span>
                <input type="search" name="find" value=text placeholder=tu_string!(i18n, runs.find) maxlength="200"/>
            </label>
        </form>
        <a class="act" href=routes::run_log_text(id) rel="external" download="">
            <Icon name=IconName::Download size=14/>
            {tu_string!(i18n, runs.download)}
        </a>
    }
}

/// Where it comes from.
fn origin(i18n: I18nContext<Locale>, of: LogOf) -> impl IntoView {
    match of {
        LogOf::Nobody => None,
        LogOf::Executor => Some(tu_string!(i18n, runs.from_executor).at_once()),
        LogOf::Kept(at) => Some(
            view! { {tu_string!(i18n, runs.kept_at)} " " <Time at style=TimeStyle::Relative/> }.at_once(),
        ),
    }
}

/// Lines that are missing before these.
fn gap(i18n: I18nContext<Locale>, id: i64, gap: Option<(i32, i32)>) -> impl IntoView {
    gap.map(|(from, to)| {
        view! {
            <a class="log-more" href=routes::run_log_line(id, from) rel="external">
                {tu_string!(i18n, runs.left_out, from = from, to = to)}
            </a>
        }
    })
}

fn empty(run: RunState) -> LogPage {
    LogPage {
        run,
        of: LogOf::Executor,
        pieces: Vec::new(),
        marked: None,
        earlier: None,
        later: None,
        next: 1,
        follows: true,
        has_no_log: false,
        trouble: None,
        found: None,
    }
}

/// What keeps the log from being read, or from being read to its end.
fn trouble_words(i18n: I18nContext<Locale>, trouble: &Trouble) -> String {
    match trouble {
        Trouble::Gone => tu_string!(i18n, runs.trouble_gone).to_owned(),
        Trouble::Silent { text } => tu_string!(i18n, runs.trouble_silent, text = text.clone()),
        Trouble::Refused { text } => tu_string!(i18n, runs.trouble_refused, text = text.clone()),
        Trouble::TooMuch { bytes } => tu_string!(i18n, runs.trouble_too_much, mib = bytes >> 20),
        Trouble::TooSlow { seconds } => tu_string!(i18n, runs.trouble_too_slow, seconds = *seconds),
        Trouble::Stuck { line } => tu_string!(i18n, runs.trouble_stuck, line = *line),
    }
}

/// A click on a line's number marks it without loading the page again.
fn mark_clicked(event: leptos::ev::MouseEvent) {
    use wasm_bindgen::JsCast;
    let is_plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let link = target.and_then(|target| target.closest("a.n").ok().flatten());
    let line = link.and_then(|link| link.text_content()).and_then(|text| text.trim().parse::<i32>().ok());
    if let Some(line) = line.filter(|line| is_plain && is_shown(*line)) {
        event.prevent_default();
        // The browser marks its target.
        drop(window().location().set_hash(&format!("L{line}")));
    }
}

fn is_shown(line: i32) -> bool {
    document().get_element_by_id(&format!("L{line}")).is_some()
}

/// Loads the part around the line that the address names behind `#`, which no server sees, unless it is
/// there.
fn go_to_line(id: i64, marked: Option<i32>) {
    Effect::new(move || {
        let hash = window().location().hash().unwrap_or_default();
        let line = hash.strip_prefix("#L").and_then(|line| line.parse::<i32>().ok());
        if let Some(line) = line.filter(|line| Some(*line) != marked && !is_shown(*line)) {
            drop(window().location().replace(&routes::run_log_line(id, line)));
        }
    });
}
