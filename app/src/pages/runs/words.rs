//! What made a run, and why it is as it is, in the viewer's words.

use crate::i18n::*;
use entity::run::{Reason, RunKind};
use entity::run_text::{Try, TryOutcome};
use leptos_i18n::I18nContext;

pub fn kind_word(i18n: I18nContext<Locale>, kind: RunKind) -> &'static str {
    match kind {
        RunKind::Schedule => tu_string!(i18n, runs.kind_schedule),
        RunKind::Retry => tu_string!(i18n, runs.kind_retry),
        RunKind::Child => tu_string!(i18n, runs.kind_child),
        RunKind::Manual => tu_string!(i18n, runs.kind_manual),
        RunKind::Api => tu_string!(i18n, runs.kind_api),
        RunKind::Backfill => tu_string!(i18n, runs.kind_backfill),
        RunKind::Shard => tu_string!(i18n, runs.kind_shard),
    }
}

/// Why the run is in its state; none where the state says it.
pub fn reason_words(i18n: I18nContext<Locale>, reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::None => return None,
        Reason::Misfire => tu_string!(i18n, runs.reason_misfire),
        Reason::NoInstance => tu_string!(i18n, runs.reason_no_instance),
        Reason::Stopped => tu_string!(i18n, runs.reason_stopped),
        Reason::Refused => tu_string!(i18n, runs.reason_refused),
        Reason::Unreachable => tu_string!(i18n, runs.reason_unreachable),
        Reason::Handler => tu_string!(i18n, runs.reason_handler),
        Reason::ExecutorTimeout => tu_string!(i18n, runs.reason_executor_timeout),
        Reason::Deadline => tu_string!(i18n, runs.reason_deadline),
        Reason::Person => tu_string!(i18n, runs.reason_person),
        Reason::NoAnswer => tu_string!(i18n, runs.reason_no_answer),
        Reason::InstanceGone => tu_string!(i18n, runs.reason_instance_gone),
        Reason::ServerGone => tu_string!(i18n, runs.reason_server_gone),
        Reason::Garbage => tu_string!(i18n, runs.reason_garbage),
        Reason::NoneAlive => tu_string!(i18n, runs.reason_none_alive),
        Reason::NoneIdle => tu_string!(i18n, runs.reason_none_idle),
        Reason::BehindRun => tu_string!(i18n, runs.reason_behind_run),
        Reason::AtCapacity => tu_string!(i18n, runs.reason_at_capacity),
        Reason::Overlap => tu_string!(i18n, runs.reason_overlap),
        Reason::QueueFull => tu_string!(i18n, runs.reason_queue_full),
        Reason::Frozen => tu_string!(i18n, runs.reason_frozen),
        Reason::Replaced => tu_string!(i18n, runs.reason_replaced),
        Reason::Calendar => tu_string!(i18n, runs.reason_calendar),
        Reason::Blackout => tu_string!(i18n, runs.reason_blackout),
        Reason::Disabled => tu_string!(i18n, runs.reason_disabled),
        Reason::Draining => tu_string!(i18n, runs.reason_draining),
        Reason::NoneAllowed => tu_string!(i18n, runs.reason_none_allowed),
        Reason::InDoubt => tu_string!(i18n, runs.reason_in_doubt),
        Reason::NotRunning => tu_string!(i18n, runs.reason_not_running),
        Reason::Restored => tu_string!(i18n, runs.reason_restored),
    })
}

/// What came of asking an instance.
pub fn try_words(i18n: I18nContext<Locale>, tried: &Try) -> String {
    let instance = host(&tried.address).to_owned();
    let what = match tried.outcome {
        TryOutcome::Chosen => tu_string!(i18n, runs.try_chosen, instance = instance),
        TryOutcome::Busy => tu_string!(i18n, runs.try_busy, instance = instance),
        TryOutcome::Refused => tu_string!(i18n, runs.try_refused, instance = instance),
        TryOutcome::Unreachable => tu_string!(i18n, runs.try_unreachable, instance = instance),
        TryOutcome::NoAnswer => tu_string!(i18n, runs.try_no_answer, instance = instance),
        TryOutcome::InDoubt => tu_string!(i18n, runs.try_in_doubt, instance = instance),
    };
    match tried.text.is_empty() {
        true => what,
        false => tu_string!(i18n, runs.try_text, what = what, text = tried.text.clone()),
    }
}

/// `10.8.4.6:9999` of `http://10.8.4.6:9999`.
pub fn host(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, host)| host)
}
