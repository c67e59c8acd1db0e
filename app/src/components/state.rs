//! Run states: shape, word and colour, always the three together.

use crate::i18n::*;
use entity::run::RunState;
use leptos::prelude::*;

/// The class that carries a state's colours (`--c` ink, `--m` mark).
pub fn state_class(state: RunState) -> &'static str {
    match state {
        RunState::Waiting => "s-wait",
        RunState::Sending => "s-send",
        RunState::Running => "s-run",
        RunState::Succeeded => "s-ok",
        RunState::Failed => "s-fail",
        RunState::TimedOut => "s-late",
        RunState::Killed => "s-kill",
        RunState::Skipped => "s-skip",
        RunState::Unknown | RunState::Lost => "s-unk",
    }
}

/// The state's word in the viewer's language.
pub fn state_word(state: RunState) -> &'static str {
    let i18n = use_i18n();
    match state {
        RunState::Waiting => tu_string!(i18n, states.waiting),
        RunState::Sending => tu_string!(i18n, states.sending),
        RunState::Running => tu_string!(i18n, states.running),
        RunState::Unknown => tu_string!(i18n, states.unknown),
        RunState::Succeeded => tu_string!(i18n, states.succeeded),
        RunState::Failed => tu_string!(i18n, states.failed),
        RunState::TimedOut => tu_string!(i18n, states.timed_out),
        RunState::Killed => tu_string!(i18n, states.killed),
        RunState::Skipped => tu_string!(i18n, states.skipped),
        RunState::Lost => tu_string!(i18n, states.lost),
    }
}

/// Glyph and word. `pill` adds the tinted ground, for use beside a title only.
#[component]
pub fn StateBadge(
    state: RunState,
    #[prop(optional)] pill: bool,
    /// More than the word, such as “Running, 3 min 12 s”.
    #[prop(optional, into)]
    words: Option<String>,
) -> impl IntoView {
    let words = words.unwrap_or_else(|| state_word(state).to_owned());
    view! {
        <span class=format!("st {}", state_class(state)) class:pill=pill>
            <StateGlyph state/>
            {words}
        </span>
    }
}

/// The glyph alone, each state with an outline of its own. With `label` it is announced.
#[component]
pub fn StateGlyph(state: RunState, #[prop(optional)] label: bool) -> impl IntoView {
    let word = label.then(|| state_word(state));
    let role = label.then_some("img");
    let hidden = (!label).then_some("true");
    view! {
        <svg
            class=format!("ic {}", state_class(state))
            width="16"
            height="16"
            viewBox="0 0 16 16"
            fill="none"
            aria-hidden=hidden
            aria-label=word
            role=role
        >
            {glyph(state)}
        </svg>
    }
}

/// Stroked and filled parts of a glyph on a 16 × 16 grid; `over` is drawn in the ground's colour.
struct Glyph {
    stroke: &'static str,
    fill: &'static str,
    over: &'static str,
    dashes: Option<&'static str>,
    turns: bool,
}

const fn shape(stroke: &'static str, fill: &'static str, over: &'static str) -> Glyph {
    Glyph { stroke, fill, over, dashes: None, turns: false }
}

const RING: &str = "M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5";

fn shape_of(state: RunState) -> Glyph {
    match state {
        RunState::Waiting => shape(RING, "", ""),
        RunState::Sending => {
            shape("M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5M6 10l4-4M6.75 6H10v3.25", "", "")
        }
        RunState::Running => Glyph { turns: true, ..shape(RING, "M8 4.25a3.75 3.75 0 0 1 0 7.5z", "") },
        RunState::Succeeded => {
            shape("", "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13", "M5.25 8.25l2 2l3.75-4.25")
        }
        RunState::Failed => shape(
            "",
            "M5.4 1.5h5.2l3.9 3.9v5.2l-3.9 3.9H5.4l-3.9-3.9V5.4z",
            "M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2",
        ),
        RunState::TimedOut => shape(
            "M3.5 2h9M3.5 14h9",
            "M4.25 2h7.5c0 3.2-1.6 4.6-3 6c1.4 1.4 3 2.8 3 6h-7.5c0-3.2 1.6-4.6 3-6c-1.4-1.4-3-2.8-3-6z",
            "",
        ),
        RunState::Killed => {
            shape("", "M4.5 2.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2z", "")
        }
        RunState::Skipped => Glyph {
            dashes: Some("2.4 1.9"),
            ..shape("M8 2.25a5.75 5.75 0 1 0 0 11.5a5.75 5.75 0 1 0 0-11.5", "", "")
        },
        RunState::Unknown => shape(
            "M8 1.6L14.4 8L8 14.4L1.6 8zM6.6 6.7a1.45 1.45 0 1 1 2.1 1.3c-.5.27-.7.55-.7 1M8 10.9v.1",
            "",
            "",
        ),
        RunState::Lost => shape(
            "",
            "M8 1.2L14.8 8L8 14.8L1.2 8z",
            "M6.6 6.7a1.45 1.45 0 1 1 2.1 1.3c-.5.27-.7.55-.7 1M8 10.9v.1",
        ),
    }
}

fn glyph(state: RunState) -> impl IntoView {
    let Glyph { stroke, fill, over, dashes, turns } = shape_of(state);
    let slash = (state == RunState::Skipped).then(|| line("M5.6 10.4l4.8-4.8", "currentColor"));
    view! {
        <g class:spin=turns>
            {(!fill.is_empty()).then(|| view! { <path d=fill fill="currentColor"></path> })}
            {(!stroke.is_empty())
                .then(|| {
                    view! {
                        <path
                            d=stroke
                            stroke="currentColor"
                            stroke-width="1.5"
                            stroke-linecap="round"
                            stroke-linejoin="round"
                            stroke-dasharray=dashes
                        ></path>
                    }
                })}
            {slash}
            {(!over.is_empty()).then(|| line(over, "var(--color-surface)"))}
        </g>
    }
}

fn line(path: &'static str, colour: &'static str) -> impl IntoView {
    view! {
        <path d=path stroke=colour stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"></path>
    }
}
