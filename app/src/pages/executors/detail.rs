//! `/executors/:id`

use crate::api::executors::{
    DeleteExecutor, ExecutorPage, HandlersView, HistoryView, InstanceLines, JobLine, QueueView, RotateToken,
    executor, handlers, host_history, instances, new_token, queue, turned_away,
};
use crate::api::may::May;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::copy_button::CopyBlock;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::icon::IconName;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::{Resource, resource};
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::executors::enrolment::Enrolment;
use crate::pages::executors::handlers::Handlers;
use crate::pages::executors::history::{History, use_history_query};
use crate::pages::executors::instances::{Draining, Instances, More};
use crate::pages::executors::queue::Queue;
use crate::pages::executors::turned_away::TurnedAwayList;
use crate::pages::executors::{registration_word, use_executor_id};
use crate::routes;
use entity::turned_away::Model as TurnedAway;
use leptos::prelude::*;

#[component]
pub fn ExecutorDetail() -> impl IntoView {
    let id = use_executor_id();
    let actions =
        Actions { rotate: ServerAction::new(), delete: ServerAction::new(), draining: Draining::new() };
    // A rotation leads back here: the page is read again, with the new token.
    let key = move || (id.get(), actions.rotate.version().get() + actions.draining.version());
    let page = resource(key, |(id, _)| executor(id));
    let token = resource(key, |(id, _)| new_token(id));
    let waiting = resource(key, |(id, _)| queue(id));
    let refused = resource(key, |(id, _)| turned_away(id));
    let known = resource(key, |(id, _)| handlers(id));
    let asked = use_history_query();
    let history = resource(move || (id.get(), asked.get()), |(id, asked)| host_history(id, asked));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match (page.await, token.await, waiting.await, refused.await, known.await) {
                    (Ok(page), Ok(token), Ok(waiting), Ok(refused), Ok(known)) => {
                        view! { <Content actions page token waiting refused known history/> }.at_once()
                    }
                    (Err(error), ..)
                    | (_, Err(error), ..)
                    | (_, _, Err(error), ..)
                    | (.., Err(error), _)
                    | (.., Err(error)) => {
                        view! { <ErrorPage error/> }.at_once()
                    }
                }
            })}
        </Transition>
    }
}

#[derive(Clone, Copy)]
struct Actions {
    rotate: ServerAction<RotateToken>,
    delete: ServerAction<DeleteExecutor>,
    draining: Draining,
}

#[component]
fn Content(
    actions: Actions,
    page: ExecutorPage,
    token: Option<String>,
    waiting: QueueView,
    refused: Vec<TurnedAway>,
    history: Resource<Result<HistoryView, AppError>>,
    known: HandlersView,
) -> impl IntoView {
    let i18n = use_i18n();
    let (id, may) = (page.id, page.may);
    let (present, live) = use_polled(page.instances.clone(), move || instances(id));
    let present: Signal<InstanceLines> = present.into();
    let (refused, _) = use_polled(refused, move || turned_away(id));
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, executors.title), routes::executors()),
        Crumb::here(page.namespace.clone()),
    ];
    let heads = page.clone();
    let title = page.settings.title.clone();
    let count = move || present.with(|present| present.online + present.gone);
    let lines = Signal::derive(move || present.read().lines.clone());
    view! {
        <div class="page">
            <PageTitle
                title=page.settings.app_name.clone()
                crumbs
                actions=move || may.edit.then(|| view! { <HeadActions actions page=heads.clone()/> })
            >
                <span class="muted t13">{title}</span>
            </PageTitle>
            <FactLine page=page.clone() present/>
            {token.clone().map(|token| view! { <NewToken token old_until=page.old_token_until/> })}
            <Section
                title=tu_string!(i18n, executors.instances)
                actions=move || {
                    view! {
                        <span>{tu_string!(i18n, hosts.ticks)}</span>
                        <span>{count}</span>
                        <LiveSwitch live/>
                    }
                }
            >
                <Instances instances=lines draining=may.operate.then_some(actions.draining)/>
                <More present/>
            </Section>
            <TurnedAwayList present=refused.into()/>
            <History executor_id=id history/>
            <Queue executor_id=id may queue=waiting max_parallel=page.settings.max_parallel.clone()/>
            <Handlers known/>
            <div class="two">
                <Jobs executor_id=id may jobs=page.jobs.clone() count=page.job_count/>
                <Enrolment page token present=lines/>
            </div>
        </div>
    }
}

