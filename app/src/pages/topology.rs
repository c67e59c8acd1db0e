//! `/topology`: the map of what there is, and the same as a table.

mod lines;
mod panel;

use crate::api::jobs::{JobView, job};
use crate::api::topology::{TopologyQuery, TopologyView, topology};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::LinkButton;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SearchFilter, SelectFilter};
use crate::components::icon::IconName;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::PageTitle;
use crate::components::resource::{Resource, resource};
use crate::components::script_module::ScriptModule;
use crate::components::state::{StateGlyph, state_word};
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use entity::run::RunState;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use lines::Lines;
use panel::Panel;

/// What the address says beside the query.
#[derive(Clone, Copy)]
struct Address {
    query: Memo<TopologyQuery>,
    /// Id of the node whose details are shown; empty = none.
    open: Memo<String>,
    /// The table instead of the map.
    is_table: Memo<bool>,
}

impl Address {
    /// The page's address, with these two.
    fn with(self, view: &str, open: &str) -> String {
        let TopologyQuery { namespace, q } = self.query.get();
        let namespace = namespace.map(|id| id.to_string()).unwrap_or_default();
        routes::topology_where(&[("namespace", &namespace), ("q", &q), ("view", view), ("open", open)])
    }

    fn view(self) -> &'static str {
        if self.is_table.get() { "table" } else { "" }
    }
}

#[component]
pub fn Topology() -> impl IntoView {
    let address = use_query_map();
    let text = move |name: &str| address.read().get(name).unwrap_or_default();
    let query = Memo::new(move |_| TopologyQuery { namespace: text("namespace").parse().ok(), q: text("q") });
    let open = Memo::new(move |_| text("open"));
    let is_table = Memo::new(move |_| text("view") == "table");
    let address = Address { query, open, is_table };
    let found = resource(move || query.get(), topology);
    // Of a job more is shown than the map knows.
    let opened = resource(
        move || open.get().strip_prefix("job-").and_then(|id| id.parse().ok()),
        |id: Option<i32>| async move {
            match id {
                Some(id) => job(id).await.ok(),
                None => None,
            }
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(view) => view! { <Content view address opened/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: TopologyView, address: Address, opened: Resource<Option<JobView>>) -> impl IntoView {
    let i18n = use_i18n();
    let choices = view.namespaces.iter().map(|found| Choice::new(found.id.to_string(), found.title.clone()));
    let choices: Vec<Choice> = choices.collect();
    let is_empty = view.executors.is_empty();
    let (present, live) = use_polled(view, move || read_again(address));
    let facts = move || {
        let present = present.read();
        let instances: u64 = present.executors.iter().map(|found| found.online + found.silent).sum();
        let jobs: u64 = present.executors.iter().map(|found| found.jobs_in_all).sum();
        tu_string!(
            i18n,
            topology.facts,
            executors = present.executors.len(),
            instances = instances,
            jobs = jobs
        )
    };
    let actions = move || view! { <LiveSwitch live/> <Views address/> };
    let more = present.read_untracked().more_executors.then(|| {
        view! { <p class="warn-t mt-3">{tu_string!(i18n, topology.more_executors)}</p> }
    });
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, topology.title) actions>
                <span class="muted t13">{facts}</span>
            </PageTitle>
            <Filters choices present address/>
            {more}
            {move || match (is_empty, address.is_table.get()) {
                (true, _) => view! { <NoExecutor/> }.at_once(),
                (false, true) => view! { <Lines present/> }.at_once(),
                (false, false) => {
                    view! {
                        <div class="topology" class:opened=move || !address.open.read().is_empty()>
                            <Map present address/>
                            <Panel present address opened/>
                        </div>
                        <Legend/>
                    }
                        .at_once()
                }
            }}
        </div>
    }
}

async fn read_again(address: Address) -> Result<TopologyView, AppError> {
    topology(address.query.get_untracked()).await
}

/// Map or table.
#[component]
fn Views(address: Address) -> impl IntoView {
    let i18n = use_i18n();
    let current = move |is_table: bool| (address.is_table.get() == is_table).then_some("true");
    view! {
        <nav class="seg" aria-label=tu_string!(i18n, topology.view)>
            <a href=move || address.with("", "") aria-current=move || current(false)>
                {tu_string!(i18n, topology.graph)}
            </a>
            <a href=move || address.with("table", "") aria-current=move || current(true)>
                {tu_string!(i18n, topology.table)}
            </a>
        </nav>
    }
}

#[component]
fn Filters(choices: Vec<Choice>, present: ReadSignal<TopologyView>, address: Address) -> impl IntoView {
    let i18n = use_i18n();
    let count = move || {
        let found = present.read().found.as_ref().map(Vec::len)?;
        Some(match found {
            0 => tu_string!(i18n, topology.none_found).to_owned(),
            n => tu_string!(i18n, topology.found, n = n),
        })
    };
    let several = (choices.len() > 1).then(|| {
        view! {
            <SelectFilter
                name="namespace"
                label=tu_string!(i18n, topology.namespace)
                any=tu_string!(i18n, topology.all)
                options=choices
            />
        }
    });
    view! {
        <FilterBar action=routes::topology()>
            <SearchFilter label=tu_string!(i18n, topology.search)/>
            {several}
            {move || address.is_table.get().then(|| view! { <input type="hidden" name="view" value="table"/> })}
            <span class="muted t13" role="status">{count}</span>
        </FilterBar>
    }
}

#[component]
fn NoExecutor() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Empty title=tu_string!(i18n, topology.none) text=tu_string!(i18n, topology.none_text)>
            {use_may().edit.then(|| view! {
                <LinkButton href=routes::executor_new() icon=IconName::Plus>
                    {tu_string!(i18n, topology.enrol)}
                </LinkButton>
            })}
        </Empty>
    }
}

/// The map where scripts run, else the table.
#[component]
fn Map(present: ReadSignal<TopologyView>, address: Address) -> impl IntoView {
    let i18n = use_i18n();
    let open = move || {
        let here = address.with(address.view(), "");
        let separator = if here.contains('?') { '&' } else { '?' };
        format!("{here}{separator}open=")
    };
    let focus = move || present.read().found.as_ref().and_then(|found| found.first().cloned());
    view! {
        <topology-map
            data-label=tu_string!(i18n, topology.label)
            data-option=move || present.read().map.option.clone()
            data-width=move || present.read().map.width.to_string()
            data-height=move || present.read().map.height.to_string()
            data-open=open
            data-chosen=move || address.open.get()
            data-focus=focus
        >
            <Lines present/>
        </topology-map>
        <ScriptModule name="topology-map"/>
    }
}

/// What the signs mean.
#[component]
fn Legend() -> impl IntoView {
    let i18n = use_i18n();
    let states = [
        RunState::Succeeded,
        RunState::Running,
        RunState::Waiting,
        RunState::Failed,
        RunState::TimedOut,
        RunState::Skipped,
        RunState::Unknown,
    ];
    let sign = |state: RunState| view! { <span><StateGlyph state/>{state_word(state)}</span> };
    view! {
        <p class="legend" aria-label=tu_string!(i18n, topology.legend)>
            {states.map(sign).into_iter().collect_view()}
            <span>"→ " {tu_string!(i18n, topology.starts)}</span>
        </p>
    }
}
