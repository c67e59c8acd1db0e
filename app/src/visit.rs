//! What the server knows about a visit when it renders a page, handed over to the browser once.

use crate::api::may::May;
use crate::error::{AppError, Message};
use entity::user::UserRole;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The person looking at the page.
///
/// The middleware that reads the session puts it into the request's extensions; everything else
/// takes it from there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewer {
    pub id: i32,
    pub name: String,
    pub role: UserRole,
    /// Nothing but changing the password is allowed.
    pub must_change_password: bool,
    /// What they may do somewhere.
    pub may: May,
    /// How many changes wait for their approval.
    pub approvals: u64,
    /// How many runs went wrong that nobody has dealt with; 100 stands for more than 99.
    pub inbox: u64,
    /// The documentation of the API is switched on.
    pub api_docs: bool,
}

/// Which colours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The value of its cookie and of `data-theme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }
}

/// One sentence shown once, after something was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flash {
    pub tone: Tone,
    pub message: Message,
}

/// Whether it went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Good,
    Bad,
}

/// A form that comes back: what was typed and what was wrong. Kept in the session for one page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptForm {
    /// The `id` of the form.
    pub form: String,
    /// By field name, without the form's prefix. Secrets are never kept.
    pub values: BTreeMap<String, String>,
    /// None where nothing was wrong, as after a preview.
    pub error: Option<AppError>,
}

/// What a page starts from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    pub viewer: Option<Viewer>,
    /// When the page was rendered, in milliseconds UTC.
    pub now: i64,
    /// The viewer's time zone, an IANA name; `UTC` until the browser has told it.
    pub zone: String,
    pub theme: Theme,
    pub request_id: Option<String>,
    pub flash: Option<Flash>,
    pub kept: Option<KeptForm>,
}

/// Provides the visit to all components: on the server from the request, in the browser from what
/// the server sent along.
pub fn provide_visit() {
    let visit = SharedValue::new(|| {
        #[cfg(feature = "ssr")]
        {
            crate::ssr::visit()
        }
        #[cfg(not(feature = "ssr"))]
        {
            Visit::default()
        }
    })
    .into_inner();
    provide_context(Now::new(visit.now));
    provide_context(StoredValue::new(visit));
}

/// The present visit.
pub fn use_visit() -> Visit {
    use_context::<StoredValue<Visit>>().map(|visit| visit.get_value()).unwrap_or_default()
}

/// The person looking at the page, who exists on every page within the frame.
pub fn use_viewer() -> Option<Viewer> {
    use_visit().viewer
}

/// What the person looking at the page may do somewhere: for what leads to something new.
pub fn use_may() -> May {
    use_viewer().map(|viewer| viewer.may).unwrap_or_default()
}

/// The present moment: the server's when the page was rendered, then the browser's, each second.
#[derive(Clone, Copy)]
struct Now {
    /// Made once and for all: a part of a page that made its own would take it away with itself,
    /// while a second that struck just then still lets it be read.
    shown: Signal<i64>,
    set: WriteSignal<i64>,
}

impl Now {
    fn new(now: i64) -> Self {
        let (shown, set) = signal(now);
        Self { shown: shown.into(), set }
    }
}

/// The present moment in milliseconds UTC. Starts as the server's, so that the first rendering in
/// the browser equals the server's.
pub fn use_now() -> Signal<i64> {
    use_context::<Now>().map(|now| now.shown).unwrap_or_default()
}

/// Lets [`use_now`] advance, from the first effect on. Called once, by the application.
pub fn start_clock() {
    let Some(Now { set, .. }) = use_context() else { return };
    Effect::new(move || {
        let tick = move || set.set(js_sys::Date::now() as i64);
        let timer = set_interval_with_handle(tick, std::time::Duration::from_secs(1));
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
}
