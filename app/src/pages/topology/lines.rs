//! The map as a table: each executor, below it its instances and jobs.

use crate::api::topology::{ExecutorSpot, InstanceSpot, JobSpot, TopologyView};
use crate::components::at_once::TakenAtOnce;
use crate::components::state::StateBadge;
use crate::components::table::{Column, DataTable};
use crate::i18n::*;
use crate::pages::jobs::words::JobStateMark;
use crate::pages::runs::words::host;
use crate::routes;
use leptos::prelude::*;

/// Everything that is on the map.
#[component]
pub fn Lines(present: ReadSignal<TopologyView>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, topology.executor)),
        Column::new(tu_string!(i18n, topology.namespace)).class("cw-5"),
        Column::new(tu_string!(i18n, topology.last_run)).class("cw-5"),
        Column::new(tu_string!(i18n, topology.runs_today)).class("cw-4").number(),
        Column::new(tu_string!(i18n, topology.starts_jobs)),
    ];
    let groups = move || {
        let present = present.read();
        present.executors.iter().map(|found| group(found.clone(), &present)).collect_view()
    };
    view! { <DataTable label=tu_string!(i18n, topology.title) columns inner=true>{groups}</DataTable> }
}

fn group(found: ExecutorSpot, present: &TopologyView) -> impl IntoView + use<> {
    let jobs = found.jobs.iter().map(|job| {
        let links = present.links.iter().filter(|(parent, _)| *parent == job.id);
        let children = links.filter_map(|(_, child)| name_of(present, *child).map(|name| (*child, name)));
        job_line(job.clone(), children.collect())
    });
    let jobs = jobs.collect_view();
    let i18n = use_i18n();
    let instances = found.instances.iter().cloned().map(|one| instance_line(found.id, one)).collect_view();
    let unnamed = (found.online + found.silent).saturating_sub(found.instances.len() as u64);
    let more_instances = (unnamed > 0).then(|| {
        more_line(routes::executor(found.id), tu_string!(i18n, topology.more_instances, n = unnamed))
    });
    let folded = found.jobs_in_all.saturating_sub(found.jobs.len() as u64);
    let all_jobs = routes::jobs_where(&[("executor", &found.id.to_string())]);
    let more = (folded > 0).then(|| more_line(all_jobs, tu_string!(i18n, topology.more_jobs, n = folded)));
    view! {
        {executor_line(found)}
        {instances}
        {more_instances}
        {jobs}
        {more}
    }
}

fn name_of(present: &TopologyView, job: i32) -> Option<String> {
    let mut jobs = present.executors.iter().flat_map(|executor| &executor.jobs);
    jobs.find(|found| found.id == job).map(|found| found.name.clone())
}

fn executor_line(found: ExecutorSpot) -> impl IntoView {
    let i18n = use_i18n();
    let not = (found.not_succeeded > 0).then(|| {
        view! { <span class="sub">{tu_string!(i18n, topology.did_not_n, n = found.not_succeeded)}</span> }
    });
    view! {
        <tr class="group">
            <td>
                <a class="name strong" href=routes::executor(found.id)>{found.app_name}</a>
                <span class="sub">{found.title}</span>
            </td>
            <td class="p2 muted">{found.namespace}</td>
            <td class="muted">{tu_string!(i18n, topology.under_way_n, n = found.under_way)} " " {not}</td>
            <td class="p1 num">{found.runs}</td>
            <td class="p2 muted">{tu_string!(i18n, topology.jobs_n, n = found.jobs_in_all)}</td>
        </tr>
    }
}

fn instance_line(executor_id: i32, found: InstanceSpot) -> impl IntoView {
    let i18n = use_i18n();
    let state = match found.is_online {
        true => view! { <span class="muted">{tu_string!(i18n, topology.online)}</span> }.at_once(),
        false => view! { <span class="warn-t">{tu_string!(i18n, topology.silent)}</span> }.at_once(),
    };
    view! {
        <tr>
            <td class="under">
                <a class="name mono" href=routes::executor(executor_id) title=found.address.clone()>
                    {host(&found.address).to_owned()}
                </a>
                <span class="sub">{tu_string!(i18n, topology.instance)}</span>
            </td>
            <td></td>
            <td class="p1">{state}</td>
            <td></td>
            <td></td>
        </tr>
    }
}

fn job_line(job: JobSpot, children: Vec<(i32, String)>) -> impl IntoView {
    let i18n = use_i18n();
    let last = match job.last {
        Some(state) => view! { <StateBadge state/> }.at_once(),
        None => view! { <span class="faint">{tu_string!(i18n, topology.never)}</span> }.at_once(),
    };
    let state = job.state;
    let children = children.into_iter().map(|(id, name)| {
        view! { <a class="act" href=routes::job(id)>{name}</a> " " }
    });
    let look = job.is_wrong.then(|| view! { <span class="sub">{tu_string!(i18n, topology.look)}</span> });
    view! {
        <tr>
            <td class="under">
                <a class="name" href=routes::job(job.id)>{job.name}</a>
                <span class="sub"><JobStateMark state=Signal::derive(move || state)/></span>
            </td>
            <td></td>
            <td class="p1">{last} {look}</td>
            <td></td>
            <td class="p2">{children.collect_view()}</td>
        </tr>
    }
}

/// Leads to where all of them are named.
fn more_line(href: String, words: String) -> impl IntoView {
    view! {
        <tr>
            <td class="under"><a class="act" href=href>{words}</a></td>
            <td></td>
            <td></td>
            <td></td>
            <td></td>
        </tr>
    }
}
