//! The log of a run, followed while it runs.

use crate::api::runs::{self, LogPart};
use crate::components::log_view::{LogLines, LogView};
use crate::components::pulse::use_scripts;
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use entity::run::RunState;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// Between two readings while the run lives, and before the last one.
const PERIOD: Duration = Duration::from_secs(1);
/// Readings that found nothing after the run had ended, until no more are made: executors write
/// their last lines after they told the result.
const QUIET: u32 = 2;
/// Lines that stay on the page.
const MOST_LINES: usize = 5000;

/// Where the reader of a log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Follower {
    /// The line to ask for next.
    next: i32,
    /// Readings in a row that found nothing although the run had ended.
    quiet: u32,
}

impl Follower {
    /// What one reading makes of it.
    fn after(self, is_final: bool, found_lines: bool, next: i32) -> Self {
        let quiet = if is_final && !found_lines { self.quiet + 1 } else { 0 };
        Self { next: if found_lines { next } else { self.next }, quiet }
    }

    fn is_done(self) -> bool {
        self.quiet >= QUIET
    }
}

/// Lines that came together.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    first: i32,
    lines: Vec<String>,
}

/// The log, from the server's first reading on. `state` is told when a reading shows another one.
#[component]
pub fn RunLog(id: i64, start: Result<LogPart, AppError>, state: RwSignal<RunState>) -> impl IntoView {
    let i18n = use_i18n();
    let start = start.unwrap_or_else(|_| empty(state.get_untracked()));
    let is_over = start.state.is_final();
    let (chunks, problem) = (RwSignal::new(Vec::new()), RwSignal::new(start.problem.clone()));
    let follower =
        RwSignal::new(Follower { next: 1, quiet: 0 }.after(is_over, !start.lines.is_empty(), start.next));
    append(chunks, start);
    if !is_over {
        Effect::new(|| keep_end_in_sight(true));
    }
    follow(id, chunks, problem, follower, state);
    let scripts = use_scripts();
    let done = Memo::new(move |_| follower.get().is_done());
    let tools = move || {
        view! {
            <span class="live" hidden=move || !scripts.get() || done.get()>{tu_string!(i18n, runs.follow)}</span>
            <span class="muted t12">
                {move || tu_string!(i18n, runs.lines, count = follower.get().next - 1)}
            </span>
            <span class="muted t12" hidden=move || !done.get()>{tu_string!(i18n, runs.log_end)}</span>
            <a class="act" href=routes::run(id) rel="external" hidden=move || scripts.get()>
                {tu_string!(i18n, runs.reload)}
            </a>
        }
    };
    view! {
        <LogView label=tu_string!(i18n, runs.log) tools>
            {move || left_out(&chunks.read()).map(|count| view! {
                <p class="log-note">{tu_string!(i18n, runs.left_out, count = count)}</p>
            })}
            <For each=move || chunks.get() key=|chunk| chunk.first let:chunk>
                <LogLines lines=chunk.lines first=usize::try_from(chunk.first).unwrap_or(1)/>
            </For>
            {move || {
                let nothing = chunks.read().is_empty();
                let text = match (problem.get(), done.get()) {
                    (Some(problem), _) => tu_string!(i18n, runs.log_problem, problem = problem),
                    (None, true) => tu_string!(i18n, runs.log_empty).to_owned(),
                    (None, false) => tu_string!(i18n, runs.log_waiting).to_owned(),
                };
                nothing.then(|| view! { <p class="log-note">{text}</p> })
            }}
        </LogView>
    }
}

fn empty(state: RunState) -> LogPart {
    LogPart { state, first: 1, lines: Vec::new(), next: 1, problem: None }
}

/// Lines before the first one on the page.
fn left_out(chunks: &[Chunk]) -> Option<i32> {
    chunks.first().map(|chunk| chunk.first - 1).filter(|count| *count > 0)
}

/// Adds the lines of `part`, and drops the oldest ones of a long log.
fn append(chunks: RwSignal<Vec<Chunk>>, part: LogPart) {
    if part.lines.is_empty() {
        return;
    }
    chunks.try_update(|chunks| {
        chunks.push(Chunk { first: part.first, lines: part.lines });
        let mut total: usize = chunks.iter().map(|chunk| chunk.lines.len()).sum();
        while total > MOST_LINES && chunks.len() > 1 {
            total -= chunks.remove(0).lines.len();
        }
    });
}

/// The scrolled box of the lines.
fn lines_box() -> Option<web_sys::Element> {
    document().query_selector("#log .lines").ok().flatten()
}

/// Whether the last line is in sight, so that new ones are to be followed.
fn is_at_end() -> bool {
    lines_box().is_some_and(|lines| lines.scroll_top() + lines.client_height() + 40 >= lines.scroll_height())
}

/// Scrolls to the last line, once it is drawn. Whoever scrolled up to read stays there.
fn keep_end_in_sight(was_at_end: bool) {
    if was_at_end {
        request_animation_frame(|| {
            if let Some(lines) = lines_box() {
                lines.set_scroll_top(lines.scroll_height());
            }
        });
    }
}

/// Reads on, one reading at a time, until the log is at its end; pauses while nobody looks.
fn follow(
    id: i64,
    chunks: RwSignal<Vec<Chunk>>,
    problem: RwSignal<Option<String>>,
    follower: RwSignal<Follower>,
    state: RwSignal<RunState>,
) {
    let reading = StoredValue::new(false);
    crate::components::pulse::while_visible(PERIOD, move || {
        let present = follower.get_untracked();
        if present.is_done() || reading.get_value() {
            return;
        }
        reading.set_value(true);
        spawn_local(async move {
            // An answer that is lost now is asked for again in a moment.
            if let Ok(part) = runs::run_log(id, present.next).await {
                let found = !part.lines.is_empty();
                // The page may have been left meanwhile: then there is nothing to set.
                follower.try_set(present.after(part.state.is_final(), found, part.next));
                problem.try_set(part.problem.clone());
                if state.try_get_untracked().is_some_and(|shown| shown != part.state) {
                    state.try_set(part.state);
                }
                let at_end = is_at_end();
                append(chunks, part);
                keep_end_in_sight(at_end);
            }
            reading.try_set_value(false);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follower() -> Follower {
        Follower { next: 6, quiet: 0 }
    }

    #[test]
    fn a_reading_without_lines_does_not_advance() {
        assert_eq!(follower().after(false, false, 0), follower());
        assert_eq!(follower().after(false, true, 9).next, 9);
    }

    #[test]
    fn a_live_run_is_followed_however_long_it_is_silent() {
        let silent = (0..100).fold(follower(), |follower, _| follower.after(false, false, 6));
        assert!(!silent.is_done());
    }

    #[test]
    fn after_the_end_one_more_reading_is_made_and_lines_that_come_late_are_shown() {
        let once = follower().after(true, false, 6);
        assert!(!once.is_done());
        assert!(once.after(true, false, 6).is_done());
        let late = once.after(true, true, 8);
        assert_eq!((late.next, late.is_done()), (8, false));
    }
}