/// Edit, new token, delete.
#[component]
fn HeadActions(actions: Actions, page: ExecutorPage) -> impl IntoView {
    let i18n = use_i18n();
    let id = page.id.to_string();
    let name = page.settings.app_name;
    let jobs = page.job_count;
    let touched = move || match jobs {
        0 => tu_string!(i18n, executors.delete_touches).to_owned(),
        jobs => tu_string!(i18n, executors.delete_refused, n = jobs),
    };
    view! {
        <LinkButton href=routes::executor_edit(page.id) weight=Weight::Ghost icon=IconName::Pencil>
            {tu_string!(i18n, executors.change)}
        </LinkButton>
        <ConfirmForm
            action=actions.rotate
            fields=vec![("id", id.clone())]
            verb=tu_string!(i18n, executors.rotate)
            question=tu_string!(i18n, executors.rotate_question, name = name.clone())
            icon=IconName::Key
            weight=Weight::Secondary
        >
            {tu_string!(i18n, executors.rotate_touches)}
        </ConfirmForm>
        <ConfirmForm
            action=actions.delete
            fields=vec![("id", id)]
            verb=tu_string!(i18n, executors.delete)
            question=tu_string!(i18n, executors.delete_question, name = name)
            icon=IconName::Trash
        >
            {touched}
        </ConfirmForm>
    }
}

#[component]
fn FactLine(page: ExecutorPage, present: Signal<InstanceLines>) -> impl IntoView {
    let i18n = use_i18n();
    let online = move || present.read().online;
    let until = page.old_token_until.filter(|until| *until > crate::visit::use_visit().now);
    let old_token = until.map(|at| {
        view! {
            <Fact label=tu_string!(i18n, executors.old_token_until)>
                <Time at style=TimeStyle::Short/>
            </Fact>
        }
    });
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, executors.online)>{online}</Fact>
            <Fact label=tu_string!(i18n, executors.jobs)>{page.job_count}</Fact>
            <Fact label=tu_string!(i18n, executors.registration)>
                {registration_word(page.settings.registration)}
            </Fact>
            {old_token}
            <Fact label=tu_string!(i18n, executors.since)>
                <Time at=page.created_at/>
            </Fact>
        </Facts>
    }
}

/// A token, shown by this page once.
#[component]
fn NewToken(token: String, old_until: Option<i64>) -> impl IntoView {
    let i18n = use_i18n();
    let old = old_until.map(|at| {
        view! {
            <p class="t13">
                {tu_string!(i18n, executors.old_token)} " " <Time at/> "."
            </p>
        }
    });
    view! {
        <section class="token" aria-label=tu_string!(i18n, executors.token)>
            <h2>{tu_string!(i18n, executors.token_once)}</h2>
            <p class="t13">{tu_string!(i18n, executors.token_text)}</p>
            <CopyBlock text=token/>
            {old}
        </section>
    }
}

/// The first jobs, and the way to all of them.
#[component]
fn Jobs(executor_id: i32, may: May, jobs: Vec<JobLine>, count: u64) -> impl IntoView {
    let i18n = use_i18n();
    let all = routes::jobs_where(&[("executor", &executor_id.to_string())]);
    let new = routes::link(&routes::job_new(), &[("executor", &executor_id.to_string())]);
    let columns = vec![
        Column::new(tu_string!(i18n, executors.job)),
        Column::new(tu_string!(i18n, executors.next_fire)).class("cw-4").number(),
    ];
    let table = if jobs.is_empty() {
        view! { <p class="muted t13 py-2">{tu_string!(i18n, executors.no_jobs)}</p> }.at_once()
    } else {
        view! {
            <DataTable label=tu_string!(i18n, executors.jobs_of) columns inner=true>
                {jobs.into_iter().map(job_row).collect_view()}
            </DataTable>
        }
        .at_once()
    };
    view! {
        <Section
            title=tu_string!(i18n, executors.jobs_of)
            note=count.to_string()
            actions=move || {
                view! {
                    {may.edit.then(|| view! {
                        <a class="act" href=new.clone()>{tu_string!(i18n, executors.new_job)}</a>
                    })}
                    <a class="act" href=all.clone()>{tu_string!(i18n, executors.all_jobs)}</a>
                }
            }
        >
            {table}
        </Section>
    }
}

fn job_row(job: JobLine) -> impl IntoView {
    let i18n = use_i18n();
    let next = match job.next_at {
        Some(at) => view! { <Time at style=TimeStyle::Short/> }.at_once(),
        None => view! { <span class="faint">{tu_string!(i18n, executors.stopped)}</span> }.at_once(),
    };
    view! {
        <tr>
            <td>
                <a class="name" href=routes::job(job.id)>{job.name}</a>
                <span class="sub mono">{job.handler}</span>
            </td>
            <td class="p1 num muted">{next}</td>
        </tr>
    }
}
