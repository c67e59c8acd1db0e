//! The fields that a new user and one who exists have in common.

use crate::api::users::role_code;
use crate::components::field::{Choice, SelectField, TextField};
use crate::components::form::FieldGroup;
use crate::i18n::*;
use entity::user::UserRole;
use leptos::prelude::*;

/// Name, e-mail address and role.
#[component]
pub fn UserFields() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, users.group)>
            <TextField
                name="name"
                label=tu_string!(i18n, users.name)
                help=tu_string!(i18n, users.name_help)
                maxlength=64
            />
            <TextField name="email" label=tu_string!(i18n, users.email) kind="email" maxlength=254 optional=true/>
            <SelectField name="role" label=tu_string!(i18n, users.role) options=roles()/>
        </FieldGroup>
    }
}

/// The roles outside of namespaces.
pub fn roles() -> Vec<Choice> {
    [UserRole::Ordinary, UserRole::SuperAdmin]
        .map(|role| Choice::new(role_code(role), role_word(role)))
        .into()
}

pub fn role_word(role: UserRole) -> &'static str {
    let i18n = use_i18n();
    match role {
        UserRole::SuperAdmin => tu_string!(i18n, account.super_admin),
        UserRole::Ordinary => tu_string!(i18n, account.ordinary),
    }
}
