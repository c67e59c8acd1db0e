//! What holds a job's fires back: a calendar and blackout windows.

use super::any_wrong;
use super::choice;
use super::when::writer;
use crate::api::calendars::{CalendarChoice, calendar_choices};
use crate::api::jobs::ScheduleForm;
use crate::components::field::{Choice, SelectField, TextArea};
use crate::components::form::FoldedGroup;
use crate::components::resource::resource;
use crate::i18n::*;
use crate::pages::jobs::words::{blackout_word, blackouts_summary, calendar_use_word};
use crate::routes;
use entity::job::{BlackoutPolicy, CalendarUse};
use leptos::prelude::*;
use std::collections::BTreeSet;

/// The group of the form, folded, for most jobs need neither. `namespaces` are those that the job may be
/// in: calendars of others cannot be chosen.
#[component]
pub fn Holds(typed: RwSignal<ScheduleForm>, namespaces: BTreeSet<String>) -> impl IntoView {
    let calendars = resource(|| (), |()| calendar_choices());
    view! {
        <Suspense>
            {move || {
                let namespaces = namespaces.clone();
                Suspend::new(async move {
                    // A list that cannot be read leaves no choice; the rest of the form works.
                    let mut calendars = calendars.await.unwrap_or_default();
                    calendars.retain(|calendar| namespaces.contains(&calendar.namespace));
                    view! { <Fields typed calendars/> }
                })
            }}
        </Suspense>
    }
}

#[component]
fn Fields(typed: RwSignal<ScheduleForm>, calendars: Vec<CalendarChoice>) -> impl IntoView {
    let i18n = use_i18n();
    let names = StoredValue::new(calendars.clone());
    let summary = Signal::derive(move || {
        let typed = typed.read();
        let named = names.with_value(|names| {
            let named = names.iter().find(|calendar| calendar.id.to_string() == typed.calendar_id);
            named.map(|calendar| calendar.name.clone())
        });
        let meaning = serde_json::from_value(typed.calendar_use.as_str().into()).unwrap_or(CalendarUse::Only);
        let calendar = named.map(|name| format!("{} {name}", calendar_use_word(i18n, meaning)));
        let calendar = calendar.unwrap_or_else(|| tu_string!(i18n, jobs.calendar_none).to_owned());
        format!("{calendar} · {}", blackouts_summary(i18n, &typed.blackouts))
    });
    let uses = [CalendarUse::Only, CalendarUse::Except]
        .map(|meaning| choice(meaning, calendar_use_word(i18n, meaning)));
    let policies = [BlackoutPolicy::Suppress, BlackoutPolicy::Delay]
        .map(|policy| choice(policy, blackout_word(i18n, policy)));
    view! {
        <FoldedGroup
            title=tu_string!(i18n, jobs.group_holds)
            summary
            open=any_wrong(&["calendar_id", "calendar_use", "blackouts", "blackout_policy"])
        >
            <div class="only-timed">
                <SelectField
                    name="calendar_use"
                    label=tu_string!(i18n, jobs.calendar_use)
                    options=uses.to_vec()
                    on_change=writer(typed, |typed, text| typed.calendar_use = text)
                />
                <SelectField
                    name="calendar_id"
                    label=tu_string!(i18n, jobs.calendar)
                    options=options(tu_string!(i18n, jobs.calendar_none), calendars)
                    help=tu_string!(i18n, jobs.calendar_help)
                    on_change=writer(typed, |typed, text| typed.calendar_id = text)
                />
                <TextArea
                    name="blackouts"
                    label=tu_string!(i18n, jobs.blackouts)
                    help=tu_string!(i18n, jobs.blackouts_help)
                    placeholder="22:00-06:00"
                    rows=3
                    mono=true
                    optional=true
                    on_input=writer(typed, |typed, text| typed.blackouts = text)
                />
                <SelectField
                    name="blackout_policy"
                    label=tu_string!(i18n, jobs.blackout_policy)
                    options=policies.to_vec()
                    on_change=writer(typed, |typed, text| typed.blackout_policy = text)
                />
                <p class="help">
                    <a href=routes::calendars() target="_blank">{tu_string!(i18n, jobs.to_calendars)}</a>
                </p>
            </div>
        </FoldedGroup>
    }
}

/// None, and each calendar, with its namespace where there are several.
fn options(none: &str, calendars: Vec<CalendarChoice>) -> Vec<Choice> {
    let several = calendars.iter().any(|calendar| calendar.namespace != calendars[0].namespace);
    let named = |calendar: &CalendarChoice| {
        let namespace = if several { format!("{} · ", calendar.namespace) } else { String::new() };
        Choice::new(calendar.id.to_string(), format!("{namespace}{}", calendar.name))
    };
    let named: Vec<Choice> = calendars.iter().map(named).collect();
    [Choice::new(String::new(), none)].into_iter().chain(named).collect()
}
