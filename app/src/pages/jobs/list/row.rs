//! One line of the list of jobs.

use super::super::actions::{RowMenu, Switches};
use super::super::words::{JobStateMark, city, is_by_the_clock, run_mode_word, schedule_text};
use crate::api::jobs::JobLine;
use crate::components::at_once::TakenAtOnce;
use crate::components::sparkline::Sparkline;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use entity::job::RunMode;
use leptos::prelude::*;
use std::collections::HashMap;

/// `line` as it was when the page was opened; next fire, runs and state follow `present`.
#[component]
pub fn JobRow(line: JobLine, present: RwSignal<HashMap<i32, JobLine>>, switches: Switches) -> impl IntoView {
    let i18n = use_i18n();
    let id = line.id;
    let start = (line.next_at, line.state);
    let now = Memo::new(move |_| present.read().get(&id).map_or(start, |line| (line.next_at, line.state)));
    let recent = {
        let start = line.recent.clone();
        Memo::new(move |_| present.read().get(&id).map_or_else(|| start.clone(), |line| line.recent.clone()))
    };
    let code = match line.run_mode {
        RunMode::Handler => line.handler.clone(),
        mode => run_mode_word(i18n, mode).to_owned(),
    };
    let (schedule, is_cron) = schedule_text(i18n, line.schedule_kind, &line.schedule);
    let zone = (is_by_the_clock(line.schedule_kind) && line.zone != use_visit().zone)
        .then(|| view! { <span class="tag" title=line.zone.clone()>{city(&line.zone)}</span> });
    let next = move || {
        match now.get().0 {
        Some(at) => view! {
            <Time at style=TimeStyle::Short/> " " <span class="faint"><Time at style=TimeStyle::Relative/></span>
        }
        .at_once(),
        None => view! { <span class="faint">"–"</span> }.at_once(),
    }
    };
    let relative = move || match now.get().0 {
        Some(at) => view! { <Time at style=TimeStyle::Relative/> }.at_once(),
        None => view! { <JobStateMark state=Signal::derive(move || now.get().1)/> }.at_once(),
    };
    let failures = move || {
        let count = present.read().get(&id).map_or(line.failures, |line| line.failures);
        (count > 0).then(|| {
            view! {
                <span class="sub">{tu_string!(i18n, jobs.stopped_after_short, n = count)}</span>
            }
        })
    };
    view! {
        <tr>
            <td>
                <a class="name" href=routes::job(id)>{line.name.clone()}</a>
                <span class="sub mono">{code}</span>
            </td>
            <td><a href=routes::executor(line.executor_id)>{line.app_name.clone()}</a></td>
            <td class="p2">
                <span class="on-phone">{line.app_name} " · "</span>
                <span class:mono=is_cron>{schedule}</span> " " {zone}
            </td>
            <td>{next}</td>
            <td class="p2">{move || view! { <Sparkline runs=recent.get()/> }}</td>
            <td>{line.owner}</td>
            <td><JobStateMark state=Signal::derive(move || now.get().1)/> {failures}</td>
            <td class="phone-only p1">{relative}</td>
            <td><RowMenu id name=line.name may=line.may state=Signal::derive(move || now.get().1) switches/></td>
        </tr>
    }
}
