//! What follows a job's runs: its retries, and the jobs that start when it succeeds.

use super::form::{any_wrong, choice};
use super::words::{backoff_word, children_summary, retries_summary, retry_on_words};
use crate::api::jobs::{JobForm, JobName, JobView};
use crate::components::at_once::TakenAtOnce;
use crate::components::facts::{Fact, FactList};
use crate::components::field::{NumberField, SelectField, TextField};
use crate::components::form::FoldedGroup;
use crate::components::page_title::Section;
use crate::components::time::span;
use crate::i18n::*;
use crate::routes;
use entity::job::{Model, RetryBackoff, RetryOn};
use leptos::prelude::*;
use leptos_i18n::I18nContext;

/// The groups of the form, folded.
#[component]
pub fn FollowUpFields(form: JobForm) -> impl IntoView {
    let values = RwSignal::new(form);
    view! {
        <RetryFields values/>
        <FailuresField values/>
        <ChildrenField values/>
    }
}

#[component]
fn RetryFields(values: RwSignal<JobForm>) -> impl IntoView {
    let i18n = use_i18n();
    let backoffs = [RetryBackoff::Fixed, RetryBackoff::Exponential];
    let backoffs = backoffs.map(|backoff| choice(backoff, backoff_word(i18n, backoff)));
    let ends = RetryOn::CHOICES.map(|ends| choice(ends, &retry_on_words(i18n, ends)));
    let summary = Signal::derive(move || {
        let form = values.read();
        retries_summary(i18n, &form.retries, &form.retry_delay_s)
    });
    let wrong = any_wrong(&["retries", "retry_delay_s", "retry_backoff", "retry_jitter_s", "retry_on"]);
    view! {
        <FoldedGroup title=tu_string!(i18n, jobs.group_retries) summary open=wrong>
            <NumberField
                name="retries"
                label=tu_string!(i18n, jobs.retries)
                help=tu_string!(i18n, jobs.retries_help)
                max=100
                on_input=move |text| values.update(|form| form.retries = text)
            />
            <SelectField name="retry_on" label=tu_string!(i18n, jobs.retry_on) options=ends.to_vec()/>
            <NumberField
                name="retry_delay_s"
                label=tu_string!(i18n, jobs.retry_delay)
                help=tu_string!(i18n, jobs.retry_delay_help)
                max=86_400
                on_input=move |text| values.update(|form| form.retry_delay_s = text)
            />
            <SelectField
                name="retry_backoff"
                label=tu_string!(i18n, jobs.retry_backoff)
                options=backoffs.to_vec()
            />
            <NumberField
                name="retry_jitter_s"
                label=tu_string!(i18n, jobs.retry_jitter)
                help=tu_string!(i18n, jobs.retry_jitter_help)
                max=3_600
            />
        </FoldedGroup>
    }
}

#[component]
fn FailuresField(values: RwSignal<JobForm>) -> impl IntoView {
    let i18n = use_i18n();
    let summary = Signal::derive(move || failures_summary(i18n, &values.read().stop_after_failures));
    let wrong = any_wrong(&["stop_after_failures"]);
    view! {
        <FoldedGroup title=tu_string!(i18n, jobs.group_failures) summary open=wrong>
            <NumberField
                name="stop_after_failures"
                label=tu_string!(i18n, jobs.stop_after_failures)
                help=tu_string!(i18n, jobs.stop_after_failures_help)
                max=1_000
                on_input=move |text| values.update(|form| form.stop_after_failures = text)
            />
        </FoldedGroup>
    }
}

/// After how many failures in a row, of what is typed.
fn failures_summary(i18n: I18nContext<Locale>, typed: &str) -> String {
    match typed.trim() {
        "" | "0" => tu_string!(i18n, jobs.stop_after_none).to_owned(),
        count => tu_string!(i18n, jobs.stop_after_count, n = count.to_owned()),
    }
}

#[component]
fn ChildrenField(values: RwSignal<JobForm>) -> impl IntoView {
    let i18n = use_i18n();
    let summary = Signal::derive(move || children_summary(i18n, &values.read().children));
    view! {
        <FoldedGroup title=tu_string!(i18n, jobs.group_children) summary open=any_wrong(&["children"])>
            <TextField
                name="children"
                label=tu_string!(i18n, jobs.children)
                help=tu_string!(i18n, jobs.children_help)
                mono=true
                optional=true
                span=true
                on_input=move |text| values.update(|form| form.children = text)
            />
        </FoldedGroup>
    }
}

/// What follows its runs, and whose runs it follows, on a job's page.
#[component]
pub fn FollowUps(view: JobView) -> impl IntoView {
    let i18n = use_i18n();
    let JobView { job, parents, children, .. } = view;
    view! {
        <Section title=tu_string!(i18n, jobs.follow_ups)>
            <FactList>
                <Fact label=tu_string!(i18n, jobs.group_failures)>
                    {failures_summary(i18n, &job.stop_after_failures.to_string())}
                </Fact>
                <RetryFacts job/>
                <Fact label=tu_string!(i18n, jobs.children)><JobLinks jobs=children/></Fact>
                <Fact label=tu_string!(i18n, jobs.parents)><JobLinks jobs=parents/></Fact>
            </FactList>
        </Section>
    }
}

#[component]
fn RetryFacts(job: Model) -> impl IntoView {
    let i18n = use_i18n();
    let summary = retries_summary(i18n, &job.retries.to_string(), &job.retry_delay_s.to_string());
    let jitter = span(i18n.get_locale_untracked(), i64::from(job.retry_jitter_s) * 1000);
    view! {
        <Fact label=tu_string!(i18n, jobs.group_retries)>{summary}</Fact>
        {(job.retries > 0).then(|| view! {
            <Fact label=tu_string!(i18n, jobs.retry_on)>{retry_on_words(i18n, job.retry_on)}</Fact>
            <Fact label=tu_string!(i18n, jobs.retry_backoff)>{backoff_word(i18n, job.retry_backoff)}</Fact>
        })}
        {(job.retries > 0 && job.retry_jitter_s > 0)
            .then(|| view! { <Fact label=tu_string!(i18n, jobs.retry_jitter)>{jitter}</Fact> })}
    }
}

#[component]
fn JobLinks(jobs: Vec<JobName>) -> impl IntoView {
    let i18n = use_i18n();
    if jobs.is_empty() {
        return view! { <span class="faint">{tu_string!(i18n, common.none)}</span> }.at_once();
    }
    let link = |(at, job): (usize, JobName)| {
        let between = (at > 0).then_some(" · ");
        view! { {between} <a href=routes::job(job.id)>{format!("#{} {}", job.id, job.name)}</a> }
    };
    jobs.into_iter().enumerate().map(link).collect_view().at_once()
}
