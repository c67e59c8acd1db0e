//! `/cluster/:id`: a server and the jobs that it decides for.

use super::list::{leader_mark, state_mark};
use crate::api::jobs::JobLine;
use crate::api::servers::{ServerLine, ServerView, server};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::pagination::Pagination;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, duration};
use crate::i18n::*;
use crate::pages::jobs::words::JobStateMark;
use crate::pages::statistics::cards::grouped;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

#[component]
pub fn ServerDetail() -> impl IntoView {
    let (params, map) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        // What is no number is nobody's id.
        let id: i32 = params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0);
        (id, map.read().get("after").unwrap_or_default())
    });
    let view = resource(move || asked.get(), |(id, after)| server(id, after));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Content view/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: ServerView) -> impl IntoView {
    let i18n = use_i18n();
    let ServerView { server, jobs } = view;
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, servers.title), routes::cluster()),
        Crumb::here(server.address.clone()),
    ];
    let columns = vec![
        Column::new(tu_string!(i18n, jobs.job)),
        Column::new(tu_string!(i18n, jobs.executor)).class("cw-5"),
        Column::new(tu_string!(i18n, jobs.next_fire)).class("cw-5"),
        Column::new(tu_string!(i18n, jobs.state)).class("cw-3"),
    ];
    let older = jobs.next.as_deref().map(|after| routes::server(server.id, after));
    let table = match jobs.rows.is_empty() {
        true => view! { <p class="muted t13 py-2">{tu_string!(i18n, servers.no_jobs)}</p> }.at_once(),
        false => view! {
            <DataTable label=tu_string!(i18n, servers.jobs) columns inner=true>
                {jobs.rows.into_iter().map(job_row).collect_view()}
            </DataTable>
            <Pagination newer=None older=older/>
        }
        .at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=server.address.clone() crumbs>
                {state_mark(server.state)} {leader_mark(server.is_leader)}
            </PageTitle>
            <FactLine server/>
            <Section title=tu_string!(i18n, servers.jobs)>{table}</Section>
        </div>
    }
}

#[component]
fn FactLine(server: ServerLine) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, common.version)>{server.version}</Fact>
            <Fact label=tu_string!(i18n, servers.buckets)>{server.buckets}</Fact>
            <Fact label=tu_string!(i18n, servers.jobs)>{grouped(server.jobs)}</Fact>
            <Fact label=tu_string!(i18n, servers.waiting)>{grouped(server.waiting.unsigned_abs())}</Fact>
            <Fact label=tu_string!(i18n, servers.lateness)>{duration(server.lateness_ms)}</Fact>
            <Fact label=tu_string!(i18n, servers.started)>
                <Time at=server.started_at style=TimeStyle::Relative/>
            </Fact>
            <Fact label=tu_string!(i18n, servers.heartbeat)>
                <Time at=server.beat_at style=TimeStyle::Relative/>
            </Fact>
        </Facts>
    }
}

fn job_row(line: JobLine) -> impl IntoView {
    let next = match line.next_at {
        Some(at) => view! {
            <Time at style=TimeStyle::Short/> " " <span class="faint"><Time at style=TimeStyle::Relative/></span>
        }
        .at_once(),
        None => view! { <span class="faint">"–"</span> }.at_once(),
    };
    let state = line.state;
    view! {
        <tr>
            <td>
                <a class="name" href=routes::job(line.id)>{line.name}</a>
                <span class="sub mono">{format!("#{}", line.id)}</span>
            </td>
            <td class="p2 muted">{line.app_name}</td>
            <td class="p2">{next}</td>
            <td class="p1"><JobStateMark state=Signal::stored(state)/></td>
        </tr>
    }
}
