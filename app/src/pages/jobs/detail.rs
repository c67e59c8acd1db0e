//! `/jobs/:id`

use super::actions::{Delete, Disable, RunNow, Switch, Switches};
use super::backfill::can_backfill;
use super::fires::FireTable;
use super::follow_ups::FollowUps;
use super::handler::UnknownHandler;
use super::opened::opened;
use super::stopped::Stopped;
use super::words::*;
use crate::api::jobs::{self, JobView, Pulse, RecentLine};
use crate::api::may::May;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::LinkButton;
use crate::components::facts::{Fact, FactList, Facts};
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::pulse::while_visible;
use crate::components::sparkline::{SparkRun, Sparkline};
use crate::components::state::StateBadge;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, duration, full};
use crate::error::FieldError;
use crate::i18n::*;
use crate::routes;
use crate::words::sentence;
use entity::job::{JobState, Model, RunMode, ScheduleKind};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use leptos_router::hooks::use_query_map;
use std::time::Duration;

/// How often state, fires and runs are read again.
const REFRESH: Duration = Duration::from_secs(3);

#[component]
pub fn JobDetail() -> impl IntoView {
    opened(|view| view! { <Page view/> })
}

#[component]
fn Page(view: JobView) -> impl IntoView {
    let i18n = use_i18n();
    let (id, may) = (view.job.id, view.may);
    let switches = Switches::new();
    let pulse = RwSignal::new(view.pulse.clone());
    keep_fresh(id, pulse, switches);
    let state = Signal::derive(move || pulse.read().state);
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::here(format!("#{id} {}", view.job.name)),
    ];
    let (name, parameter) = (view.job.name.clone(), view.job.parameter.clone());
    let ask = use_query_map().read_untracked().get("ask").unwrap_or_default();
    let actions = move || {
        let switch = may.operate.then(|| {
            view! {
                <Switch id state switches/>
                <Disable id name=name.clone() state switches open=ask == "disable"/>
            }
        });
        let edit = may.edit.then(|| {
            view! {
                <LinkButton href=routes::job_edit(id) icon=IconName::Pencil>{tu_string!(i18n, jobs.edit)}</LinkButton>
                <Delete id name=name.clone() open=ask == "delete"/>
            }
        });
        let run = may.operate.then(|| {
            view! { <RunNow id name=name.clone() parameter=parameter.clone() state/> }
        });
        view! { {switch} {edit} {run} }
    };
    view! {
        <div class="page">
            <PageTitle title=view.job.name.clone() crumbs actions>
                <JobStateMark state/>
            </PageTitle>
            <FactLine view=view.clone() pulse/>
            <Stopped pulse/>
            <Unreadable faults=view.unreadable.clone()/>
            {(!view.job.description.is_empty())
                .then(|| view! { <p class="t13 mt-2 description">{view.job.description.clone()}</p> })}
            <div class="split job-split">
                <div>
                    <Recent id pulse/>
                    <Definition
                        job=view.job.clone()
                        app_name=view.app_name.clone()
                        calendar=view.calendar.clone()
                        delay_ms=view.delay_ms
                    />
                    <FollowUps view=view.clone()/>
                </div>
                <aside>
                    <NextFires pulse may job=view.job.clone() delay_ms=view.delay_ms/>
                </aside>
            </div>
            <Source job=view.job/>
        </div>
    }
}

/// That a job can no longer be planned, and why.
#[component]
fn Unreadable(faults: Vec<FieldError>) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    (!faults.is_empty()).then(|| {
        let why: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {}", fault.field, sentence(locale, &fault.message)))
            .collect();
        view! {
            <div class="conflict mt-3" role="alert">
                <Icon name=IconName::AlertTriangle/>
                <p>{tu_string!(i18n, jobs.unreadable, why = why.join(" "))}</p>
            </div>
        }
    })
}

