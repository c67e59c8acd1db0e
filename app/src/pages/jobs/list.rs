//! `/jobs`

mod row;

use super::actions::Switches;
use super::new::NoExecutor;
use crate::api::jobs::{self, ExecutorChoice, JobLine, JobLines, JobQuery};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SearchFilter, SelectFilter};
use crate::components::icon::IconName;
use crate::components::page_title::PageTitle;
use crate::components::pagination::Pagination;
use crate::components::pulse::while_visible;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use row::JobRow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// How often the rows in sight are read again.
const REFRESH: Duration = Duration::from_secs(5);

#[component]
pub fn JobList() -> impl IntoView {
    let i18n = use_i18n();
    let map = use_query_map();
    let query = Memo::new(move |_| read_query(&map.read()));
    let page = resource(
        move || query.get(),
        |query| async move { Ok((jobs::list_jobs(query).await?, jobs::executor_choices().await?)) },
    );
    let may_edit = use_may().edit;
    let new_job = move || {
        view! {
            <LinkButton href=routes::calendars() weight=Weight::Ghost>
                {tu_string!(i18n, calendars.title)}
            </LinkButton>
            {may_edit.then(|| view! {
                <LinkButton href=routes::job_new() weight=Weight::Primary icon=IconName::Plus>
                    {tu_string!(i18n, jobs.new)}
                </LinkButton>
            })}
        }
    };
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((lines, choices)) => view! {
                        <div class="page">
                            <PageTitle title=tu_string!(i18n, jobs.title) actions=new_job/>
                            <Body lines choices query=query.get_untracked()/>
                        </div>
                    }
                    .at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

fn read_query(map: &leptos_router::params::ParamsMap) -> JobQuery {
    let value = |name: &str| map.get(name).unwrap_or_default();
    JobQuery {
        q: value("q"),
        namespace: value("namespace"),
        executor: value("executor"),
        state: value("state"),
        owner: value("owner"),
        order: value("order"),
        after: value("after"),
    }
}

#[component]
fn Body(lines: JobLines, choices: Vec<ExecutorChoice>, query: JobQuery) -> impl IntoView {
    let i18n = use_i18n();
    if choices.is_empty() && lines.rows.is_empty() {
        return view! { <NoExecutor/> }.at_once();
    }
    let is_filtered =
        JobQuery { order: String::new(), after: String::new(), ..query.clone() } != JobQuery::default();
    if lines.rows.is_empty() && !is_filtered && query.after.is_empty() {
        return view! {
            <Empty title=tu_string!(i18n, jobs.none_yet) text=tu_string!(i18n, jobs.none_yet_text)>
                {use_may().edit.then(|| view! {
                    <LinkButton href=routes::job_new() weight=Weight::Primary>
                        {tu_string!(i18n, jobs.first)}
                    </LinkButton>
                })}
            </Empty>
        }
        .at_once();
    }
    let rows = match lines.rows.is_empty() {
        true => view! { <p class="muted t13 mt-3">{tu_string!(i18n, jobs.none_match)}</p> }.at_once(),
        false => view! { <Rows lines query=query.clone()/> }.at_once(),
    };
    view! {
        <Filters choices query/>
        {rows}
    }
    .at_once()
}

#[component]
fn Filters(choices: Vec<ExecutorChoice>, query: JobQuery) -> impl IntoView {
    let i18n = use_i18n();
    let namespaces = namespaces_of(&choices);
    let executors = choices.into_iter().map(|choice| Choice::new(choice.id.to_string(), choice.app_name));
    let states = vec![
        Choice::new("on", tu_string!(i18n, jobs.on)),
        Choice::new("stopped", tu_string!(i18n, jobs.stopped)),
        Choice::new("disabled", tu_string!(i18n, jobs.disabled)),
    ];
    let any = tu_string!(i18n, jobs.any);
    let (order, owner) = (query.order.clone(), query.owner.clone());
    view! {
        <div class="filter-row">
            <FilterBar action=routes::jobs()>
                <SearchFilter label=tu_string!(i18n, jobs.search)/>
                {(namespaces.len() > 1).then(|| view! {
                    <SelectFilter
                        name="namespace"
                        label=tu_string!(i18n, jobs.namespace)
                        any=any
                        options=namespaces
                    />
                })}
                <SelectFilter
                    name="executor"
                    label=tu_string!(i18n, jobs.executor)
                    any=any
                    options=executors.collect()
                />
                <SelectFilter name="state" label=tu_string!(i18n, jobs.state) any=any options=states/>
                <OwnerFilter value=owner/>
                {(!order.is_empty()).then(|| view! { <input type="hidden" name="order" value=order/> })}
            </FilterBar>
            <Order query/>
        </div>
    }
}

/// The namespaces of these executors, by name.
fn namespaces_of(choices: &[ExecutorChoice]) -> Vec<Choice> {
    let named: BTreeMap<&str, i32> =
        choices.iter().map(|choice| (choice.namespace.as_str(), choice.namespace_id)).collect();
    named.into_iter().map(|(name, id)| Choice::new(id.to_string(), name)).collect()
}

#[component]
fn OwnerFilter(value: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <label class="fl owner" class:set=!value.is_empty()>
            <span>{tu_string!(i18n, jobs.owner)}</span>
            <input name="owner" value=value.clone() maxlength="120" autocomplete="off"/>
        </label>
    }
}

