//! Why a run went where it went, when it did, and why it ended as it did.

use super::words::{host, reason_words, try_words};
use crate::api::runs::{RunFacts, RunView};
use crate::components::icon::{Icon, IconName};
use crate::components::time::{duration, full};
use crate::i18n::*;
use crate::pages::jobs::words::{routing_word, schedule_text};
use crate::visit::use_visit;
use entity::run::{Model as Run, Reason, RunKind};
use leptos::prelude::*;
use leptos_i18n::I18nContext;

/// The answers, one under another.
#[component]
pub fn Why(view: RunView) -> impl IntoView {
    let i18n = use_i18n();
    let answers =
        [when(i18n, &view), missed(i18n, &view), routed(i18n, &view), ended(i18n, &view), late(i18n, &view)];
    let answers = answers.into_iter().flatten().map(|answer| {
        view! {
            <li>
                <Icon name=answer.icon/>
                <div>
                    <b>{answer.title}</b>
                    <small>{answer.text}</small>
                </div>
            </li>
        }
    });
    view! { <ul class="why">{answers.collect_view()}</ul> }
}

struct Answer {
    icon: IconName,
    title: String,
    text: String,
}

fn answer(icon: IconName, title: impl Into<String>, text: impl Into<String>) -> Option<Answer> {
    Some(Answer { icon, title: title.into(), text: text.into() })
}

/// What asked for it, and how punctual it was.
fn when(i18n: I18nContext<Locale>, view: &RunView) -> Option<Answer> {
    let run = &view.run;
    let sent = run.sent_at.map(|sent| duration(sent - run.due_at)).map(|delay| match run.is_split() {
        true => tu_string!(i18n, runs.why_split_at, delay = delay),
        false => tu_string!(i18n, runs.why_sent, delay = delay),
    });
    let sent = sent.unwrap_or_default();
    match (run.kind, &view.job) {
        (RunKind::Schedule, Some(job)) if run.job_version == job.version => {
            let time = full(run.nominal_at, &job.zone);
            let (schedule, is_cron) = schedule_text(i18n, job.schedule_kind, &job.schedule);
            let zone = job.zone.clone();
            let text = match is_cron {
                true => tu_string!(i18n, runs.why_schedule, cron = schedule, zone = zone, time = time),
                false => tu_string!(i18n, runs.why_timed, schedule = schedule, zone = zone, time = time),
            };
            let text = format!("{text} {} {sent}", lateness(i18n, run, job));
            answer(IconName::Jobs, tu_string!(i18n, runs.why_by_schedule), text)
        }
        (RunKind::Schedule, _) => {
            let text = tu_string!(i18n, runs.why_other_version, version = run.job_version);
            answer(IconName::Jobs, tu_string!(i18n, runs.why_by_schedule), format!("{text} {sent}"))
        }
        (RunKind::Retry, _) => {
            let (time, attempt) = (full(run.nominal_at, &use_visit().zone), run.attempt);
            let text = tu_string!(i18n, runs.why_retry_text, run = run.slot, time = time, attempt = attempt);
            answer(IconName::Retry, tu_string!(i18n, runs.why_retry), format!("{text} {sent}"))
        }
        (RunKind::Child, _) => {
            let text = tu_string!(i18n, runs.why_child_text, run = run.slot);
            answer(IconName::ListTree, tu_string!(i18n, runs.why_child), format!("{text} {sent}"))
        }
        (RunKind::Shard, _) => {
            let (whole, index, total) = (run.parent_id.unwrap_or(0), run.shard_index, run.shard_total);
            let text = tu_string!(i18n, runs.why_shard_text, run = whole, index = index, total = total);
            answer(IconName::Fork, tu_string!(i18n, runs.why_shard), format!("{text} {sent}"))
        }
        (RunKind::Backfill, job) => {
            let zone = job.as_ref().map_or_else(|| use_visit().zone, |job| job.zone.clone());
            let time = full(run.nominal_at, &zone);
            let text = tu_string!(i18n, runs.why_backfill_text, time = time, zone = zone);
            let text = format!("{text} {} {sent}", person(i18n, view));
            answer(IconName::User, tu_string!(i18n, runs.why_backfill), text)
        }
        (RunKind::Manual | RunKind::Api, _) => {
            let text = format!("{} {sent}", person(i18n, view));
            answer(IconName::User, tu_string!(i18n, runs.why_by_hand), text)
        }
    }
}

