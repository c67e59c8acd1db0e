//! The words for what was done with what.

use crate::i18n::*;
use entity::audit_access::Event;
use entity::audit_entry::{Noun, Verb};

pub fn noun_word(noun: Noun) -> &'static str {
    let i18n = use_i18n();
    match noun {
        Noun::Job => tu_string!(i18n, audit.noun_job),
        Noun::Run => tu_string!(i18n, audit.noun_run),
        Noun::Executor => tu_string!(i18n, audit.noun_executor),
        Noun::Calendar => tu_string!(i18n, audit.noun_calendar),
        Noun::Freeze => tu_string!(i18n, audit.noun_freeze),
        Noun::Namespace => tu_string!(i18n, audit.noun_namespace),
        Noun::User => tu_string!(i18n, audit.noun_user),
        Noun::Grant => tu_string!(i18n, audit.noun_grant),
        Noun::ApiToken => tu_string!(i18n, audit.noun_api_token),
        Noun::Channel => tu_string!(i18n, audit.noun_channel),
        Noun::AlertRule => tu_string!(i18n, audit.noun_alert_rule),
        Noun::Delivery => tu_string!(i18n, audit.noun_delivery),
        Noun::Approval => tu_string!(i18n, audit.noun_approval),
        Noun::Server => tu_string!(i18n, audit.noun_server),
        Noun::Cleaning => tu_string!(i18n, audit.noun_cleaning),
        Noun::Retention => tu_string!(i18n, audit.noun_retention),
        Noun::Database => tu_string!(i18n, audit.noun_database),
        Noun::Access => tu_string!(i18n, audit.noun_access),
    }
}

pub fn verb_word(verb: Verb) -> &'static str {
    let i18n = use_i18n();
    match verb {
        Verb::Create => tu_string!(i18n, audit.verb_create),
        Verb::Edit => tu_string!(i18n, audit.verb_edit),
        Verb::Delete => tu_string!(i18n, audit.verb_delete),
        Verb::Start => tu_string!(i18n, audit.verb_start),
        Verb::Stop => tu_string!(i18n, audit.verb_stop),
        Verb::Disable => tu_string!(i18n, audit.verb_disable),
        Verb::Enable => tu_string!(i18n, audit.verb_enable),
        Verb::SaveSource => tu_string!(i18n, audit.verb_save_source),
        Verb::Run => tu_string!(i18n, audit.verb_run),
        Verb::Backfill => tu_string!(i18n, audit.verb_backfill),
        Verb::Kill => tu_string!(i18n, audit.verb_kill),
        Verb::MoveToFront => tu_string!(i18n, audit.verb_move_to_front),
        Verb::Drain => tu_string!(i18n, audit.verb_drain),
        Verb::TakeBack => tu_string!(i18n, audit.verb_take_back),
        Verb::RotateToken => tu_string!(i18n, audit.verb_rotate_token),
        Verb::ResetPassword => tu_string!(i18n, audit.verb_reset_password),
        Verb::ChangePassword => tu_string!(i18n, audit.verb_change_password),
        Verb::Grant => tu_string!(i18n, audit.verb_grant),
        Verb::Revoke => tu_string!(i18n, audit.verb_revoke),
        Verb::Silence => tu_string!(i18n, audit.verb_silence),
        Verb::SendAgain => tu_string!(i18n, audit.verb_send_again),
        Verb::Submit => tu_string!(i18n, audit.verb_submit),
        Verb::Approve => tu_string!(i18n, audit.verb_approve),
        Verb::Reject => tu_string!(i18n, audit.verb_reject),
        Verb::Cancel => tu_string!(i18n, audit.verb_cancel),
        Verb::Expire => tu_string!(i18n, audit.verb_expire),
        Verb::Void => tu_string!(i18n, audit.verb_void),
        Verb::Lock => tu_string!(i18n, audit.verb_lock),
        Verb::Seal => tu_string!(i18n, audit.verb_seal),
        Verb::Replay => tu_string!(i18n, audit.verb_replay),
        Verb::Dismiss => tu_string!(i18n, audit.verb_dismiss),
        Verb::CleanUp => tu_string!(i18n, audit.verb_clean_up),
        Verb::Prune => tu_string!(i18n, audit.verb_prune),
        Verb::Restore => tu_string!(i18n, audit.verb_restore),
    }
}

pub fn event_word(event: Event) -> &'static str {
    let i18n = use_i18n();
    match event {
        Event::SignedIn => tu_string!(i18n, audit.signed_in),
        Event::SignInFailed => tu_string!(i18n, audit.sign_in_failed),
        Event::SignInLocked => tu_string!(i18n, audit.sign_in_locked),
        Event::SignedOut => tu_string!(i18n, audit.signed_out),
        Event::Refused => tu_string!(i18n, audit.refused),
        Event::ReadAudit => tu_string!(i18n, audit.read_audit),
        Event::ExportedAudit => tu_string!(i18n, audit.exported_audit),
    }
}
