//! A run's log: numbered monospace lines, ANSI colours in the theme's tokens, text only.

mod ansi;

use crate::components::at_once::{Slotted, TakenAtOnce};
use crate::routes;
use ansi::{Style, spans};
use leptos::prelude::*;

/// The lines of a log, the first numbered `first`. A line is text whatever it holds; of its escape
/// sequences only colours and weights have an effect.
#[component]
pub fn LogLines(
    lines: Vec<String>,
    /// The number of the first line.
    #[prop(default = 1)]
    first: i32,
    /// The run whose log it is: then each line can be linked to, and is named by its number.
    #[prop(optional)]
    run: Option<i64>,
    /// The line that was asked for.
    #[prop(default = None)]
    marked: Option<i32>,
    /// Where all of these lines lead instead.
    #[prop(optional, into)]
    place: Option<String>,
) -> impl IntoView {
    (first..)
        .zip(lines)
        .map(|(number, line)| {
            let pieces = spans(&line);
            let text: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
            let tabindex = run.map(|_| "-1");
            let place = place.clone().or_else(|| run.map(|run| routes::run_log_line(run, number)));
            view! {
                <div
                    class="l"
                    class:hit=is_error(&text)
                    class:mark=marked == Some(number)
                    id=run.map(|_| format!("L{number}"))
                >
                    // So many stops would be in the way of whoever goes by keyboard.
                    <a class="n" href=place rel="external" tabindex=tabindex>{number}</a>
                    <span>{pieces.into_iter().map(span_view).collect_view()}</span>
                </div>
            }
        })
        .collect_view()
}

/// The frame of a log, filling the page's rest: heading and tools above, lines below. `label` names
/// it for a screen reader; it can be scrolled by keyboard.
#[component]
pub fn LogView(
    #[prop(into)] label: String,
    /// Beside the heading: follow, count, search, download.
    #[prop(optional, into)]
    tools: ViewFn,
    children: Slotted,
) -> impl IntoView {
    let heading = label.clone();
    view! {
        <section class="log" id="log">
            <div class="log-h">
                <h2>{heading}</h2>
                {tools.run()}
            </div>
            <div class="lines" role="log" aria-live="off" aria-label=label tabindex="0">
                {children.show()}
            </div>
        </section>
    }
}

/// Whether the line announces an error by its level, as most loggers write it.
fn is_error(line: &str) -> bool {
    line.split_whitespace().take(5).any(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        matches!(word, "ERROR" | "FATAL")
    })
}

fn span_view((style, text): (Style, String)) -> impl IntoView {
    match style.class() {
        Some(class) => view! { <span class=class>{text}</span> }.at_once(),
        None => text.at_once(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_error;

    #[test]
    fn only_a_level_marks_a_line_as_an_error() {
        assert!(is_error("2026-03-06 14:31:48 [shard 5] ERROR task 61 failed"));
        assert!(is_error("14:31 [main] [FATAL] out of memory"));
        assert!(!is_error("14:31:48.733 [shard 5] INFO it went well, no ERROR"));
        assert!(!is_error("no errors"));
    }
}
