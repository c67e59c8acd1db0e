//! The words and marks of approvals.

use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use entity::approval::ApprovalState;
use leptos::prelude::*;

pub fn state_word(state: ApprovalState) -> &'static str {
    let i18n = use_i18n();
    match state {
        ApprovalState::Waiting => tu_string!(i18n, approvals.state_waiting),
        ApprovalState::Applied => tu_string!(i18n, approvals.state_applied),
        ApprovalState::Rejected => tu_string!(i18n, approvals.state_rejected),
        ApprovalState::Cancelled => tu_string!(i18n, approvals.state_cancelled),
        ApprovalState::Expired => tu_string!(i18n, approvals.state_expired),
        ApprovalState::Void => tu_string!(i18n, approvals.state_void),
        ApprovalState::Locked => tu_string!(i18n, approvals.state_locked),
    }
}

/// An icon of its own and a word, so that nothing depends on colour.
#[component]
pub fn ApprovalStateBadge(state: ApprovalState, #[prop(optional)] pill: bool) -> impl IntoView {
    let (class, icon) = match state {
        ApprovalState::Waiting => ("s-wait", IconName::Stamp),
        ApprovalState::Applied => ("s-ok", IconName::Check),
        ApprovalState::Rejected | ApprovalState::Locked => ("s-fail", IconName::Ban),
        ApprovalState::Cancelled => ("s-skip", IconName::Close),
        ApprovalState::Expired => ("s-late", IconName::Clock),
        ApprovalState::Void => ("s-unk", IconName::CircleX),
    };
    view! {
        <span class=format!("st {class}") class:pill=pill>
            <Icon name=icon/>
            {state_word(state)}
        </span>
    }
}