/// Who started it.
fn person(i18n: I18nContext<Locale>, view: &RunView) -> String {
    match &view.started_by {
        Some(name) => tu_string!(i18n, runs.why_person, name = name.clone()),
        None => tu_string!(i18n, runs.why_somebody).to_owned(),
    }
}

/// Why a run of the schedule was due later than its time: a blackout delayed it, or the job's spread.
fn lateness(i18n: I18nContext<Locale>, run: &Run, job: &RunFacts) -> String {
    let due_at = run.due_at - job.delay_ms;
    let blackout = (due_at > run.nominal_at && run.span_last.is_none())
        .then(|| tu_string!(i18n, runs.why_delayed, time = full(due_at, &job.zone)));
    let spread =
        (job.delay_ms > 0).then(|| tu_string!(i18n, runs.why_spread, delay = duration(job.delay_ms)));
    [blackout, spread].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The missed or held fires that the run stands for.
fn missed(i18n: I18nContext<Locale>, view: &RunView) -> Option<Answer> {
    let run = &view.run;
    let last = run.span_last.filter(|_| run.span_count > 0)?;
    let zone = use_visit().zone;
    let (first, last) = (full(run.nominal_at, &zone), full(last, &zone));
    let text = tu_string!(i18n, runs.why_span, first = first, last = last, count = run.span_count);
    let title = match run.reason {
        Reason::Calendar | Reason::Blackout => tu_string!(i18n, runs.why_held),
        _ => tu_string!(i18n, runs.why_missed),
    };
    answer(IconName::Alarm, title, text)
}

/// Where it went: by which strategy, and who was asked before.
fn routed(i18n: I18nContext<Locale>, view: &RunView) -> Option<Answer> {
    // The strategy of an edited job is no longer the one that this run was routed by.
    let job = view.job.as_ref().filter(|job| job.version == view.run.job_version);
    let strategy = job.map(|job| routing_word(i18n, job.routing));
    let chosen = view.address.as_deref().map(|address| match strategy {
        Some(strategy) => {
            tu_string!(i18n, runs.why_strategy, strategy = strategy, instance = host(address).to_owned())
        }
        None => host(address).to_owned(),
    });
    let split = strategy
        .filter(|_| view.run.is_split())
        .map(|strategy| tu_string!(i18n, runs.why_split, strategy = strategy, total = view.run.shard_total));
    let asked = (!view.tries.is_empty()).then(|| {
        let tries: Vec<String> = view.tries.iter().map(|tried| try_words(i18n, tried)).collect();
        let tries = tries.join(tu_string!(i18n, runs.try_join));
        tu_string!(i18n, runs.why_asked, tries = tries)
    });
    let text = [chosen, split, asked].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| answer(IconName::Fork, tu_string!(i18n, runs.why_routed), text)).flatten()
}

/// Why it is in its state; where the executor did not take it, in its words.
fn ended(i18n: I18nContext<Locale>, view: &RunView) -> Option<Answer> {
    let reason = reason_words(i18n, view.run.reason)?;
    let by = view.ended_by.as_ref().map(|name| tu_string!(i18n, runs.why_ended_by, name = name.clone()));
    answer(IconName::Info, reason, by.or_else(|| view.dispatch.clone()).unwrap_or_default())
}

/// A result that came after the end.
fn late(i18n: I18nContext<Locale>, view: &RunView) -> Option<Answer> {
    let at = full(view.run.late_at?, &use_visit().zone);
    let code = view.run.late_code.unwrap_or(0);
    let text = tu_string!(i18n, runs.why_late_text, at = at, code = code);
    let text = format!("{text} {}", view.late_result.clone().unwrap_or_default());
    answer(IconName::Clock, tu_string!(i18n, runs.why_late), text)
}
