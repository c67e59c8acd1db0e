//! The events of a log that is followed, as a browser gets them.

use crate::api::logs::LogPiece;
use crate::routes;
use entity::log::Trouble;
use entity::run::RunState;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{EventSource, MessageEvent};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Lines(LogPiece),
    /// The line to go on with; those before it came faster than they could be sent.
    Passed(i32),
    State(RunState),
    /// What keeps lines from coming for now; none when they come again.
    Trouble(Option<Trouble>),
    /// No more will come.
    Over(Option<Trouble>),
    /// The browser gave up: it does not come again by itself.
    Lost,
}

#[derive(Deserialize)]
struct Passed {
    to: i32,
}

#[derive(Deserialize)]
struct State {
    state: RunState,
}

#[derive(Deserialize)]
struct Why {
    trouble: Option<Trouble>,
}

type Listener = Closure<dyn FnMut(MessageEvent)>;

/// An open stream; closed when it is dropped.
pub struct Stream {
    source: EventSource,
    _listeners: Vec<Listener>,
}

impl Stream {
    /// Follows a run's log from this line on. None where the browser cannot.
    pub fn open(id: i64, from: i32, tell: impl Fn(News) + 'static) -> Option<Self> {
        let source = EventSource::new(&routes::run_log_events(id, from)).ok()?;
        let tell = Rc::new(tell);
        let lost = {
            let (tell, source) = (tell.clone(), source.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |_| {
                // Any other error is one after which the browser tries again.
                if source.ready_state() == EventSource::CLOSED {
                    tell(News::Lost);
                }
            })
        };
        source.set_onerror(Some(lost.as_ref().unchecked_ref()));
        let listeners = vec![
            listen(&source, "lines", &tell, News::Lines),
            listen(&source, "passed", &tell, |Passed { to }| News::Passed(to.saturating_add(1))),
            listen(&source, "state", &tell, |State { state }| News::State(state)),
            listen(&source, "trouble", &tell, |Why { trouble }| News::Trouble(trouble)),
            listen(&source, "over", &tell, |Why { trouble }| News::Over(trouble)),
            lost,
        ];
        Some(Self { source, _listeners: listeners })
    }

    /// Whether the browser has given up.
    pub fn is_closed(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// Tells of the events of this name; what cannot be read is passed over.
fn listen<T: DeserializeOwned>(
    source: &EventSource,
    name: &str,
    tell: &Rc<impl Fn(News) + 'static>,
    news: impl Fn(T) -> News + 'static,
) -> Listener {
    let tell = tell.clone();
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string();
        if let Some(data) = text.and_then(|text| serde_json::from_str(&text).ok()) {
            tell(news(data));
        }
    });
    // It fails only where there is nothing to listen to.
    drop(source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()));
    listener
}