/// Reads the pulse again while somebody looks, and at once after a switch.
fn keep_fresh(id: i32, pulse: RwSignal<Pulse>, switches: Switches) {
    let refresh = move || {
        spawn_local(async move {
            // What cannot be read now is read again in a moment.
            if let Ok(fresh) = jobs::job_pulse(id).await
                && pulse.try_with_untracked(|present| *present != fresh).unwrap_or(false)
            {
                pulse.try_set(fresh);
            }
        });
    };
    while_visible(REFRESH, refresh);
    Effect::new(move |before: Option<usize>| {
        let done = switches.done();
        if before.is_some_and(|before| before != done) {
            refresh();
        }
        done
    });
}

#[component]
fn FactLine(view: JobView, pulse: RwSignal<Pulse>) -> impl IntoView {
    let i18n = use_i18n();
    let (schedule, is_cron) = schedule_text(i18n, view.job.schedule_kind, &view.job.schedule);
    let next_at = Memo::new(move |_| pulse.read().next_at);
    let server = Memo::new(move |_| pulse.read().server.clone());
    let next = move || {
        match next_at.get() {
        Some(at) => view! {
            <Time at style=TimeStyle::Short/> " " <span class="faint"><Time at style=TimeStyle::Relative/></span>
        }
        .at_once(),
        None => view! { <span class="faint">"–"</span> }.at_once(),
    }
    };
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, jobs.schedule) mono=is_cron>{schedule}</Fact>
            {is_by_the_clock(view.job.schedule_kind)
                .then(|| view! { <Fact label=tu_string!(i18n, jobs.zone)>{view.job.zone.clone()}</Fact> })}
            <Fact label=tu_string!(i18n, jobs.next_fire)>{next}</Fact>
            <Fact label=tu_string!(i18n, jobs.executor)>
                <a href=routes::executor(view.job.executor_id)>{view.app_name}</a>
            </Fact>
            <Fact label=tu_string!(i18n, jobs.namespace)>{view.namespace}</Fact>
            {(!view.job.owner.is_empty())
                .then(|| view! { <Fact label=tu_string!(i18n, jobs.owner)>{view.job.owner.clone()}</Fact> })}
            <Fact label=tu_string!(i18n, jobs.server)>
                {move || server.get().unwrap_or_else(|| "–".to_owned())}
            </Fact>
            <Fact label=tu_string!(i18n, jobs.changed)>
                <Time at=view.job.updated_at style=TimeStyle::Relative/>
                {view.updated_by.map(|name| format!(" · {name}"))}
            </Fact>
        </Facts>
    }
}

#[component]
fn Recent(id: i32, pulse: RwSignal<Pulse>) -> impl IntoView {
    let i18n = use_i18n();
    let recent = Memo::new(move |_| pulse.read().recent.clone());
    let all = move || {
        view! { <a class="act" href=routes::runs_of_job(id)>{tu_string!(i18n, jobs.all_runs)}</a> }
    };
    let columns = move || {
        vec![
            Column::new(tu_string!(i18n, runs.due)),
            Column::new(tu_string!(i18n, runs.state)).class("cw-4"),
            Column::new(tu_string!(i18n, runs.duration)).number().class("cw-3"),
        ]
    };
    let spark = move |runs: &[RecentLine]| -> Vec<SparkRun> {
        let run = |run: &RecentLine| SparkRun { state: run.state, took_ms: run.duration_ms.unwrap_or(0) };
        runs.iter().rev().map(run).collect()
    };
    view! {
        <Section title=tu_string!(i18n, jobs.recent) actions=all>
            {move || {
                let runs = recent.get();
                if runs.is_empty() {
                    return view! { <p class="muted t13">{tu_string!(i18n, states.no_runs)}</p> }.at_once();
                }
                view! {
                    <Sparkline runs=spark(&runs)/>
                    <DataTable label=tu_string!(i18n, jobs.recent) columns=columns() inner=true>
                        {runs.into_iter().take(10).map(recent_row).collect_view()}
                    </DataTable>
                }
                .at_once()
            }}
        </Section>
    }
}

