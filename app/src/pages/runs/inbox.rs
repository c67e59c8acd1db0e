//! `/runs/inbox`: what went wrong and nobody has dealt with.

use super::dealt::DealButtons;
use super::words::reason_words;
use crate::api::jobs::{self, ExecutorChoice};
use crate::api::runs::{
    DISMISS, DealWithRuns, HIDE_MOOT, InboxGroup, InboxLine, InboxQuery, InboxView, REPLAY, inbox,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SelectFilter, TextFilter};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::pagination::Pagination;
use crate::components::resource::resource;
use crate::components::state::StateBadge;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_errors;
use crate::i18n::*;
use crate::routes;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Inbox() -> impl IntoView {
    let map = use_query_map();
    let query = Memo::new(move |_| {
        let value = |name: &str| map.read().get(name).unwrap_or_default();
        InboxQuery {
            job: value("job"),
            executor: value("executor"),
            moot: value("moot"),
            after: value("after"),
        }
    });
    let deal = ServerAction::<DealWithRuns>::new();
    show_errors(deal);
    let page = resource(
        move || (query.get(), deal.version().get()),
        |(query, _)| async move { Ok((inbox(query).await?, jobs::executor_choices().await?)) },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok((view, choices)) => {
                        view! { <Page view choices query=query.get_untracked() deal/> }.at_once()
                    }
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

/// The address of the page with these filters.
fn address(query: &InboxQuery) -> String {
    routes::runs_inbox(&[
        ("job", &query.job),
        ("executor", &query.executor),
        ("moot", &query.moot),
        ("after", &query.after),
    ])
}

#[component]
fn Page(
    view: InboxView,
    choices: Vec<ExecutorChoice>,
    query: InboxQuery,
    deal: ServerAction<DealWithRuns>,
) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, runs.title), routes::runs()),
        Crumb::here(tu_string!(i18n, runs.inbox)),
    ];
    let is_filtered = query != InboxQuery::default();
    let first =
        (!query.after.is_empty()).then(|| address(&InboxQuery { after: String::new(), ..query.clone() }));
    let older = view.next.clone().map(|after| address(&InboxQuery { after, ..query.clone() }));
    let body = match (view.groups.is_empty(), is_filtered || view.next.is_some()) {
        (false, _) => view! { <Groups groups=view.groups deal/> }.at_once(),
        (true, true) => view! { <p class="muted t13 mt-3">{tu_string!(i18n, runs.none_match)}</p> }.at_once(),
        (true, false) => view! {
            <Empty title=tu_string!(i18n, runs.inbox_empty) text=tu_string!(i18n, runs.inbox_empty_text)>
                <LinkButton href=routes::runs()>{tu_string!(i18n, runs.title)}</LinkButton>
            </Empty>
        }
        .at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, runs.inbox_title) crumbs/>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, runs.inbox_text)}</p>
            <Filters choices job=query.job.clone()/>
            {body}
            <Pagination newer=first older/>
        </div>
    }
}

#[component]
fn Filters(choices: Vec<ExecutorChoice>, job: String) -> impl IntoView {
    let i18n = use_i18n();
    let executors = choices.into_iter().map(|choice| Choice::new(choice.id.to_string(), choice.app_name));
    let any = tu_string!(i18n, jobs.any);
    view! {
        <FilterBar action=routes::runs_inbox(&[])>
            <TextFilter name="job" label=tu_string!(i18n, runs.job_id) value=job kind="text"/>
            <SelectFilter
                name="executor"
                label=tu_string!(i18n, jobs.executor)
                any=any
                options=executors.collect()
            />
            <SelectFilter
                name="moot"
                label=tu_string!(i18n, runs.inbox_moot)
                any=tu_string!(i18n, runs.inbox_moot_shown)
                options=vec![Choice::new(HIDE_MOOT, tu_string!(i18n, runs.inbox_moot_hidden))]
            />
        </FilterBar>
    }
}

/// One form: its buttons deal with what is chosen, those in the rows with one run.
#[component]
fn Groups(groups: Vec<InboxGroup>, deal: ServerAction<DealWithRuns>) -> impl IntoView {
    let i18n = use_i18n();
    let may_operate = groups.iter().any(|group| group.may_operate);
    view! {
        <ActionForm action=deal>
            {may_operate.then(|| view! {
                <div class="filters">
                    <span class="muted t13">{tu_string!(i18n, runs.inbox_chosen)}</span>
                    <Button name="what" value=REPLAY small=true>{tu_string!(i18n, runs.replay)}</Button>
                    <Button name="what" value=DISMISS small=true>{tu_string!(i18n, runs.dismiss)}</Button>
                </div>
            })}
            {groups.into_iter().map(|group| view! { <Group group/> }).collect_view()}
        </ActionForm>
    }
}

#[component]
fn Group(group: InboxGroup) -> impl IntoView {
    let i18n = use_i18n();
    let InboxGroup { job_id, job_name, app_name, may_operate, lines } = group;
    let may_replay = may_operate && job_name.is_some();
    let is_there = job_name.is_some();
    let title = job_name.unwrap_or_else(|| tu_string!(i18n, runs.deleted_job, id = job_id));
    let note = format!("{} · {}", app_name.unwrap_or_else(|| "–".to_owned()), lines.len());
    let to_job = move || {
        let words = tu_string!(i18n, runs.inbox_to_job);
        is_there.then(|| view! { <a class="act" href=routes::job(job_id)>{words}</a> })
    };
    let mut columns = vec![
        Column::new(tu_string!(i18n, runs.inbox_run)),
        Column::new(tu_string!(i18n, runs.state)).class("cw-4"),
        Column::new(tu_string!(i18n, runs.due)).class("cw-5"),
        Column::new(tu_string!(i18n, runs.remark)),
    ];
    if may_operate {
        columns.push(Column::new(tu_string!(i18n, runs.inbox_deal)).class("cw-5"));
    }
    let rows = lines.into_iter().map(move |line| view! { <Row line may_operate may_replay/> });
    view! {
        <Section title=title.clone() note actions=to_job>
            <DataTable label=title columns inner=true>
                {rows.collect_view()}
            </DataTable>
        </Section>
    }
}

#[component]
fn Row(line: InboxLine, may_operate: bool, may_replay: bool) -> impl IntoView {
    let i18n = use_i18n();
    let InboxLine { run, succeeded_at } = line;
    let id = run.id;
    let why = run.remark.or_else(|| reason_words(i18n, run.reason).map(str::to_owned)).unwrap_or_default();
    let moot = succeeded_at.map(|at| view! {
        <span class="tag">{tu_string!(i18n, runs.inbox_succeeded)} " " <Time at style=TimeStyle::Relative/></span>
    });
    view! {
        <tr>
            <td>
                {may_operate.then(|| view! {
                    <input
                        type="checkbox"
                        name="ids[]"
                        value=id
                        aria-label=tu_string!(i18n, runs.inbox_choose, id = id)
                    />
                    " "
                })}
                <a class="name mono" href=routes::run(id)>{id}</a>
            </td>
            <td class="p1"><StateBadge state=run.state/></td>
            <td class="p2">
                <Time at=run.due_at style=TimeStyle::Short/> " "
                <span class="faint"><Time at=run.due_at style=TimeStyle::Relative/></span>
            </td>
            <td class="p2 muted"><span class="cut-2">{why}</span> {moot}</td>
            {may_operate.then(|| view! {
                <td class="p2">
                    <DealButtons id may_replay/>
                </td>
            })}
        </tr>
    }
}
