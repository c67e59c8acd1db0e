//! `/runs/clean`: deletes a part of the history, after it has said which.

use crate::api::jobs::ExecutorChoice;
use crate::api::runs::{
    CleanUp, CleaningLine, CleaningQuery, CleaningView, EVERYWHERE, ExtentView, JobExtent, list_cleanings,
    read_cleaning,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SelectFilter, TextFilter};
use crate::components::icon::IconName;
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::statistics::cards::grouped;
use crate::routes;
use crate::visit::use_may;
use entity::cleaning::What;
use entity::grant::Role;
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Clean() -> impl IntoView {
    let map = use_query_map();
    if !use_may().edit {
        return view! { <ErrorPage error=AppError::for_role(Role::Editor)/> }.at_once();
    }
    let query = Memo::new(move |_| {
        let value = |name: &str| map.read().get(name).unwrap_or_default();
        CleaningQuery { executor: value("executor"), job: value("job"), what: value("what") }
    });
    let clean = ServerAction::<CleanUp>::new();
    let page = resource(
        move || (query.get(), clean.version().get()),
        |(query, _)| async move { read_cleaning(query).await },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(view) => view! { <Page view query=query.get_untracked() clean/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
    .at_once()
}

#[component]
fn Page(view: CleaningView, query: CleaningQuery, clean: ServerAction<CleanUp>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, runs.title), routes::runs()),
        Crumb::here(tu_string!(i18n, runs.clean)),
    ];
    let CleaningView { executors, may_everywhere, extent, done } = view;
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, runs.clean_title) crumbs/>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, runs.clean_text)}</p>
            <Choices executors may_everywhere job=query.job.clone()/>
            <Section title=tu_string!(i18n, runs.clean_would_go)>
                {match extent {
                    None => view! { <p class="muted t13 py-2">{tu_string!(i18n, runs.clean_choose)}</p> }.at_once(),
                    Some(ExtentView { runs: 0, .. }) => {
                        view! { <p class="muted t13 py-2">{tu_string!(i18n, runs.clean_nothing)}</p> }.at_once()
                    }
                    Some(extent) => view! { <Extent extent query clean/> }.at_once(),
                }}
            </Section>
            <Done done/>
        </div>
    }
}

/// What is chosen stands in the address; nothing is deleted by choosing.
#[component]
fn Choices(executors: Vec<ExecutorChoice>, may_everywhere: bool, job: String) -> impl IntoView {
    let i18n = use_i18n();
    let everywhere = may_everywhere.then(|| Choice::new(EVERYWHERE, tu_string!(i18n, runs.clean_everywhere)));
    let named = |choice: ExecutorChoice| {
        Choice::new(choice.id.to_string(), format!("{} · {}", choice.app_name, choice.namespace))
    };
    let executors = executors.into_iter().map(named).chain(everywhere).collect();
    let ways = What::EACH.map(|what| Choice::new(what.as_str(), what_words(i18n, what)));
    view! {
        <FilterBar action=routes::runs_clean(&[])>
            <SelectFilter
                name="executor"
                label=tu_string!(i18n, jobs.executor)
                any=tu_string!(i18n, runs.clean_none_chosen)
                options=executors
            />
            <TextFilter name="job" label=tu_string!(i18n, runs.job_id) value=job kind="text"/>
            <SelectFilter
                name="what"
                label=tu_string!(i18n, runs.clean_what)
                any=tu_string!(i18n, runs.clean_none_chosen)
                options=ways.to_vec()
            />
        </FilterBar>
    }
}

/// Which runs of the executor or job go.
fn what_words(i18n: I18nContext<Locale>, what: What) -> &'static str {
    match what {
        What::OverOneMonth => tu_string!(i18n, runs.clean_over_one_month),
        What::OverThreeMonths => tu_string!(i18n, runs.clean_over_three_months),
        What::OverSixMonths => tu_string!(i18n, runs.clean_over_six_months),
        What::OverOneYear => tu_string!(i18n, runs.clean_over_one_year),
        What::AllButThousand => tu_string!(i18n, runs.clean_all_but_thousand),
        What::AllButTenThousand => tu_string!(i18n, runs.clean_all_but_ten_thousand),
        What::AllButThirtyThousand => tu_string!(i18n, runs.clean_all_but_thirty_thousand),
        What::AllButHundredThousand => tu_string!(i18n, runs.clean_all_but_hundred_thousand),
        What::All => tu_string!(i18n, runs.clean_all),
        What::TooOld => tu_string!(i18n, runs.clean_too_old),
        What::SuccessTooOld => tu_string!(i18n, runs.clean_success_too_old),
        What::TooMany => tu_string!(i18n, runs.clean_too_many),
    }
}

