//! The parts of the program that the browser loads when it first opens a page of theirs.
//!
//! What every page needs is loaded at once; a part brings what only its pages need. How the program is taken
//! apart is decided when it is linked: each part is all that is reached by its one function alone. What several
//! parts share lies in a file for each set of parts that share it: few parts, so that few files are asked for.

use crate::components::at_once::TakenAtOnce;
use crate::pages::{
    account, api_docs, approvals, audit, calendars, executors, freezes, home, jobs, namespaces, runs, search,
    servers, settings, statistics, topology, users,
};
use leptos::prelude::*;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use leptos_router::ChooseView;
use leptos_router::hooks::use_location;

/// A part that cannot be loaded: the network is gone, or the server has another version by now.
struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// A part: the name of its function, which loads it first, that of the function which does no more, and its
/// pages.
macro_rules! part {
    ($part:ident, $load:ident, $Pages:ident { $($Page:ident => $view:path),* $(,)? }) => {
        #[derive(Clone, Copy)]
        pub enum $Pages {
            $($Page),*
        }

        #[wasm_split($part, wasm_split_path = leptos::wasm_split, preload($load), fallible)]
        fn $part(page: $Pages) -> Result<AnyView, NotLoaded> {
            Ok(match page {
                $($Pages::$Page => $view().at_once()),*
            })
        }

        impl ChooseView for $Pages {
            async fn choose(self) -> AnyView {
                $part(self).await.unwrap_or_else(load_document)
            }

            /// Whether it came shows when the page is chosen.
            async fn preload(&self) {
                let _ = $load().await;
            }
        }
    };
}

part!(overview, load_overview, Overview {
    Home => home::Home,
});

// What is looked at all day.
part!(watching, load_watching, Watching {
    Jobs => jobs::list::JobList,
    Job => jobs::detail::JobDetail,
    Runs => runs::list::RunList,
    Run => runs::detail::RunDetail,
    Inbox => runs::inbox::Inbox,
    Executors => executors::list::ExecutorList,
    Executor => executors::detail::ExecutorDetail,
    Statistics => statistics::Statistics,
    Topology => topology::Topology,
});

part!(managing, load_managing, Managing {
    NewJob => jobs::new::NewJob,
    EditJob => jobs::edit::EditJob,
    JobCode => jobs::code::JobCode,
    JobHistory => jobs::history::JobHistory,
    Backfill => jobs::backfill::Backfill,
    Calendars => calendars::list::CalendarList,
    NewCalendar => calendars::new::NewCalendar,
    EditCalendar => calendars::edit::EditCalendar,
    CleanRuns => runs::clean::Clean,
    NewExecutor => executors::new::NewExecutor,
    EditExecutor => executors::edit::EditExecutor,
    Approvals => approvals::list::ApprovalList,
    Approval => approvals::detail::ApprovalDetail,
    Audit => audit::Audit,
    Freezes => freezes::Freezes,
    AlertRules => settings::alerts::list::AlertRuleList,
    NewAlertRule => settings::alerts::new::NewAlertRule,
    EditAlertRule => settings::alerts::edit::EditAlertRule,
    Channels => settings::channels::list::ChannelList,
    NewChannel => settings::channels::new::NewChannel,
    EditChannel => settings::channels::edit::EditChannel,
    Deliveries => settings::deliveries::Deliveries,
    Retention => settings::retention::Retention,
    Servers => servers::list::ServerList,
    Server => servers::detail::ServerDetail,
    Users => users::list::UserList,
    NewUser => users::new::NewUser,
    User => users::detail::UserDetail,
    Namespaces => namespaces::list::NamespaceList,
    NewNamespace => namespaces::new::NewNamespace,
    Namespace => namespaces::detail::NamespaceDetail,
    Account => account::Account,
    Search => search::Search,
    ApiDocs => api_docs::ApiDocs,
});

/// What is loaded when the first of its pages is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Overview,
    Watching,
    Managing,
}

impl Part {
    /// The part that the page at this path is in; none where that is loaded with every page.
    pub fn of(path: &str) -> Option<Self> {
        let is_number = |part: &str| part.parse::<i64>().is_ok();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => Some(Self::Overview),
            ["login"] => None,
            ["jobs" | "runs" | "executors" | "statistics" | "topology"] | ["runs", "inbox"] => {
                Some(Self::Watching)
            }
            ["jobs" | "runs" | "executors", id] if is_number(id) => Some(Self::Watching),
            _ => Some(Self::Managing),
        }
    }

    /// As the program's files are named: after the part's function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Watching => "watching",
            Self::Managing => "managing",
        }
    }

    /// So that the browser can take a page over in one go; false where the part cannot be loaded.
    pub async fn load(self) -> bool {
        let loaded = match self {
            Self::Overview => load_overview().await,
            Self::Watching => load_watching().await,
            Self::Managing => load_managing().await,
        };
        loaded.is_ok()
    }
}

/// The document anew, from the server that there is now: it knows where its parts lie.
fn load_document(_: NotLoaded) -> AnyView {
    let location = use_location();
    let (path, query) = (location.pathname.get_untracked(), location.search.get_untracked());
    let address = if query.is_empty() { path } else { format!("{path}?{query}") };
    if let Err(error) = window().location().set_href(&address) {
        leptos::logging::error!("{error:?}");
    }
    ().at_once()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_is_in_one_part() {
        assert_eq!(Part::of("/"), Some(Part::Overview));
        assert_eq!(Part::of("/login"), None);
        for path in ["/jobs", "/jobs/17", "/runs/4000000001", "/runs/inbox", "/executors/1/", "/topology"] {
            assert_eq!(Part::of(path), Some(Part::Watching), "{path}");
        }
        for path in ["/jobs/new", "/jobs/17/edit", "/runs/clean", "/users", "/settings/alerts/3", "/nowhere"]
        {
            assert_eq!(Part::of(path), Some(Part::Managing), "{path}");
        }
    }
}