fn recent_row(run: RecentLine) -> impl IntoView {
    view! {
        <tr>
            <td>
                <a class="name" href=routes::run(run.id)><Time at=run.due_at style=TimeStyle::Short/></a>
                <span class="sub"><Time at=run.due_at style=TimeStyle::Relative/></span>
            </td>
            <td class="p1"><StateBadge state=run.state/></td>
            <td class="num p2">{run.duration_ms.map_or_else(|| "–".to_owned(), duration)}</td>
        </tr>
    }
}

#[component]
fn NextFires(pulse: RwSignal<Pulse>, may: May, job: Model, delay_ms: i64) -> impl IntoView {
    let i18n = use_i18n();
    let shown = Memo::new(move |_| pulse.with(|pulse| (pulse.state, pulse.fires.clone())));
    let is_manual = job.schedule_kind == ScheduleKind::Manual;
    let is_delayed = job.schedule_kind == ScheduleKind::FixedDelay;
    let (id, kind) = (job.id, job.schedule_kind);
    let can_backfill = Memo::new(move |_| may.operate && can_backfill(kind, pulse.read().state));
    let past_link = move || {
        view! { <a class="act" href=routes::job_backfill(id)>{tu_string!(i18n, jobs.backfill)}</a> }
    };
    let past = move || move || can_backfill.get().then(past_link);
    let spread = move || {
        let delay = (delay_ms > 0).then(|| duration(delay_ms))?;
        Some(view! { <p class="t12 muted mt-3">{tu_string!(i18n, jobs.fires_spread, delay = delay)}</p> })
    };
    view! {
        <Section title=tu_string!(i18n, jobs.next_fires) actions=past>
            {move || {
                let (state, fires) = shown.get();
                let why = match state {
                    JobState::On if is_delayed => tu_string!(i18n, jobs.no_fires_delayed),
                    _ if is_manual => tu_string!(i18n, jobs.no_fires),
                    JobState::Stopped => tu_string!(i18n, jobs.no_fires_stopped),
                    JobState::Disabled => tu_string!(i18n, jobs.no_fires_disabled),
                    JobState::On => tu_string!(i18n, jobs.no_fires_ended),
                };
                match fires.is_empty() {
                    true => view! { <p class="muted t13">{why}</p> }.at_once(),
                    false => view! { <FireTable fires zone=job.zone.clone()/> {spread()} }.at_once(),
                }
            }}
        </Section>
    }
}

#[component]
fn Definition(job: Model, app_name: String, calendar: Option<String>, delay_ms: i64) -> impl IntoView {
    let i18n = use_i18n();
    let copy = routes::link(&routes::job_new(), &[("copy", &job.id.to_string())]);
    let history = routes::job_history(job.id);
    let actions = move || {
        view! {
            <a class="act" href=history.clone()>{tu_string!(i18n, jobs.history)}</a>
            <a class="act" href=copy.clone()>{tu_string!(i18n, jobs.copy)}</a>
        }
    };
    let is_cron = job.schedule_kind == ScheduleKind::Cron;
    let minutes = (job.catch_up_ms / 60_000).to_string();
    let validity = validity_fact(i18n, &job);
    let holds = hold_facts(i18n, &job, calendar);
    view! {
        <Section title=tu_string!(i18n, jobs.definition) note=tu_string!(i18n, jobs.version_of, n = job.version) actions>
            <FactList>
                <Fact label=tu_string!(i18n, jobs.mode)>{run_mode_word(i18n, job.run_mode)}</Fact>
                {(job.run_mode == RunMode::Handler)
                    .then(|| view! {
                        <Fact label=tu_string!(i18n, jobs.handler) mono=true>
                            {job.handler.clone()}
                            <UnknownHandler executor_id=job.executor_id name=job.handler.clone()/>
                        </Fact>
                    })}
                <Fact label=tu_string!(i18n, jobs.parameter) mono=true>
                    {match job.parameter.is_empty() {
                        true => view! { <span class="faint">{tu_string!(i18n, common.none)}</span> }.at_once(),
                        false => view! { <span class="text">{job.parameter.clone()}</span> }.at_once(),
                    }}
                </Fact>
                <Fact label=tu_string!(i18n, jobs.executor)>{app_name}</Fact>
                <Fact label=tu_string!(i18n, jobs.routing)>{routing_word(i18n, job.routing)}</Fact>
                {(!job.only_on.is_empty()).then(|| view! {
                    <Fact label=tu_string!(i18n, jobs.only_on) mono=true>
                        <span class="text">{job.only_on.clone()}</span>
                    </Fact>
                })}
                <Fact label=tu_string!(i18n, jobs.blocking)>{blocking_word(i18n, job.blocking)}</Fact>
                <Fact label=tu_string!(i18n, jobs.overlap)>
                    {overlap_summary(i18n, job.overlap, &job.slots.to_string())}
                </Fact>
                <Fact label=tu_string!(i18n, jobs.group_limits)>
                    {timeout_summary(i18n, &job.timeout_s.to_string())}
                </Fact>
                {(job.schedule_kind != ScheduleKind::Manual).then(|| view! {
                    <Fact label=tu_string!(i18n, jobs.misfire)>
                        {misfire_summary(i18n, job.misfire_policy, minutes)}
                    </Fact>
                })}
                {validity}
                {spread_fact(i18n, job.spread_s, delay_ms)}
                {holds}
                {is_cron.then(|| view! {
                    <Fact label=tu_string!(i18n, jobs.gap)>{gap_word(i18n, job.gap_policy)}</Fact>
                    <Fact label=tu_string!(i18n, jobs.repeat)>{repeat_word(i18n, job.repeat_policy)}</Fact>
                })}
            </FactList>
        </Section>
    }
}

