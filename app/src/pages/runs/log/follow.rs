//! Following a log: while somebody looks, wants it, and more may come.

use super::chunks::{Chunk, append};
use super::stream::{News, Stream};
use crate::api::logs::LogPage;
use entity::log::Trouble;
use entity::run::RunState;
use leptos::prelude::*;
use std::time::Duration;

/// How soon a stream that was lost is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// What the page shows of a log, as it changes.
#[derive(Clone, Copy)]
pub struct Shown {
    pub chunks: RwSignal<Vec<Chunk>>,
    pub trouble: RwSignal<Option<Trouble>>,
    /// The line to go on with.
    pub next: RwSignal<i32>,
    /// No more will come.
    pub over: RwSignal<bool>,
    /// Whether the viewer wants to see new lines.
    pub wanted: RwSignal<bool>,
}

impl Shown {
    pub fn new(start: &LogPage) -> Self {
        Self {
            chunks: RwSignal::new(super::chunks::chunks_of(start.pieces.clone())),
            trouble: RwSignal::new(start.trouble.clone()),
            next: RwSignal::new(start.next),
            over: RwSignal::new(!start.follows),
            wanted: RwSignal::new(true),
        }
    }

    /// The page may have been left meanwhile: then there is nothing to set.
    fn take(self, news: News, state: RwSignal<RunState>) {
        match news {
            News::Lines(piece) => {
                let at_end = is_at_end();
                self.chunks.try_update(|chunks| {
                    append(chunks, piece);
                    self.next.try_set(chunks.last().map_or(1, Chunk::end));
                });
                keep_end_in_sight(at_end);
            }
            News::Passed(next) => drop(self.next.try_set(next)),
            News::State(new) => {
                if state.try_get_untracked().is_some_and(|shown| shown != new) {
                    state.try_set(new);
                }
            }
            News::Trouble(trouble) => drop(self.trouble.try_set(trouble)),
            News::Over(trouble) => {
                self.trouble.try_set(trouble);
                self.over.try_set(true);
            }
            News::Lost => {}
        }
    }
}

/// Follows the log of this run from the first effect on. `state` is told when it changes.
pub fn follow(id: i64, shown: Shown, state: RwSignal<RunState>) {
    let visible = use_visible();
    let attempt = RwSignal::new(0_u32);
    let try_again = move || {
        attempt.try_update(|count| *count += 1);
    };
    // The stream is the effect's own: it is closed when the page is left, and a server has none.
    Effect::new(move |before: Option<Option<Stream>>| {
        attempt.track();
        let open = before.flatten().filter(|stream| !stream.is_closed());
        if !shown.wanted.get() || !visible.get() || shown.over.get() {
            return None;
        }
        open.or_else(|| {
            Stream::open(id, shown.next.get_untracked(), move |news| {
                if news == News::Lost {
                    set_timeout(try_again, AGAIN);
                }
                shown.take(news, state);
            })
        })
    });
    if !shown.over.get_untracked() {
        Effect::new(|| keep_end_in_sight(true));
    }
}

/// Whether the tab is in sight.
fn use_visible() -> ReadSignal<bool> {
    let (visible, set_visible) = signal(true);
    Effect::new(move || {
        let handle = window_event_listener_untyped("visibilitychange", move |_| {
            set_visible.try_set(!document().hidden());
        });
        on_cleanup(move || handle.remove());
    });
    visible
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
