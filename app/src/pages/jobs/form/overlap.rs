//! What becomes of a run while others are out.

use super::{any_wrong, choice};
use crate::api::jobs::JobForm;
use crate::components::field::{NumberField, SelectField};
use crate::components::form::FoldedGroup;
use crate::i18n::*;
use crate::pages::jobs::words::{overlap_summary, overlap_word};
use entity::job::Overlap;
use leptos::prelude::*;

/// Folded into what is chosen; the numbers are in sight where they count.
#[component]
pub fn OverlapFields(form: JobForm) -> impl IntoView {
    let i18n = use_i18n();
    let policies = [Overlap::Allow, Overlap::Queue, Overlap::Skip, Overlap::Replace];
    let policies = policies.map(|overlap| choice(overlap, overlap_word(i18n, overlap)));
    let (overlap, slots) = (RwSignal::new(form.overlap), RwSignal::new(form.slots));
    let summary = Signal::derive(move || {
        let chosen = serde_json::from_value(overlap.get().into()).unwrap_or(Overlap::Allow);
        overlap_summary(i18n, chosen, &slots.get())
    });
    view! {
        <FoldedGroup
            title=tu_string!(i18n, jobs.group_at_once)
            summary
            open=any_wrong(&["overlap", "slots", "queue_length", "priority"])
        >
            <SelectField
                name="overlap"
                label=tu_string!(i18n, jobs.overlap)
                options=policies.to_vec()
                help=tu_string!(i18n, jobs.overlap_help)
                on_change=move |text| overlap.set(text)
            />
            <NumberField
                name="priority"
                label=tu_string!(i18n, jobs.priority)
                help=tu_string!(i18n, jobs.priority_help)
                min=-9
                max=9
            />
            <div class="only-limited">
                <NumberField
                    name="slots"
                    label=tu_string!(i18n, jobs.slots)
                    help=tu_string!(i18n, jobs.slots_help)
                    min=1
                    max=1_000
                    on_input=move |text| slots.set(text)
                />
            </div>
            <div class="only-queue">
                <NumberField
                    name="queue_length"
                    label=tu_string!(i18n, jobs.queue_length)
                    help=tu_string!(i18n, jobs.queue_length_help)
                    min=1
                    max=10_000
                />
            </div>
        </FoldedGroup>
    }
}
