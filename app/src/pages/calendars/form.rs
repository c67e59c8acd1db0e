//! The fields that a new calendar and one that exists have in common.

use crate::components::at_once::Slotted;
use crate::components::field::{TextArea, TextField};
use crate::components::form::FieldGroup;
use crate::i18n::*;
use leptos::prelude::*;

const EXAMPLE: &str = "2026-12-25\n2026-12-24..2027-01-01\n05-01\nsat";

/// Name and days. `children` come first.
#[component]
pub fn CalendarFields(#[prop(optional)] children: Option<Slotted>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, calendars.group)>
            {children.map(Slotted::show)}
            <TextField name="name" label=tu_string!(i18n, calendars.name) maxlength=120 span=true/>
            <TextArea
                name="days"
                label=tu_string!(i18n, calendars.days)
                help=tu_string!(i18n, calendars.days_help)
                placeholder=EXAMPLE
                rows=16
                mono=true
            />
        </FieldGroup>
    }
}
