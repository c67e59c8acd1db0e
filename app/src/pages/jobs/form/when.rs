//! When a job fires: the fields of its schedule.

use super::{any_wrong, choice};
use crate::api::jobs::{JobForm, ScheduleForm};
use crate::components::field::{NumberField, SegmentedField, SelectField, TextField};
use crate::components::form::{FieldGroup, FoldedGroup};
use crate::i18n::*;
use crate::pages::jobs::words::*;
use crate::pages::jobs::zones::{ZONES, ZoneList};
use crate::visit::use_visit;
use entity::job::{GapPolicy, RepeatPolicy, ScheduleKind};
use leptos::prelude::*;

/// A day.
const LONGEST_SPREAD_S: i64 = 86_400;
/// 365 days.
const LONGEST_RATE_S: i64 = 31_536_000;

/// How a field writes what is typed into it.
pub(super) fn writer(
    typed: RwSignal<ScheduleForm>,
    write: fn(&mut ScheduleForm, String),
) -> Callback<String> {
    Callback::new(move |text: String| typed.update(|typed| write(typed, text)))
}

/// The kind, and the fields of that kind.
#[component]
pub fn WhenItFires(typed: RwSignal<ScheduleForm>) -> impl IntoView {
    let i18n = use_i18n();
    let kinds = vec![
        choice(ScheduleKind::Cron, tu_string!(i18n, jobs.kind_cron)),
        choice(ScheduleKind::FixedRate, tu_string!(i18n, jobs.kind_rate)),
        choice(ScheduleKind::FixedDelay, tu_string!(i18n, jobs.kind_delay)),
        choice(ScheduleKind::Once, tu_string!(i18n, jobs.kind_once)),
        choice(ScheduleKind::Manual, tu_string!(i18n, jobs.kind_manual)),
    ];
    let yours = tu_string!(i18n, jobs.yours_is, zone = use_visit().zone);
    view! {
        <FieldGroup title=tu_string!(i18n, jobs.when_it_fires)>
            <SegmentedField
                name="schedule_kind"
                label=tu_string!(i18n, jobs.kind)
                options=kinds
                span=true
                on_change=writer(typed, |typed, text| typed.schedule_kind = text)
            />
            <Pattern typed/>
            <div class="only-timed">
                <TextField
                    name="zone"
                    label=tu_string!(i18n, jobs.zone)
                    help=yours
                    list=ZONES
                    on_input=writer(typed, |typed, text| typed.zone = text)
                />
                <ZoneList/>
            </div>
            <ClockChanges typed/>
        </FieldGroup>
    }
}

/// The field of each kind; the style sheet shows the one that counts.
#[component]
fn Pattern(typed: RwSignal<ScheduleForm>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="only-cron">
            <TextField
                name="schedule"
                label=tu_string!(i18n, jobs.cron)
                mono=true
                help=tu_string!(i18n, jobs.cron_help)
                on_input=writer(typed, |typed, text| typed.schedule = text)
            />
        </div>
        <div class="only-rate">
            <NumberField
                name="every_s"
                label=tu_string!(i18n, jobs.every)
                help=tu_string!(i18n, jobs.every_help)
                min=1
                max=LONGEST_RATE_S
                on_input=writer(typed, |typed, text| typed.every_s = text)
            />
        </div>
        <div class="only-once">
            <TextField
                name="once_at"
                label=tu_string!(i18n, jobs.once_at)
                mono=true
                placeholder="2026-12-01 03:00:00"
                help=tu_string!(i18n, jobs.once_at_help)
                on_input=writer(typed, |typed, text| typed.once_at = text)
            />
        </div>
    }
}

#[component]
fn ClockChanges(typed: RwSignal<ScheduleForm>) -> impl IntoView {
    let i18n = use_i18n();
    let gaps = [GapPolicy::EndOfGap, GapPolicy::Skip].map(|policy| choice(policy, gap_word(i18n, policy)));
    let repeats = [RepeatPolicy::First, RepeatPolicy::Second, RepeatPolicy::Both];
    let repeats = repeats.map(|policy| choice(policy, repeat_word(i18n, policy)));
    view! {
        <div class="only-cron">
            <SelectField
                name="gap_policy"
                label=tu_string!(i18n, jobs.gap)
                options=gaps.to_vec()
                on_change=writer(typed, |typed, text| typed.gap_policy = text)
            />
            <SelectField
                name="repeat_policy"
                label=tu_string!(i18n, jobs.repeat)
                options=repeats.to_vec()
                on_change=writer(typed, |typed, text| typed.repeat_policy = text)
            />
        </div>
    }
}

/// Between which times, and how late on purpose; folded, for most jobs need neither.
#[component]
pub fn Bounds(form: JobForm, typed: RwSignal<ScheduleForm>) -> impl IntoView {
    let i18n = use_i18n();
    let spread = RwSignal::new(form.spread_s);
    let summary = Signal::derive(move || {
        let validity = typed.with(|typed| validity_summary(i18n, &typed.valid_from, &typed.valid_until));
        format!("{validity} · {}", spread_summary(i18n, &spread.read()))
    });
    view! {
        <FoldedGroup
            title=tu_string!(i18n, jobs.group_bounds)
            summary
            open=any_wrong(&["valid_from", "valid_until", "spread_s"])
        >
            <div class="only-repeating">
                <TextField
                    name="valid_from"
                    label=tu_string!(i18n, jobs.valid_from)
                    mono=true
                    optional=true
                    help=tu_string!(i18n, jobs.valid_help)
                    on_input=writer(typed, |typed, text| typed.valid_from = text)
                />
                <TextField
                    name="valid_until"
                    label=tu_string!(i18n, jobs.valid_until)
                    mono=true
                    optional=true
                    help=tu_string!(i18n, jobs.valid_help)
                    on_input=writer(typed, |typed, text| typed.valid_until = text)
                />
            </div>
            <div class="only-timed">
                <NumberField
                    name="spread_s"
                    label=tu_string!(i18n, jobs.spread)
                    help=tu_string!(i18n, jobs.spread_help)
                    max=LONGEST_SPREAD_S
                    on_input=Callback::new(move |text| spread.set(text))
                />
            </div>
        </FoldedGroup>
    }
}
