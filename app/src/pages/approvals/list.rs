//! `/approvals`: what waits, and what became of the others.

use super::words::{ApprovalStateBadge, wish_word};
use crate::api::approvals::{ApprovalLine, ApprovalLines, ApprovalQuery, list_approvals};
use crate::components::at_once::TakenAtOnce;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::page_title::PageTitle;
use crate::components::pagination::Pagination;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::audit::noun_word;
use crate::routes;
use entity::approval::ApprovalState;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn ApprovalList() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| {
        let value = |name: &str| params.read().get(name).unwrap_or_default();
        ApprovalQuery { show: value("show"), after: value("after") }
    });
    let lines = resource(move || query.get(), list_approvals);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match lines.await {
                    Ok(lines) => view! { <Content lines query=query.get_untracked()/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(lines: ApprovalLines, query: ApprovalQuery) -> impl IntoView {
    let i18n = use_i18n();
    let shows = [
        ("", tu_string!(i18n, approvals.waiting)),
        ("ended", tu_string!(i18n, approvals.ended)),
        ("all", tu_string!(i18n, approvals.all)),
    ];
    let show = query.show.clone();
    let tab = move |(value, word): (&'static str, &'static str)| {
        let current = (value == show).then_some("page");
        view! { <a href=routes::approvals_where(&[("show", value)]) aria-current=current>{word}</a> }
    };
    let body = match (lines.lines.is_empty(), query.show.as_str()) {
        (true, "") => view! {
            <Empty title=tu_string!(i18n, approvals.none) text=tu_string!(i18n, approvals.none_text)/>
        }
        .at_once(),
        (true, _) => {
            view! { <p class="muted t13 mt-3">{tu_string!(i18n, approvals.none_ended)}</p> }.at_once()
        }
        (false, _) => view! { <Lines lines query=query.clone()/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, approvals.title)/>
            <nav class="seg sm mt-3 mb-2" aria-label=tu_string!(i18n, approvals.title)>{shows.map(tab).collect_view()}</nav>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: ApprovalLines, query: ApprovalQuery) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, approvals.change)),
        Column::new(tu_string!(i18n, approvals.state)).class("cw-6"),
        Column::new(tu_string!(i18n, approvals.submitter)).class("cw-5"),
        Column::new(tu_string!(i18n, approvals.at)).class("cw-4").number(),
    ];
    let address = |after: &str| routes::approvals_where(&[("show", &query.show), ("after", after)]);
    let newer = (!query.after.is_empty()).then(|| address(""));
    let older = lines.next.map(|next| address(&next));
    view! {
        <DataTable label=tu_string!(i18n, approvals.title) columns>
            {lines.lines.into_iter().map(row).collect_view()}
        </DataTable>
        <Pagination newer older/>
    }
}

fn row(line: ApprovalLine) -> impl IntoView {
    let what = format!("{} · {}", noun_word(line.noun), line.namespace);
    let decider = (line.state != ApprovalState::Waiting && !line.decider.is_empty())
        .then(|| view! { <span class="sub">{line.decider}</span> });
    view! {
        <tr>
            <td>
                <a class="name" href=routes::approval(line.id)>
                    {wish_word(line.verb)} " " {line.object}
                </a>
                <span class="sub">{what}</span>
            </td>
            <td class="p1">
                <ApprovalStateBadge state=line.state/>
                {decider}
            </td>
            <td class="p2">{line.submitter}</td>
            <td class="p2 num muted"><Time at=line.submitted_at style=TimeStyle::Relative/></td>
        </tr>
    }
}
