//! The details of what was clicked on the map.

use super::Address;
use crate::api::jobs::{JobView, Pulse};
use crate::api::topology::{ExecutorSpot, InstanceSpot, TopologyView};
use crate::components::at_once::TakenAtOnce;
use crate::components::facts::{Fact, FactList};
use crate::components::icon::{Icon, IconName};
use crate::components::resource::Resource;
use crate::components::sparkline::{SparkRun, Sparkline};
use crate::components::state::StateBadge;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::jobs::words::schedule_text;
use crate::routes;
use leptos::prelude::*;

/// What is open, with what the map knows of it. While that stays, so does what is shown, and the focus in it.
#[derive(Clone, PartialEq)]
enum Opened {
    Job,
    Executor(ExecutorSpot),
    Instance(ExecutorSpot, InstanceSpot),
    Namespace(i32, Vec<ExecutorSpot>),
}

impl Opened {
    /// By the id of a node; none where the map has no such node.
    fn of(open: &str, present: &TopologyView) -> Option<Self> {
        let (kind, id) = open.split_once('-')?;
        let id: i32 = id.parse().ok()?;
        match kind {
            "job" => Some(Self::Job),
            "executor" | "jobs" | "instances" => {
                present.executors.iter().find(|found| found.id == id).cloned().map(Self::Executor)
            }
            "instance" => instance(present, id).map(|(owner, found)| Self::Instance(owner, found)),
            "namespace" => {
                let own = present.executors.iter().filter(|found| found.namespace_id == id).cloned();
                let own: Vec<_> = own.collect();
                (!own.is_empty()).then_some(Self::Namespace(id, own))
            }
            _ => None,
        }
    }
}

/// Beside the map, while something on it is open.
#[component]
pub fn Panel(
    present: ReadSignal<TopologyView>,
    address: Address,
    opened: Resource<Option<JobView>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let what = Memo::new(move |_| Opened::of(&address.open.read(), &present.read()));
    let body = move |what: Opened| match what {
        Opened::Job => view! { <OpenJob opened/> }.at_once(),
        Opened::Executor(found) => view! { <OpenExecutor found/> }.at_once(),
        Opened::Instance(owner, found) => view! { <OpenInstance owner found/> }.at_once(),
        Opened::Namespace(id, executors) => view! { <OpenNamespace id executors/> }.at_once(),
    };
    move || {
        what.get().map(|what| {
            view! {
                <aside class="panel" aria-label=tu_string!(i18n, topology.details)>
                    <a
                        class="close"
                        href=move || address.with(address.view(), "")
                        aria-label=tu_string!(i18n, common.close)
                    >
                        <Icon name=IconName::Close/>
                    </a>
                    {body(what)}
                </aside>
            }
        })
    }
}

fn instance(present: &TopologyView, id: i32) -> Option<(ExecutorSpot, InstanceSpot)> {
    present.executors.iter().find_map(|executor| {
        let found = executor.instances.iter().find(|instance| instance.id == id)?;
        Some((executor.clone(), found.clone()))
    })
}

/// What stands above: the kind, the name, and where it leads.
fn head(kind: &'static str, name: String, href: String, verb: &'static str) -> impl IntoView {
    view! {
        <p class="muted t12">{kind}</p>
        <h2>{name}</h2>
        <p><a class="act" href=href>{verb}</a></p>
    }
}

#[component]
fn OpenJob(opened: Resource<Option<JobView>>) -> impl IntoView {
    view! {
        <Transition>
            {move || Suspend::new(async move {
                opened.await.map(|view| view! { <JobFacts view/> })
            })}
        </Transition>
    }
}