fn validity_fact(i18n: I18nContext<Locale>, job: &Model) -> Option<impl IntoView + use<>> {
    let local = |at: Option<i64>| at.map(|at| full(at, &job.zone)).unwrap_or_default();
    let (from, until) = (local(job.valid_from), local(job.valid_until));
    let bounded = !from.is_empty() || !until.is_empty();
    bounded.then(|| {
        view! { <Fact label=tu_string!(i18n, jobs.valid)>{validity_summary(i18n, &from, &until)}</Fact> }
    })
}

fn hold_facts(i18n: I18nContext<Locale>, job: &Model, calendar: Option<String>) -> impl IntoView + use<> {
    let meaning = calendar_use_word(i18n, job.calendar_use);
    let policy = blackout_word(i18n, job.blackout_policy);
    let windows = job.blackouts.clone();
    let calendar = job.calendar_id.zip(calendar).map(|(id, name)| {
        view! {
            <Fact label=tu_string!(i18n, jobs.calendar)>
                {meaning} " " <a href=routes::calendar_edit(id)>{name}</a>
            </Fact>
        }
    });
    let blackouts = (!windows.is_empty()).then(|| {
        view! {
            <Fact label=tu_string!(i18n, jobs.blackouts)>
                <span class="text mono">{windows}</span> " · " {policy}
            </Fact>
        }
    });
    view! { {calendar} {blackouts} }
}

fn spread_fact(i18n: I18nContext<Locale>, spread_s: i32, delay_ms: i64) -> Option<impl IntoView + use<>> {
    (spread_s > 0).then(|| {
        let (length, delay) = (length_words(i18n, spread_s.into()), duration(delay_ms));
        let text = tu_string!(i18n, jobs.spread_fact, length = length, delay = delay);
        view! { <Fact label=tu_string!(i18n, jobs.spread_short)>{text}</Fact> }
    })
}

/// The script of a job that carries one.
#[component]
fn Source(job: Model) -> impl IntoView {
    let i18n = use_i18n();
    let edit = move || {
        view! { <a class="act" href=routes::job_code(job.id)>{tu_string!(i18n, code.edit_code)}</a> }
    };
    job.run_mode.has_source().then(|| {
        view! {
            <Section title=tu_string!(i18n, jobs.source) actions=edit>
                <crate::components::copy_button::CopyBlock text=job.source/>
            </Section>
        }
    })
}
