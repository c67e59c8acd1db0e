//! `/runs/:id`

use super::dealt::{DealForm, Dealt};
use super::log::RunLog;
use super::shards::{Progress, Shards};
use super::why::Why;
use super::words::{host, kind_word};
use crate::api::logs::{self, LogPage, LogQuery};
use crate::api::runs::{self, DealWithRuns, FollowUp, KillRun, RunView};
use crate::components::at_once::TakenAtOnce;
use crate::components::confirm::ConfirmForm;
use crate::components::copy_button::CopyButton;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::resource;
use crate::components::state::{StateBadge, StateGlyph, state_class, state_word};
use crate::components::time::{Time, duration};
use crate::components::timeline::{Point, PointKind, Timeline};
use crate::components::toast::show_errors;
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::pages::settings::deliveries::StateWord;
use crate::routes;
use crate::visit::use_now;
use entity::delivery::DeliveryState;
use entity::run::{Model, RunKind, RunState};
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use std::time::Duration;

/// How long after a run's end its page looks for what followed, which the server decides next.
const FOLLOW_UPS: Duration = Duration::from_secs(2);

#[component]
pub fn RunDetail() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let id = move || params.read().get("id").and_then(|id| id.parse::<i64>().ok());
    let run =
        resource(
            id,
            |id| async move { runs::run(id.ok_or_else(|| AppError::new(ErrorKind::NotFound))?).await },
        );
    let asked = Memo::new(move |_| (id(), log_query(&query.read())));
    let log = resource(
        move || asked.get(),
        |(id, query)| async move {
            logs::run_log(id.ok_or_else(|| AppError::new(ErrorKind::NotFound))?, query).await
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match run.await {
                    Ok(view) => {
                        let log = log.await;
                        view! { <Page view log/> }.at_once()
                    }
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

/// Which part of the log the address asks for.
fn log_query(query: &ParamsMap) -> LogQuery {
    let text = |name: &str| query.get(name).unwrap_or_default();
    LogQuery { line: text("line"), before: text("before"), find: text("find"), from: text("from") }
}

/// The head follows the run's state, which the log reports, or the shards of a run that was split; what
/// is below stays in place.
#[component]
fn Page(view: RunView, log: Result<LogPage, AppError>) -> impl IntoView {
    let id = view.run.id;
    let state = RwSignal::new(view.run.state);
    let present = RwSignal::new(view);
    let kill = ServerAction::<KillRun>::new();
    let deal = ServerAction::<DealWithRuns>::new();
    show_errors(deal);
    let refresh = move || {
        leptos::task::spawn_local(async move {
            // The next change of state, or a reload, shows what cannot be read now.
            if let Ok(view) = runs::run(id).await
                && present.try_with_untracked(|shown| *shown != view).unwrap_or(false)
            {
                state.try_set(view.run.state);
                present.try_set(view);
            }
        });
    };
    Effect::new(move |before: Option<(RunState, usize, usize)>| {
        let now = (state.get(), kill.version().get(), deal.version().get());
        if before.is_some_and(|before| before != now) {
            refresh();
            if now.0.is_final() {
                set_timeout(refresh, FOLLOW_UPS);
            }
        }
        now
    });
    let head = Memo::new(move |_| without_shards(&present.read()));
    // A run is split long after its page may have been opened.
    let is_split = Memo::new(move |_| present.read().shards.is_some());
    view! {
        <div class="page run-page">
            {move || view! { <Head view=head.get() present kill deal/> }}
            {move || match is_split.get() {
                true => view! { <Shards present refresh/> }.at_once(),
                false => view! { <RunLog id start=log.clone() state/> }.at_once(),
            }}
        </div>
    }
}

/// The run without what its shards change in it: somebody may be answering a question in the head
/// meanwhile, which is drawn anew with every other change.
fn without_shards(view: &RunView) -> RunView {
    RunView { shards: None, run: Model { fence: 0, ..view.run.clone() }, ..view.clone() }
}

#[component]
fn Head(
    view: RunView,
    present: RwSignal<RunView>,
    kill: ServerAction<KillRun>,
    deal: ServerAction<DealWithRuns>,
) -> impl IntoView {
    let i18n = use_i18n();
    let run = view.run.clone();
    let (id, may_kill, is_split) = (run.id, view.may.operate && !run.state.is_final(), run.is_split());
    let name = match &view.job {
        Some(job) => job.name.clone(),
        None => tu_string!(i18n, runs.deleted_job, id = run.job_id),
    };
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, runs.title), routes::runs()),
        match view.job {
            Some(_) => Crumb::link(format!("#{} {name}", run.job_id), routes::job(run.job_id)),
            None => Crumb::here(name.clone()),
        },
        Crumb::here(run.id.to_string()),
    ];
    let (may_deal, may_replay) = (view.may.operate && view.is_open, view.job.is_some());
    let actions = {
        let name = name.clone();
        move || {
            view! {
                {may_deal.then(|| view! { <DealForm id may_replay deal/> })}
                {may_kill.then(|| view! { <Kill id name=name.clone() kill/> })}
            }
        }
    };
    view! {
        <PageTitle title=name crumbs actions>
            <Badge run=run.clone()/>
            <span class="mono faint run-id">{id}<CopyButton text=id.to_string()/></span>
        </PageTitle>
        <FactLine view=view.clone()/>
        <Timeline points=points(i18n, &view)/>
        <div class="split">
            {match is_split {
                true => view! { <Progress present/> }.at_once(),
                false => view! { <Outcome view=view.clone()/> }.at_once(),
            }}
            <aside>
                <Section title=tu_string!(i18n, runs.why)>
                    <Why view/>
                </Section>
            </aside>
        </div>
    }
}

