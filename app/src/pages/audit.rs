//! `/audit`: who changed what, and who came.

mod accesses;
mod difference;
mod words;

use crate::api::audit::{AuditLine, AuditLines, AuditQuery, list_accesses, list_audit};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SearchFilter, SelectFilter, TextFilter};
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::PageTitle;
use crate::components::pagination::Pagination;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use accesses::Accesses;
pub use difference::{Differences, come, gone};
use entity::audit_entry::{Noun, Verb};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
pub use words::{noun_word, verb_word};

/// In the filter's order.
const NOUNS: [Noun; 18] = [
    Noun::Job,
    Noun::Run,
    Noun::Executor,
    Noun::Calendar,
    Noun::Freeze,
    Noun::Server,
    Noun::Namespace,
    Noun::User,
    Noun::Grant,
    Noun::ApiToken,
    Noun::Channel,
    Noun::AlertRule,
    Noun::Delivery,
    Noun::Approval,
    Noun::Cleaning,
    Noun::Retention,
    Noun::Database,
    Noun::Access,
];

#[component]
pub fn Audit() -> impl IntoView {
    let map = use_query_map();
    let shows_accesses = Memo::new(move |_| map.read().get("show").as_deref() == Some("accesses"));
    let query = Memo::new(move |_| read_query(&map.read()));
    view! {
        {move || match shows_accesses.get() {
            true => view! { <AccessPage after=query.get().after/> }.at_once(),
            false => view! { <ChangePage query=query.get()/> }.at_once(),
        }}
    }
}

#[component]
fn ChangePage(query: AuditQuery) -> impl IntoView {
    let asked = query.clone();
    let page = resource(move || asked.clone(), list_audit);
    view! {
        <Suspense>
            {move || {
                let query = query.clone();
                Suspend::new(async move {
                    match page.await {
                        Ok(lines) => view! { <Changes lines query/> }.at_once(),
                        Err(error) => view! { <ErrorPage error/> }.at_once(),
                    }
                })
            }}
        </Suspense>
    }
}

#[component]
fn AccessPage(after: String) -> impl IntoView {
    let page = resource(move || after.clone(), list_accesses);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(lines) => view! {
                        <div class="page">
                            <Head shows_accesses=true/>
                            <Accesses lines/>
                        </div>
                    }
                    .at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

fn read_query(map: &leptos_router::params::ParamsMap) -> AuditQuery {
    let value = |name: &str| map.get(name).unwrap_or_default();
    AuditQuery {
        actor: value("actor"),
        object: value("object"),
        noun: value("noun"),
        from: value("from"),
        to: value("to"),
        after: value("after"),
    }
}

/// The address of the list with these filters.
fn address(query: &AuditQuery) -> String {
    routes::audit_where(&[
        ("actor", &query.actor),
        ("object", &query.object),
        ("noun", &query.noun),
        ("from", &query.from),
        ("to", &query.to),
        ("after", &query.after),
    ])
}

/// Title and the two lists.
#[component]
fn Head(#[prop(optional)] shows_accesses: bool) -> impl IntoView {
    let i18n = use_i18n();
    let actions = move || {
        view! {
            <a class="btn" href=routes::audit_export() rel="external" download="">
                <Icon name=IconName::Download/>
                {tu_string!(i18n, audit.export)}
            </a>
        }
    };
    let current = |is_it: bool| is_it.then_some("page");
    view! {
        <PageTitle title=tu_string!(i18n, audit.title) actions/>
        <nav class="seg sm" aria-label=tu_string!(i18n, audit.title)>
            <a href=routes::audit() aria-current=current(!shows_accesses)>{tu_string!(i18n, audit.changes)}</a>
            <a href=routes::audit_accesses("") aria-current=current(shows_accesses)>
                {tu_string!(i18n, audit.accesses)}
            </a>
        </nav>
    }
}

#[component]
fn Changes(lines: AuditLines, query: AuditQuery) -> impl IntoView {
    let i18n = use_i18n();
    let nouns = NOUNS.map(|noun| Choice::new(crate::api::jobs::word(noun), noun_word(noun)));
    let body = match lines.lines.is_empty() {
        true => view! { <p class="muted t13 mt-3">{tu_string!(i18n, audit.none)}</p> }.at_once(),
        false => view! { <Lines lines query=query.clone()/> }.at_once(),
    };
    view! {
        <div class="page">
            <Head/>
            <FilterBar action=routes::audit()>
                <SearchFilter name="actor" label=tu_string!(i18n, audit.actor)/>
                <SearchFilter name="object" label=tu_string!(i18n, audit.object)/>
                <SelectFilter
                    name="noun"
                    label=tu_string!(i18n, audit.noun)
                    any=tu_string!(i18n, jobs.any)
                    options=nouns.to_vec()
                />
                <TextFilter name="from" label=tu_string!(i18n, runs.from) value=query.from kind="datetime-local"/>
                <TextFilter name="to" label=tu_string!(i18n, runs.to) value=query.to kind="datetime-local"/>
            </FilterBar>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: AuditLines, query: AuditQuery) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, audit.object)),
        Column::new(tu_string!(i18n, audit.what)).class("cw-4"),
        Column::new(tu_string!(i18n, audit.actor)).class("cw-6"),
        Column::new(tu_string!(i18n, audit.at)).number().class("cw-5"),
        Column::new(tu_string!(i18n, audit.number)).number().class("cw-2"),
    ];
    let first =
        (!query.after.is_empty()).then(|| address(&AuditQuery { after: String::new(), ..query.clone() }));
    let older = lines.next.map(|after| address(&AuditQuery { after, ..query.clone() }));
    view! {
        <DataTable label=tu_string!(i18n, audit.changes) columns>
            {lines.lines.into_iter().map(row).collect_view()}
        </DataTable>
        <Pagination newer=first older/>
    }
}

