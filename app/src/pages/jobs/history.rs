//! `/jobs/:id/history`: what people did with a job, and the way back.

use crate::api::jobs::{HistoryLine, HistoryView, RevertJob, job_history};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::Weight;
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::pages::audit::{Differences, verb_word};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn JobHistory() -> impl IntoView {
    let params = use_params_map();
    let revert = ServerAction::<RevertJob>::new();
    let history = resource(
        move || (params.read().get("id").unwrap_or_default(), revert.version().get()),
        |(id, _)| async move {
            let id = id.parse().map_err(|_| AppError::new(ErrorKind::NotFound))?;
            job_history(id).await
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match history.await {
                    Ok(view) => view! { <Content view revert/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: HistoryView, revert: ServerAction<RevertJob>) -> impl IntoView {
    let i18n = use_i18n();
    let HistoryView { id, name, version, lines } = view;
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::link(format!("#{id} {name}"), routes::job(id)),
        Crumb::here(tu_string!(i18n, jobs.history)),
    ];
    let columns = vec![
        Column::new(tu_string!(i18n, audit.what)),
        Column::new(tu_string!(i18n, audit.actor)).class("cw-5"),
        Column::new(tu_string!(i18n, audit.at)).number().class("cw-5"),
        Column::new(tu_string!(i18n, jobs.revert)).class("cw-4").number(),
    ];
    let body = match lines.is_empty() {
        true => view! { <p class="muted t13 mt-3">{tu_string!(i18n, jobs.no_history)}</p> }.at_once(),
        false => view! {
            <DataTable label=tu_string!(i18n, jobs.history) columns>
                {lines.into_iter().map(|line| row(line, id, version, revert)).collect_view()}
            </DataTable>
        }
        .at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, jobs.history) crumbs/>
            {body}
        </div>
    }
}

fn row(line: HistoryLine, id: i32, version: i32, revert: ServerAction<RevertJob>) -> impl IntoView {
    let i18n = use_i18n();
    let HistoryLine { change, can_revert } = line;
    let seq = change.seq;
    let back = can_revert.then(|| {
        let fields = vec![("id", id.to_string()), ("version", version.to_string()), ("seq", seq.to_string())];
        view! {
            <ConfirmForm
                action=revert
                fields
                verb=tu_string!(i18n, jobs.revert)
                question=tu_string!(i18n, jobs.revert_question, n = seq)
                weight=Weight::Secondary
            >
                <p>{tu_string!(i18n, jobs.revert_text)}</p>
            </ConfirmForm>
        }
    });
    view! {
        <tr>
            <td class="wrap">
                <span class="name">{verb_word(change.verb)}</span>
                <span class="sub">"#" {seq}</span>
                <Differences differences=change.differences/>
            </td>
            <td class="p2">{change.actor}</td>
            <td class="p2 num muted"><Time at=change.at style=TimeStyle::Full/></td>
            <td class="p1 num">{back}</td>
        </tr>
    }
}
