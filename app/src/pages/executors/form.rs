//! The fields that a new executor and one that exists have in common.

use crate::api::executors::registration_code;
use crate::components::at_once::Slotted;
use crate::components::field::{Choice, NumberField, SegmentedField, TextArea, TextField};
use crate::components::form::FieldGroup;
use crate::i18n::*;
use crate::pages::executors::registration_word;
use entity::executor::Registration;
use leptos::prelude::*;

/// Name and title. `children` come first.
#[component]
pub fn NameFields(#[prop(optional)] children: Option<Slotted>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, executors.group_name)>
            {children.map(Slotted::show)}
            <TextField
                name="app_name"
                label=tu_string!(i18n, executors.app_name)
                help=tu_string!(i18n, executors.app_name_help)
                maxlength=64
                mono=true
            />
            <TextField
                name="title"
                label=tu_string!(i18n, executors.title_field)
                help=tu_string!(i18n, executors.title_help)
                maxlength=120
            />
        </FieldGroup>
    }
}

/// How much it may have to do.
#[component]
pub fn LimitFields() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, executors.group_limit)>
            <NumberField
                name="max_parallel"
                label=tu_string!(i18n, executors.max_parallel)
                help=tu_string!(i18n, executors.max_parallel_help)
                max=100_000
                optional=true
            />
        </FieldGroup>
    }
}

/// How instances become known; the addresses are in sight while they are typed by a person.
#[component]
pub fn RegistrationFields() -> impl IntoView {
    let i18n = use_i18n();
    let ways = [Registration::Automatic, Registration::Manual]
        .map(|way| Choice::new(registration_code(way), registration_word(way)));
    view! {
        <FieldGroup title=tu_string!(i18n, executors.group_instances)>
            <SegmentedField
                name="registration"
                label=tu_string!(i18n, executors.registration_field)
                options=ways.into()
                span=true
            />
            <div class="span2 only-manual">
                <TextArea
                    name="addresses"
                    label=tu_string!(i18n, executors.addresses)
                    help=tu_string!(i18n, executors.addresses_help)
                    placeholder="http://10.8.3.21:9999"
                    optional=true
                    mono=true
                />
            </div>
        </FieldGroup>
    }
}