#[component]
fn JobFacts(view: JobView) -> impl IntoView {
    let i18n = use_i18n();
    let JobView { job, app_name, pulse, parents, children, .. } = view;
    let Pulse { next_at, recent, .. } = pulse;
    let (schedule, is_cron) = schedule_text(i18n, job.schedule_kind, &job.schedule);
    let last = recent.first().map(|run| {
        view! { <p><a href=routes::run(run.id)><StateBadge state=run.state pill=true/></a></p> }
    });
    let spark = |run: &crate::api::jobs::RecentLine| SparkRun {
        state: run.state,
        took_ms: run.duration_ms.unwrap_or_default(),
    };
    let runs: Vec<SparkRun> = recent.iter().rev().map(spark).collect();
    let drawn = match runs.is_empty() {
        true => view! { <span class="faint t13">{tu_string!(i18n, topology.never)}</span> }.at_once(),
        false => view! { <Sparkline runs/> }.at_once(),
    };
    let next = next_at.map(|at| {
        view! {
            <Fact label=tu_string!(i18n, topology.next_fire)>
                <Time at style=TimeStyle::Short/> " " <span class="faint"><Time at style=TimeStyle::Relative/></span>
            </Fact>
        }
    });
    let jobs = |label: &'static str, jobs: Vec<crate::api::jobs::JobName>| {
        (!jobs.is_empty()).then(|| {
            let links = jobs
                .into_iter()
                .map(|job| view! { <a class="act" href=routes::job(job.id)>{job.name}</a> " " });
            view! { <Fact label>{links.collect_view()}</Fact> }
        })
    };
    view! {
        {head(tu_string!(i18n, topology.job), job.name, routes::job(job.id), tu_string!(i18n, topology.open_job))}
        {last}
        <h3 class="t13 strong">{tu_string!(i18n, topology.last_runs)}</h3>
        <p>{drawn}</p>
        <FactList>
            <Fact label=tu_string!(i18n, topology.schedule) mono=is_cron>{schedule}</Fact>
            {next}
            <Fact label=tu_string!(i18n, topology.executor)>
                <a href=routes::executor(job.executor_id)>{app_name}</a>
            </Fact>
            <Fact label=tu_string!(i18n, topology.owner)>{job.owner}</Fact>
            {jobs(tu_string!(i18n, topology.started_by), parents)}
            {jobs(tu_string!(i18n, topology.starts_jobs), children)}
        </FactList>
    }
}

#[component]
fn OpenExecutor(found: ExecutorSpot) -> impl IntoView {
    let i18n = use_i18n();
    let (online, all) = (found.online, found.online + found.silent);
    let jobs = routes::jobs_where(&[("executor", &found.id.to_string())]);
    let open = tu_string!(i18n, topology.open_executor);
    view! {
        {head(tu_string!(i18n, topology.executor), found.app_name, routes::executor(found.id), open)}
        <FactList>
            <Fact label=tu_string!(i18n, topology.namespace)>{found.namespace}</Fact>
            <Fact label=tu_string!(i18n, topology.instances)>{format!("{online} / {all}")}</Fact>
            <Fact label=tu_string!(i18n, topology.jobs)><a class="act" href=jobs>{found.jobs_in_all}</a></Fact>
            <Fact label=tu_string!(i18n, topology.under_way)>{found.under_way}</Fact>
            <Fact label=tu_string!(i18n, topology.runs_today)>{found.runs}</Fact>
            <Fact label=tu_string!(i18n, topology.did_not)>{found.not_succeeded}</Fact>
            <Fact label=tu_string!(i18n, topology.wrong_jobs)>{found.wrong}</Fact>
        </FactList>
    }
}

#[component]
fn OpenInstance(owner: ExecutorSpot, found: InstanceSpot) -> impl IntoView {
    let i18n = use_i18n();
    let state = match found.is_online {
        true => tu_string!(i18n, topology.online),
        false => tu_string!(i18n, topology.silent),
    };
    let open = tu_string!(i18n, topology.open_executor);
    view! {
        {head(tu_string!(i18n, topology.instance), found.address, routes::executor(owner.id), open)}
        <FactList>
            <Fact label=tu_string!(i18n, topology.executor)>{owner.app_name}</Fact>
            <Fact label=tu_string!(i18n, topology.state)>{state}</Fact>
            <Fact label=tu_string!(i18n, topology.heartbeat)><Time at=found.seen_at style=TimeStyle::Relative/></Fact>
        </FactList>
    }
}

#[component]
fn OpenNamespace(id: i32, executors: Vec<ExecutorSpot>) -> impl IntoView {
    let i18n = use_i18n();
    let title = executors.first().map(|found| found.namespace.clone()).unwrap_or_default();
    let href = routes::topology_where(&[("namespace", &id.to_string())]);
    let sum = |of: fn(&ExecutorSpot) -> u64| executors.iter().map(of).sum::<u64>();
    let (jobs, runs, not) = (sum(|one| one.jobs_in_all), sum(|one| one.runs), sum(|one| one.not_succeeded));
    view! {
        {head(tu_string!(i18n, topology.namespace), title, href, tu_string!(i18n, topology.only_this))}
        <FactList>
            <Fact label=tu_string!(i18n, topology.executors)>{executors.len()}</Fact>
            <Fact label=tu_string!(i18n, topology.jobs)>{jobs}</Fact>
            <Fact label=tu_string!(i18n, topology.runs_today)>{runs}</Fact>
            <Fact label=tu_string!(i18n, topology.did_not)>{not}</Fact>
        </FactList>
    }
}