fn row(line: AuditLine) -> impl IntoView {
    let i18n = use_i18n();
    let from = match line.address.is_empty() {
        true => tu_string!(i18n, audit.command_line).to_owned(),
        false => line.address,
    };
    let object = match link(line.noun, line.verb, line.object_id) {
        Some(href) => view! { <a class="name" href=href>{line.object}</a> }.at_once(),
        None => view! { <span class="name">{line.object}</span> }.at_once(),
    };
    view! {
        <tr>
            <td class="wrap">
                {object}
                <span class="sub">{noun_word(line.noun)}</span>
                <Differences differences=line.differences/>
            </td>
            <td class="p1">{verb_word(line.verb)}</td>
            <td class="p2">
                {line.actor}
                <span class="sub">{from}</span>
            </td>
            <td class="p2 num muted"><Time at=line.at style=TimeStyle::Full/></td>
            <td class="num muted"><span title=line.mac>{line.seq}</span></td>
        </tr>
    }
}

/// The page of the object, if it has one and was not just deleted.
pub fn link(noun: Noun, verb: Verb, id: i64) -> Option<String> {
    if verb == Verb::Delete {
        return None;
    }
    let short = i32::try_from(id).ok();
    match noun {
        Noun::Job => short.map(routes::job),
        Noun::Run => Some(routes::run(id)),
        Noun::Executor => short.map(routes::executor),
        Noun::Calendar => short.map(routes::calendar_edit),
        Noun::Freeze => Some(routes::freezes()),
        Noun::Namespace => short.map(routes::namespace),
        Noun::User | Noun::Grant => short.map(routes::user),
        Noun::Channel => short.map(routes::channel_edit),
        Noun::AlertRule => short.map(routes::alert_rule_edit),
        Noun::Approval => short.map(routes::approval),
        Noun::Cleaning => Some(routes::runs_clean(&[])),
        Noun::Retention => Some(routes::retention()),
        Noun::Server => Some(routes::cluster()),
        Noun::ApiToken | Noun::Delivery | Noun::Database | Noun::Access => None,
    }
}
