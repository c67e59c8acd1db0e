//! The words and marks of approvals.

use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use crate::pages::audit::verb_word;
use entity::approval::ApprovalState;
use entity::audit_entry::Verb;
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

/// What is to be done, as one says it before it is.
pub fn wish_word(verb: Verb) -> &'static str {
    let i18n = use_i18n();
    match verb {
        Verb::Create => tu_string!(i18n, approvals.do_create),
        Verb::Edit => tu_string!(i18n, approvals.do_edit),
        Verb::Delete => tu_string!(i18n, approvals.do_delete),
        Verb::SaveSource => tu_string!(i18n, approvals.do_save_source),
        Verb::Start => tu_string!(i18n, approvals.do_start),
        Verb::Stop => tu_string!(i18n, approvals.do_stop),
        Verb::Disable => tu_string!(i18n, approvals.do_disable),
        Verb::Enable => tu_string!(i18n, approvals.do_enable),
        Verb::Run => tu_string!(i18n, approvals.do_run),
        Verb::Backfill => tu_string!(i18n, approvals.do_backfill),
        Verb::Replay => tu_string!(i18n, approvals.do_replay),
        Verb::Kill => tu_string!(i18n, approvals.do_kill),
        // Of the others none is approved.
        other => verb_word(other),
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