#[component]
fn Kill(id: i64, name: String, kill: ServerAction<KillRun>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <ConfirmForm
            action=kill
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, runs.kill)
            question=tu_string!(i18n, runs.kill_question, name = name)
            icon=IconName::CircleX
        >
            <p>{tu_string!(i18n, runs.kill_text)}</p>
        </ConfirmForm>
    }
}

/// The state; while it runs, for how long. Only the words follow the clock: the glyph turns on.
#[component]
fn Badge(run: Model) -> impl IntoView {
    let now = use_now();
    let since = run.accepted_at.or(run.sent_at).filter(|_| !run.state.is_final());
    let Some(since) = since else {
        return view! { <StateBadge state=run.state pill=true/> }.at_once();
    };
    let word = state_word(run.state);
    view! {
        <span class=format!("st pill {}", state_class(run.state))>
            <StateGlyph state=run.state/>
            <span>{move || format!("{word}, {}", duration((now.get() - since).max(0)))}</span>
        </span>
    }
    .at_once()
}

#[component]
fn FactLine(view: RunView) -> impl IntoView {
    let i18n = use_i18n();
    let (run, cause, typed) = (view.run.clone(), view.clone(), view.parameter_typed);
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, runs.due) mono=true><Time at=run.due_at/></Fact>
            <Fact label=tu_string!(i18n, runs.by)><Cause view=cause/></Fact>
            {(!view.follow_ups.is_empty()).then(|| view! {
                <Fact label=tu_string!(i18n, runs.followed_by)>
                    <FollowUpLinks follow_ups=view.follow_ups/>
                </Fact>
            })}
            <Dealt dealt=view.dealt/>
            <Alert run=run.clone() alert=view.alert/>
            {view.app_name.map(|name| view! {
                <Fact label=tu_string!(i18n, jobs.executor)>
                    <a href=routes::executor(run.executor_id)>{name}</a>
                </Fact>
            })}
            {view.address.map(|address| view! {
                <Fact label=tu_string!(i18n, runs.instance) mono=true>{host(&address).to_owned()}</Fact>
            })}
            {view.parameter.filter(|parameter| !parameter.is_empty()).map(|parameter| view! {
                <Fact label=tu_string!(i18n, jobs.parameter) mono=true>
                    <span class="parameter">{parameter}</span>
                    {typed.then(|| view! {
                        " " <span class="tag">{tu_string!(i18n, runs.typed)}</span>
                    })}
                </Fact>
            })}
        </Facts>
    }
}

/// What became of the messages that tell of it, or that there is none where one could be.
#[component]
fn Alert(run: Model, #[prop(into)] alert: Option<DeliveryState>) -> impl IntoView {
    let i18n = use_i18n();
    let words = match alert {
        Some(state) => view! { <StateWord state/> }.at_once(),
        None => tu_string!(i18n, alerts.none).at_once(),
    };
    (alert.is_some() || run.attention.is_some()).then(|| {
        view! { <Fact label=tu_string!(i18n, alerts.of_run)>{words}</Fact> }
    })
}

