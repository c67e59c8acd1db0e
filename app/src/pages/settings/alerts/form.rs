//! The fields that a new rule and one that exists have in common.

use crate::api::channels::ChannelLine;
use crate::api::jobs::ExecutorChoice;
use crate::components::at_once::{Slotted, TakenAtOnce};
use crate::components::field::{CheckField, Choice, NumberField, SelectField, TextField};
use crate::components::form::FieldGroup;
use crate::i18n::*;
use entity::alert_rule::Event;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The event's word.
pub fn event_word(event: Event) -> &'static str {
    let i18n = use_i18n();
    match event {
        Event::Failed => tu_string!(i18n, alerts.failed),
        Event::TimedOut => tu_string!(i18n, alerts.timed_out),
        Event::Lost => tu_string!(i18n, alerts.lost),
        Event::Missed => tu_string!(i18n, alerts.missed),
        Event::Late => tu_string!(i18n, alerts.late),
        Event::Long => tu_string!(i18n, alerts.long),
        Event::Longer => tu_string!(i18n, alerts.longer),
        Event::NotStarted => tu_string!(i18n, alerts.not_started),
        Event::NotFinished => tu_string!(i18n, alerts.not_finished),
        Event::Offline => tu_string!(i18n, alerts.offline),
        Event::AutoPaused => tu_string!(i18n, alerts.auto_paused),
    }
}

/// What has to be said of an event beside its word.
fn event_help(event: Event) -> Option<&'static str> {
    let i18n = use_i18n();
    match event {
        Event::Failed => Some(tu_string!(i18n, alerts.failed_help)),
        Event::Missed => Some(tu_string!(i18n, alerts.missed_help)),
        Event::Late => Some(tu_string!(i18n, alerts.late_help)),
        Event::Long => Some(tu_string!(i18n, alerts.long_help)),
        Event::Longer => Some(tu_string!(i18n, alerts.longer_help)),
        Event::NotStarted => Some(tu_string!(i18n, alerts.not_started_help)),
        Event::NotFinished => Some(tu_string!(i18n, alerts.not_finished_help)),
        Event::Offline => Some(tu_string!(i18n, alerts.offline_help)),
        Event::AutoPaused => Some(tu_string!(i18n, alerts.auto_paused_help)),
        Event::TimedOut | Event::Lost => None,
    }
}

/// What there is to choose from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    pub channels: Vec<ChannelLine>,
    pub executors: Vec<ExecutorChoice>,
}

/// All of them. `children` come first.
#[component]
pub fn AlertRuleFields(choices: Choices, #[prop(optional)] children: Option<Slotted>) -> impl IntoView {
    let i18n = use_i18n();
    let all = Choice::new("", tu_string!(i18n, alerts.all_executors));
    let executors = choices
        .executors
        .into_iter()
        .map(|found| Choice::new(found.id.to_string(), format!("{} · {}", found.app_name, found.namespace)));
    let executors: Vec<Choice> = std::iter::once(all).chain(executors).collect();
    let channels = choices.channels.into_iter();
    let channels = channels
        .map(|found| Choice::new(found.id.to_string(), format!("{} · {}", found.name, found.namespace)));
    let none = Choice::new("", tu_string!(i18n, alerts.no_channel));
    let or_none: Vec<Choice> = std::iter::once(none).chain(channels).collect();
    view! {
        <FieldGroup title=tu_string!(i18n, alerts.scope)>
            {children.map(Slotted::show)}
            <TextField name="name" label=tu_string!(i18n, alerts.name) maxlength=120 span=true/>
            <SelectField
                name="executor_id"
                label=tu_string!(i18n, alerts.executor)
                options=executors
                optional=true
            />
            <TextField
                name="job_id"
                label=tu_string!(i18n, alerts.job)
                help=tu_string!(i18n, alerts.job_help)
                optional=true
            />
        </FieldGroup>
        <EventFields/>
        <ChannelChoice or_none=or_none.clone()/>
        <FieldGroup title=tu_string!(i18n, alerts.group_last)>
            <CheckField
                name="recovery"
                label=tu_string!(i18n, alerts.recovery)
                help=tu_string!(i18n, alerts.recovery_help)
                span=true
            />
            <NumberField
                name="escalate_min"
                label=tu_string!(i18n, alerts.escalate_min)
                help=tu_string!(i18n, alerts.escalate_help)
                max=10_080
            />
            <SelectField
                name="escalate_channel"
                label=tu_string!(i18n, alerts.escalate_channel)
                options=or_none
                optional=true
            />
        </FieldGroup>
    }
}

#[component]
fn EventFields() -> impl IntoView {
    let i18n = use_i18n();
    let events = Event::ALL.map(|event| {
        let (name, label) = (event.as_str(), event_word(event));
        match event_help(event) {
            Some(help) => view! { <CheckField name label help=help/> }.at_once(),
            None => view! { <CheckField name label/> }.at_once(),
        }
    });
    view! {
        <FieldGroup title=tu_string!(i18n, alerts.group_what)>
            {events.collect_view()}
        </FieldGroup>
        <FieldGroup title=tu_string!(i18n, alerts.group_limits)>
            <NumberField name="late_s" label=tu_string!(i18n, alerts.late_s) max=604_800/>
            <NumberField name="long_s" label=tu_string!(i18n, alerts.long_s) max=604_800/>
            <NumberField
                name="longer_pct"
                label=tu_string!(i18n, alerts.longer_pct)
                help=tu_string!(i18n, alerts.longer_pct_help)
                max=10_000
            />
            <TimeField name="start_by" label=tu_string!(i18n, alerts.start_by)/>
            <TimeField name="finish_by" label=tu_string!(i18n, alerts.finish_by)/>
        </FieldGroup>
    }
}

/// A time of day by which something has to have happened.
#[component]
fn TimeField(name: &'static str, label: &'static str) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <TextField
            name
            label
            help=tu_string!(i18n, alerts.by_help)
            placeholder="06:00"
            maxlength=5
            optional=true
        />
    }
}

#[component]
fn ChannelChoice(or_none: Vec<Choice>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, alerts.group_who)>
            <SelectField name="channels" label=tu_string!(i18n, alerts.channel) options=or_none.clone()/>
            <SelectField
                name="channel_2"
                label=tu_string!(i18n, alerts.second_channel)
                options=or_none.clone()
                optional=true
            />
            <SelectField
                name="channel_3"
                label=tu_string!(i18n, alerts.third_channel)
                options=or_none
                optional=true
            />
            <NumberField
                name="group_s"
                label=tu_string!(i18n, alerts.group_s)
                help=tu_string!(i18n, alerts.group_help)
                max=3_600
            />
        </FieldGroup>
    }
}