/// By the next fire, or by name.
#[component]
fn Order(query: JobQuery) -> impl IntoView {
    let i18n = use_i18n();
    let by_name = query.order == "name";
    let link = move |order: &str| {
        address(&JobQuery { order: order.to_owned(), after: String::new(), ..query.clone() })
    };
    let (by_fire, name) = (link(""), link("name"));
    view! {
        <nav class="seg sm order" aria-label=tu_string!(i18n, jobs.order)>
            <a href=by_fire aria-current=(!by_name).then_some("true")>{tu_string!(i18n, jobs.by_fire)}</a>
            <a href=name aria-current=by_name.then_some("true")>{tu_string!(i18n, jobs.by_name)}</a>
        </nav>
    }
}

/// The address of the list with these filters.
fn address(query: &JobQuery) -> String {
    routes::jobs_where(&[
        ("q", &query.q),
        ("namespace", &query.namespace),
        ("executor", &query.executor),
        ("state", &query.state),
        ("owner", &query.owner),
        ("order", &query.order),
        ("after", &query.after),
    ])
}

#[component]
fn Rows(lines: JobLines, query: JobQuery) -> impl IntoView {
    let i18n = use_i18n();
    let switches = Switches::new();
    let present: RwSignal<HashMap<i32, JobLine>> =
        RwSignal::new(lines.rows.iter().map(|line| (line.id, line.clone())).collect());
    let asked = query.clone();
    let refresh = move || {
        let asked = asked.clone();
        spawn_local(async move {
            // What cannot be read now is read again in a moment.
            if let Ok(lines) = jobs::list_jobs(asked).await {
                present.try_update(|present| {
                    present.extend(lines.rows.into_iter().map(|line| (line.id, line)));
                });
            }
        });
    };
    while_visible(REFRESH, refresh.clone());
    Effect::new(move |before: Option<usize>| {
        let done = switches.done();
        if before.is_some_and(|before| before != done) {
            refresh();
        }
        done
    });
    close_menus_by_click_elsewhere();
    let columns = vec![
        Column::new(tu_string!(i18n, jobs.job)),
        Column::new(tu_string!(i18n, jobs.executor)).class("cw-3"),
        Column::new(tu_string!(i18n, jobs.schedule)).class("cw-5"),
        Column::new(tu_string!(i18n, jobs.next_fire)).class("cw-5"),
        Column::new(tu_string!(i18n, jobs.last_runs)).class("cw-5"),
        Column::new(tu_string!(i18n, jobs.owner)).class("cw-2"),
        Column::new(tu_string!(i18n, jobs.state)).class("cw-2"),
        Column::new(tu_string!(i18n, common.more)).actions(),
    ];
    let first_page =
        (!query.after.is_empty()).then(|| address(&JobQuery { after: String::new(), ..query.clone() }));
    let older = lines.next.map(|after| address(&JobQuery { after, ..query.clone() }));
    let rows = lines.rows.into_iter().map(|line| view! { <JobRow line present switches/> }).collect_view();
    view! {
        <DataTable label=tu_string!(i18n, jobs.title) columns>
            {rows}
        </DataTable>
        <Pagination newer=first_page older/>
    }
}

/// A click elsewhere or Escape closes the menu of a row.
fn close_menus_by_click_elsewhere() {
    let close = |target: Option<web_sys::EventTarget>| {
        use wasm_bindgen::JsCast;
        let Ok(Some(open)) = document().query_selector("details[name=row-menu][open]") else { return };
        let inside = target
            .and_then(|target| target.dyn_into::<web_sys::Node>().ok())
            .is_some_and(|target| open.contains(Some(&target)));
        if !inside {
            // Only a menu that is not open any more would not close.
            drop(open.remove_attribute("open"));
        }
    };
    Effect::new(move || {
        let click = window_event_listener(leptos::ev::click, move |event| close(event.target()));
        let key = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape" {
                close(None);
            }
        });
        on_cleanup(move || {
            click.remove();
            key.remove();
        });
    });
}
