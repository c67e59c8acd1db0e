//! One line of the list of runs.

use super::super::words::{host, kind_word, reason_words};
use crate::api::runs::RunLine;
use crate::components::state::StateBadge;
use crate::components::time::{Time, TimeStyle, duration};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_now;
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use std::collections::HashMap;

/// `line` as it was when the page was opened; what may still change follows `present`.
#[component]
pub fn RunRow(line: RunLine, present: RwSignal<HashMap<i64, RunLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let id = line.id;
    let start = line.clone();
    let now = Memo::new(move |_| present.read().get(&id).cloned().unwrap_or_else(|| start.clone()));
    let state = Memo::new(move |_| now.read().state);
    let name = line.job_name.clone().unwrap_or_else(|| tu_string!(i18n, runs.deleted_job, id = line.job_id));
    let app_name = line.app_name.clone().unwrap_or_else(|| "–".to_owned());
    view! {
        <tr>
            <td>
                <a class="name" href=routes::run(id)>{name}</a>
                <span class="sub mono">{id}</span>
            </td>
            <td class="p1">{move || view! { <StateBadge state=state.get()/> }}</td>
            <td class="p2">
                {app_name}
                <span class="on-phone faint mono">
                    " "
                    {move || now.read().address.as_deref().map(|address| host(address).to_owned())}
                </span>
            </td>
            <td>
                {kind_word(i18n, line.kind)}
                {line.past_time
                    .map(|at| view! { <span class="sub"><Time at style=TimeStyle::Full/></span> })}
            </td>
            <td class="p2">
                <Time at=line.due_at style=TimeStyle::Short/> " "
                <span class="faint"><Time at=line.due_at style=TimeStyle::Relative/></span>
            </td>
            <td class="muted"><span class="cut-2">{move || remark(i18n, &now.read())}</span></td>
            <td class="num">{move || delay(&now.read())}</td>
            <td class="num">{move || took(&now.read())}</td>
        </tr>
    }
}

/// From the due time until the request was sent.
fn delay(line: &RunLine) -> String {
    line.sent_at.map_or_else(|| "–".to_owned(), |sent| duration(sent - line.due_at))
}

/// From sending to the end, or until now.
fn took(line: &RunLine) -> String {
    let Some(sent) = line.sent_at else { return "–".to_owned() };
    let end = match line.ended_at {
        Some(end) => end,
        None if line.state.is_final() => return "–".to_owned(),
        None => use_now().get(),
    };
    duration(end - sent)
}

/// What it reported, why it is as it is, or how many missed fires it stands for.
fn remark(i18n: I18nContext<Locale>, line: &RunLine) -> String {
    let reason = reason_words(i18n, line.reason).unwrap_or_default();
    match (line.span_count, &line.remark) {
        (2.., _) => tu_string!(i18n, runs.span_short, reason = reason, count = line.span_count),
        (_, Some(remark)) => remark.clone(),
        _ => reason.to_owned(),
    }
}