/// What made it: the schedule, somebody, or another run.
#[component]
fn Cause(view: RunView) -> impl IntoView {
    let i18n = use_i18n();
    let run = view.run;
    let words = match (run.kind, view.started_by) {
        (RunKind::Retry, _) => {
            let (retry, most) = (run.attempt - 1, view.job.map_or(0, |job| job.retries));
            // The job may allow fewer by now, or be gone.
            match retry <= most {
                true => tu_string!(i18n, runs.retry_of, n = retry, most = most),
                false => tu_string!(i18n, runs.retry, n = retry),
            }
        }
        (RunKind::Child, _) => tu_string!(i18n, runs.child_of).to_owned(),
        (RunKind::Shard, _) => shard_words(i18n, &run),
        (RunKind::Manual | RunKind::Backfill, Some(name)) => {
            format!("{} · {name}", kind_word(i18n, run.kind))
        }
        (kind, _) => kind_word(i18n, kind).to_owned(),
    };
    let cause = match run.kind {
        RunKind::Retry | RunKind::Child => Some(run.slot),
        RunKind::Shard => run.parent_id,
        _ => None,
    };
    let whole = run.parent_id.filter(|whole| cause != Some(*whole));
    view! {
        {words}
        {cause.map(run_link)}
        {whole.map(|id| view! { " · " {shard_words(i18n, &run)} {run_link(id)} })}
        {view.replay_of.map(|id| view! { " · " {tu_string!(i18n, runs.replay_of)} {run_link(id)} })}
    }
}

fn run_link(id: i64) -> impl IntoView {
    view! { " " <a class="mono" href=routes::run(id)>{id}</a> }
}

/// “shard 0 of 5 of run”: by the index and the total that its handler was given.
fn shard_words(i18n: I18nContext<Locale>, run: &Model) -> String {
    tu_string!(i18n, runs.shard_of, index = run.shard_index, total = run.shard_total)
}

#[component]
fn FollowUpLinks(follow_ups: Vec<FollowUp>) -> impl IntoView {
    let i18n = use_i18n();
    let link = |(at, next): (usize, FollowUp)| {
        let between = (at > 0).then_some(" · ");
        let words = match (next.kind, next.job_name) {
            (RunKind::Child, Some(name)) => name,
            (RunKind::Child, None) => tu_string!(i18n, runs.deleted_job, id = next.job_id),
            (kind, _) => kind_word(i18n, kind).to_owned(),
        };
        view! { {between} <a href=routes::run(next.id)>{words}</a> }
    };
    follow_ups.into_iter().enumerate().map(link).collect_view()
}

/// Due, sent, accepted, finished, in the order they happened.
fn points(i18n: I18nContext<Locale>, view: &RunView) -> Vec<Point> {
    let run = &view.run;
    let note = view.address.as_deref().map(|address| host(address).to_owned());
    let is_over = run.state.is_final();
    let point = |label: &str, at: Option<i64>, note, kind| Point { label: label.to_owned(), at, note, kind };
    let kind_of = |at: Option<i64>| if at.is_some() { PointKind::Done } else { PointKind::Todo };
    let accepted = match run.accepted_at {
        Some(_) if !is_over => PointKind::Now,
        at => kind_of(at),
    };
    // What was split is accepted by nobody; its shards are.
    let (sent_words, sent) = match run.is_split() {
        true if !is_over => (tu_string!(i18n, runs.point_split), PointKind::Now),
        true => (tu_string!(i18n, runs.point_split), PointKind::Done),
        false => (tu_string!(i18n, runs.point_sent), kind_of(run.sent_at)),
    };
    let mut points = vec![
        point(tu_string!(i18n, runs.point_due), Some(run.due_at), None, PointKind::Due),
        point(sent_words, run.sent_at, note, sent),
        point(tu_string!(i18n, runs.point_accepted), run.accepted_at, None, accepted),
        point(
            tu_string!(i18n, runs.point_finished),
            run.ended_at,
            is_over.then(|| state_word(run.state).to_owned()),
            kind_of(run.ended_at),
        ),
    ];
    if is_over {
        // What never happened is no step on the way to the end.
        points.retain(|point| point.at.is_some());
    }
    if run.is_split() {
        points.retain(|point| point.at.is_some() || point.label != tu_string!(i18n, runs.point_accepted));
    }
    points.sort_by_key(|point| point.at.unwrap_or(i64::MAX));
    points
}

/// The result as the executor told it.
#[component]
fn Outcome(view: RunView) -> impl IntoView {
    let i18n = use_i18n();
    let run = view.run;
    let note = if run.code == 0 { String::new() } else { tu_string!(i18n, runs.code, code = run.code) };
    let text = view.result.filter(|text| !text.is_empty());
    let absent = match run.state.is_final() {
        true => tu_string!(i18n, runs.no_result),
        false => tu_string!(i18n, runs.no_result_yet),
    };
    view! {
        <Section title=tu_string!(i18n, runs.result) note>
            {match text {
                Some(text) => view! { <pre class="result" tabindex="0">{text}</pre> }.at_once(),
                None => view! { <p class="muted t13">{absent}</p> }.at_once(),
            }}
        </Section>
    }
}
