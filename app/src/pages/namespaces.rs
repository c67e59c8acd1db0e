//! `/namespaces` and below.

pub mod detail;
pub mod list;
mod members;
pub mod new;

use crate::components::field::Choice;
use crate::i18n::*;
use entity::grant::Role;

/// What a person may do in a namespace, in a word.
pub fn role_word(role: Role) -> &'static str {
    let i18n = use_i18n();
    match role {
        Role::Viewer => tu_string!(i18n, roles.viewer),
        Role::Operator => tu_string!(i18n, roles.operator),
        Role::Editor => tu_string!(i18n, roles.editor),
        Role::Approver => tu_string!(i18n, roles.approver),
        Role::Owner => tu_string!(i18n, roles.owner),
    }
}

/// All roles, from the smallest.
pub fn role_choices() -> Vec<Choice> {
    Role::ALL.map(|role| Choice::new(role.code(), role_word(role))).into()
}
