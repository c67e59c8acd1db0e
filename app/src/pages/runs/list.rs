//! `/runs`

mod row;

use crate::api::jobs::{self, ExecutorChoice};
use crate::api::runs::{self, RunLine, RunLines, RunQuery};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::LinkButton;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SelectFilter, TextFilter};
use crate::components::page_title::PageTitle;
use crate::components::pagination::Pagination;
use crate::components::pulse::while_visible;
use crate::components::resource::resource;
use crate::components::state::state_word;
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::pages::settings::deliveries::state_choices;
use crate::routes;
use crate::visit::use_may;
use entity::run::RunState;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use row::RunRow;
use std::collections::HashMap;
use std::time::Duration;

/// How often the list is read again.
const REFRESH: Duration = Duration::from_secs(4);
/// In the filter's order.
const STATES: [RunState; 10] = [
    RunState::Running,
    RunState::Succeeded,
    RunState::Failed,
    RunState::TimedOut,
    RunState::Killed,
    RunState::Skipped,
    RunState::Unknown,
    RunState::Lost,
    RunState::Waiting,
    RunState::Sending,
];

#[component]
pub fn RunList() -> impl IntoView {
    let i18n = use_i18n();
    let map = use_query_map();
    let query = Memo::new(move |_| read_query(&map.read()));
    let page = resource(
        move || query.get(),
        |query| async move { Ok((runs::list_runs(query).await?, jobs::executor_choices().await?)) },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((lines, choices)) => view! {
                        <div class="page">
                            <PageTitle title=tu_string!(i18n, runs.title) actions=move || actions(&query.read_untracked())/>
                            <Body lines choices query=query.get_untracked() reload=Callback::new(move |()| page.refetch())/>
                        </div>
                    }
                    .at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

/// The ways to what nobody has dealt with, and to deleting runs, with what is filtered.
fn actions(query: &RunQuery) -> impl IntoView + use<> {
    let i18n = use_i18n();
    let filters = [("executor", query.executor.as_str()), ("job", query.job.as_str())];
    let (inbox, clean) = (routes::runs_inbox(&filters), routes::runs_clean(&filters));
    view! {
        <LinkButton href=inbox>{tu_string!(i18n, runs.inbox)}</LinkButton>
        {use_may().edit.then(|| view! { <LinkButton href=clean>{tu_string!(i18n, runs.clean)} "…"</LinkButton> })}
    }
}

fn read_query(map: &leptos_router::params::ParamsMap) -> RunQuery {
    let value = |name: &str| map.get(name).unwrap_or_default();
    RunQuery {
        job: value("job"),
        executor: value("executor"),
        state: value("state"),
        alert: value("alert"),
        from: value("from"),
        to: value("to"),
        after: value("after"),
    }
}

/// The address of the list with these filters.
fn address(query: &RunQuery) -> String {
    routes::runs_where(&[
        ("job", &query.job),
        ("executor", &query.executor),
        ("state", &query.state),
        ("alert", &query.alert),
        ("from", &query.from),
        ("to", &query.to),
        ("after", &query.after),
    ])
}

#[component]
fn Body(
    lines: RunLines,
    choices: Vec<ExecutorChoice>,
    query: RunQuery,
    reload: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_filtered = query != RunQuery::default();
    if lines.rows.is_empty() && !is_filtered {
        return view! {
            <Empty title=tu_string!(i18n, states.no_runs) text=tu_string!(i18n, runs.none_yet_text)>
                <a class="btn" href=routes::jobs()>{tu_string!(i18n, runs.to_jobs)}</a>
            </Empty>
        }
        .at_once();
    }
    let rows = match (lines.rows.is_empty(), lines.next.is_some()) {
        (true, false) => {
            view! { <p class="muted t13 mt-3">{tu_string!(i18n, runs.none_match)}</p> }.at_once()
        }
        _ => view! { <Rows lines query=query.clone() reload/> }.at_once(),
    };
    view! {
        <Filters choices query/>
        {rows}
    }
    .at_once()
}

#[component]
fn Filters(choices: Vec<ExecutorChoice>, query: RunQuery) -> impl IntoView {
    let i18n = use_i18n();
    let executors = choices.into_iter().map(|choice| Choice::new(choice.id.to_string(), choice.app_name));
    let states = STATES.map(|state| Choice::new(jobs::word(state), state_word(state)));
    let attention = Choice::new("attention", tu_string!(i18n, runs.attention));
    let states = std::iter::once(attention).chain(states);
    let untold = Choice::new("none", tu_string!(i18n, alerts.none));
    let alerts = std::iter::once(untold).chain(state_choices());
    let any = tu_string!(i18n, jobs.any);
    view! {
        <FilterBar action=routes::runs()>
            <TextFilter name="job" label=tu_string!(i18n, runs.job_id) value=query.job kind="text"/>
            <SelectFilter
                name="executor"
                label=tu_string!(i18n, jobs.executor)
                any=any
                options=executors.collect()
            />
            <SelectFilter name="state" label=tu_string!(i18n, runs.state) any=any options=states.collect()/>
            <SelectFilter name="alert" label=tu_string!(i18n, alerts.of_run) any=any options=alerts.collect()/>
            <TextFilter name="from" label=tu_string!(i18n, runs.from) value=query.from kind="datetime-local"/>
            <TextFilter name="to" label=tu_string!(i18n, runs.to) value=query.to kind="datetime-local"/>
        </FilterBar>
    }
}

#[component]
fn Rows(lines: RunLines, query: RunQuery, reload: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let is_newest = query.after.is_empty() && query.to.is_empty();
    let present: RwSignal<HashMap<i64, RunLine>> =
        RwSignal::new(lines.rows.iter().map(|line| (line.id, line.clone())).collect());
    let newest = lines.rows.first().map(|line| line.due_at).unwrap_or(0);
    let arrived = RwSignal::new(0_usize);
    let asked = query.clone();
    while_visible(REFRESH, move || {
        let asked = asked.clone();
        spawn_local(async move {
            // What cannot be read now is read again in a moment.
            let Ok(lines) = runs::list_runs(asked).await else { return };
            let is_new = |line: &&RunLine| {
                line.due_at >= newest
                    && !present.try_with_untracked(|present| present.contains_key(&line.id)).unwrap_or(true)
            };
            arrived.try_set(lines.rows.iter().filter(is_new).count());
            present.try_update(|present| {
                for line in lines.rows {
                    if let Some(shown) = present.get_mut(&line.id) {
                        *shown = line;
                    }
                }
            });
        });
    });
    let columns = vec![
        Column::new(tu_string!(i18n, runs.job)),
        Column::new(tu_string!(i18n, runs.state)).class("cw-4"),
        Column::new(tu_string!(i18n, jobs.executor)).class("cw-4"),
        Column::new(tu_string!(i18n, runs.trigger)).class("cw-3"),
        Column::new(tu_string!(i18n, runs.due)).class("cw-5"),
        Column::new(tu_string!(i18n, runs.remark)),
        Column::new(tu_string!(i18n, runs.delay)).number().class("cw-2"),
        Column::new(tu_string!(i18n, runs.duration)).number().class("cw-2"),
    ];
    let first_page =
        (!query.after.is_empty()).then(|| address(&RunQuery { after: String::new(), ..query.clone() }));
    let older = lines.next.map(|after| address(&RunQuery { after, ..query.clone() }));
    let is_sparse = lines.rows.is_empty();
    let rows = lines.rows.into_iter().map(|line| view! { <RunRow line present/> }).collect_view();
    view! {
        <div class="arrived" role="status">
            {move || (is_newest && arrived.get() > 0).then(|| view! {
                <button type="button" class="btn sm" on:click=move |_| reload.run(())>
                    {tu_string!(i18n, runs.arrived, count = arrived.get())}
                </button>
            })}
        </div>
        <DataTable label=tu_string!(i18n, runs.title) columns>
            {rows}
        </DataTable>
        {is_sparse.then(|| view! { <p class="muted t13 mt-3">{tu_string!(i18n, runs.none_here)}</p> })}
        <Pagination newer=first_page older/>
    }
}