#[component]
fn Extent(extent: ExtentView, query: CleaningQuery, clean: ServerAction<CleanUp>) -> impl IntoView {
    let i18n = use_i18n();
    let ExtentView { runs, job_count, jobs } = extent;
    let total = tu_string!(i18n, runs.clean_total, runs = count(runs), jobs = job_count);
    let left_out = job_count - jobs.len();
    let columns = vec![
        Column::new(tu_string!(i18n, runs.job)),
        Column::new(tu_string!(i18n, runs.clean_runs)).number().class("cw-4"),
    ];
    let fields = vec![("executor", query.executor), ("job", query.job), ("what", query.what)];
    let touched = total.clone();
    view! {
        <p class="t13 py-2"><b>{total}</b></p>
        <DataTable label=tu_string!(i18n, runs.clean_would_go) columns inner=true>
            {jobs.into_iter().map(|job| job_row(i18n, job)).collect_view()}
        </DataTable>
        {(left_out > 0).then(|| view! {
            <p class="muted t13 mt-2">{tu_string!(i18n, runs.clean_left_out, n = left_out)}</p>
        })}
        <div class="mt-4">
            <ConfirmForm
                action=clean
                fields=fields
                verb=tu_string!(i18n, runs.clean)
                question=tu_string!(i18n, runs.clean_question)
                icon=IconName::Trash
            >
                <p>{touched.clone()}</p>
                <p>{tu_string!(i18n, runs.clean_final)}</p>
            </ConfirmForm>
        </div>
    }
}

fn job_row(i18n: I18nContext<Locale>, job: JobExtent) -> impl IntoView {
    let name = match job.name {
        Some(name) => view! { <a class="name" href=routes::job(job.job_id)>{name}</a> }.at_once(),
        None => tu_string!(i18n, runs.deleted_job, id = job.job_id).at_once(),
    };
    view! {
        <tr>
            <td>{name} <span class="sub mono">{format!("#{}", job.job_id)}</span></td>
            <td class="p1 num tn">{count(job.runs)}</td>
        </tr>
    }
}

fn count(runs: i64) -> String {
    grouped(runs.unsigned_abs())
}

/// What was asked for lately, and how far it is.
#[component]
fn Done(done: Vec<CleaningLine>) -> impl IntoView {
    let i18n = use_i18n();
    let (lines, live) = use_polled(done, list_cleanings);
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, runs.clean_where)),
            Column::new(tu_string!(i18n, runs.clean_what)),
            Column::new(tu_string!(i18n, runs.clean_by)).class("cw-4"),
            Column::new(tu_string!(i18n, runs.clean_asked)).class("cw-5"),
            Column::new(tu_string!(i18n, runs.clean_gone)).number().class("cw-5"),
        ]
    };
    let is_empty = Memo::new(move |_| lines.read().is_empty());
    view! {
        <Section title=tu_string!(i18n, runs.clean_lately) actions=move || view! { <LiveSwitch live/> }>
            {move || match is_empty.get() {
                true => view! { <p class="muted t13 py-2">{tu_string!(i18n, runs.clean_never)}</p> }.at_once(),
                false => {
                    view! {
                        <DataTable label=tu_string!(i18n, runs.clean_lately) columns=columns() inner=true>
                            {move || lines.get().into_iter().map(|line| done_row(i18n, line)).collect_view()}
                        </DataTable>
                    }
                        .at_once()
                }
            }}
        </Section>
    }
}

fn done_row(i18n: I18nContext<Locale>, line: CleaningLine) -> impl IntoView {
    let executor = match (line.executor_id, line.app_name) {
        (None, _) => tu_string!(i18n, runs.clean_everywhere).to_owned(),
        (Some(_), Some(name)) => name,
        (Some(id), None) => format!("#{id}"),
    };
    let job = match (line.job_id, line.job_name) {
        (None, _) => tu_string!(i18n, runs.clean_all_jobs).to_owned(),
        (Some(_), Some(name)) => name,
        (Some(id), None) => tu_string!(i18n, runs.deleted_job, id = id),
    };
    let progress = match line.ended_at {
        Some(_) => tu_string!(i18n, runs.clean_ended, n = count(line.gone)),
        None => tu_string!(i18n, runs.clean_going, n = count(line.gone), of = count(line.expected)),
    };
    view! {
        <tr>
            <td>{executor} <span class="sub">{job}</span></td>
            <td class="p2">{what_words(i18n, line.what)}</td>
            <td class="p2 muted">{line.actor}</td>
            <td class="p2 muted"><Time at=line.asked_at style=TimeStyle::Short/></td>
            <td class="p1 num tn" class:muted=line.ended_at.is_some()>{progress}</td>
        </tr>
    }
}
