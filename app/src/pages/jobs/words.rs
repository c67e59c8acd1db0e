//! The choices about a job in the viewer's words.

use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use entity::job::{
    BlackoutPolicy, Blocking, CalendarUse, GapPolicy, JobState, MisfirePolicy, Overlap, RepeatPolicy,
    RetryBackoff, RetryOn, Routing, RunMode, ScheduleKind,
};
use leptos::prelude::*;
use leptos_i18n::I18nContext;

/// Whether the schedule fires. Not a run's state, hence without colour.
#[component]
pub fn JobStateMark(#[prop(into)] state: Signal<JobState>) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        let (icon, word) = match state.get() {
            JobState::On => (IconName::CircleDot, tu_string!(i18n, jobs.on)),
            JobState::Stopped => (IconName::Square, tu_string!(i18n, jobs.stopped)),
            JobState::Disabled => (IconName::Ban, tu_string!(i18n, jobs.disabled)),
        };
        view! { <span class="job-state"><Icon name=icon size=14/>{word}</span> }
    }
}

/// The last part of a zone's name: `New York` of `America/New_York`.
pub fn city(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// The cron expression, or the words for another schedule; and whether it is an expression.
pub fn schedule_text(i18n: I18nContext<Locale>, kind: ScheduleKind, schedule: &str) -> (String, bool) {
    match kind {
        ScheduleKind::Cron => (schedule.to_owned(), true),
        ScheduleKind::FixedRate => {
            let length = length_words(i18n, schedule.parse().unwrap_or(0));
            (tu_string!(i18n, jobs.every_words, length = length), false)
        }
        ScheduleKind::FixedDelay => {
            let length = length_words(i18n, schedule.parse().unwrap_or(0));
            (tu_string!(i18n, jobs.delay_words, length = length), false)
        }
        ScheduleKind::Once => (tu_string!(i18n, jobs.once_words, time = schedule.to_owned()), false),
        ScheduleKind::Manual => (tu_string!(i18n, jobs.only_by_hand).to_owned(), false),
    }
}

/// “5 min”, in the greatest unit that is exact.
pub fn length_words(i18n: I18nContext<Locale>, seconds: i64) -> String {
    match (seconds % 3_600, seconds % 60) {
        (0, _) => tu_string!(i18n, jobs.length_h, n = seconds / 3_600),
        (_, 0) => tu_string!(i18n, jobs.length_min, n = seconds / 60),
        _ => tu_string!(i18n, jobs.length_s, n = seconds),
    }
}

/// Whether the schedule is read on a clock, so that its zone says when it fires.
pub fn is_by_the_clock(kind: ScheduleKind) -> bool {
    matches!(kind, ScheduleKind::Cron | ScheduleKind::Once)
}

pub fn run_mode_word(i18n: I18nContext<Locale>, mode: RunMode) -> &'static str {
    match mode {
        RunMode::Handler => tu_string!(i18n, jobs.mode_handler),
        RunMode::Shell => tu_string!(i18n, jobs.mode_shell),
        RunMode::Python => tu_string!(i18n, jobs.mode_python),
        RunMode::Python2 => tu_string!(i18n, jobs.mode_python2),
        RunMode::Php => tu_string!(i18n, jobs.mode_php),
        RunMode::Node => tu_string!(i18n, jobs.mode_node),
        RunMode::PowerShell => tu_string!(i18n, jobs.mode_powershell),
        RunMode::Groovy => tu_string!(i18n, jobs.mode_groovy),
    }
}

pub fn gap_word(i18n: I18nContext<Locale>, policy: GapPolicy) -> &'static str {
    match policy {
        GapPolicy::EndOfGap => tu_string!(i18n, jobs.gap_end),
        GapPolicy::Skip => tu_string!(i18n, jobs.gap_skip),
    }
}

pub fn repeat_word(i18n: I18nContext<Locale>, policy: RepeatPolicy) -> &'static str {
    match policy {
        RepeatPolicy::First => tu_string!(i18n, jobs.repeat_first),
        RepeatPolicy::Second => tu_string!(i18n, jobs.repeat_second),
        RepeatPolicy::Both => tu_string!(i18n, jobs.repeat_both),
    }
}

pub fn calendar_use_word(i18n: I18nContext<Locale>, meaning: CalendarUse) -> &'static str {
    match meaning {
        CalendarUse::Only => tu_string!(i18n, jobs.calendar_only),
        CalendarUse::Except => tu_string!(i18n, jobs.calendar_except),
    }
}

pub fn blackout_word(i18n: I18nContext<Locale>, policy: BlackoutPolicy) -> &'static str {
    match policy {
        BlackoutPolicy::Suppress => tu_string!(i18n, jobs.blackout_suppress),
        BlackoutPolicy::Delay => tu_string!(i18n, jobs.blackout_delay),
    }
}

/// “22:00-06:00, …”: the first window as it was typed, or that there is none.
pub fn blackouts_summary(i18n: I18nContext<Locale>, typed: &str) -> String {
    let mut lines = typed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.count()) {
        (None, _) => tu_string!(i18n, jobs.blackouts_none).to_owned(),
        (Some(first), 0) => tu_string!(i18n, jobs.blackouts_one, window = first.to_owned()),
        (Some(first), more) => tu_string!(i18n, jobs.blackouts_more, window = first.to_owned(), n = more),
    }
}

pub fn misfire_word(i18n: I18nContext<Locale>, policy: MisfirePolicy) -> &'static str {
    match policy {
        MisfirePolicy::Skip => tu_string!(i18n, jobs.misfire_skip),
        MisfirePolicy::FireOnce => tu_string!(i18n, jobs.misfire_once),
        MisfirePolicy::FireAll => tu_string!(i18n, jobs.misfire_all),
    }
}

pub fn routing_word(i18n: I18nContext<Locale>, routing: Routing) -> &'static str {
    match routing {
        Routing::First => tu_string!(i18n, jobs.routing_first),
        Routing::Last => tu_string!(i18n, jobs.routing_last),
        Routing::Round => tu_string!(i18n, jobs.routing_round),
        Routing::Random => tu_string!(i18n, jobs.routing_random),
        Routing::ConsistentHash => tu_string!(i18n, jobs.routing_hash),
        Routing::LeastFrequentlyUsed => tu_string!(i18n, jobs.routing_frequently),
        Routing::LeastRecentlyUsed => tu_string!(i18n, jobs.routing_recently),
        Routing::Failover => tu_string!(i18n, jobs.routing_failover),
        Routing::Busyover => tu_string!(i18n, jobs.routing_busyover),
        Routing::Broadcast => tu_string!(i18n, jobs.routing_broadcast),
    }
}

/// What the strategy does, in a line.
pub fn routing_help(i18n: I18nContext<Locale>, routing: Routing) -> &'static str {
    match routing {
        Routing::First => tu_string!(i18n, jobs.routing_first_help),
        Routing::Last => tu_string!(i18n, jobs.routing_last_help),
        Routing::Round => tu_string!(i18n, jobs.routing_round_help),
        Routing::Random => tu_string!(i18n, jobs.routing_random_help),
        Routing::ConsistentHash => tu_string!(i18n, jobs.routing_hash_help),
        Routing::LeastFrequentlyUsed => tu_string!(i18n, jobs.routing_frequently_help),
        Routing::LeastRecentlyUsed => tu_string!(i18n, jobs.routing_recently_help),
        Routing::Failover => tu_string!(i18n, jobs.routing_failover_help),
        Routing::Busyover => tu_string!(i18n, jobs.routing_busyover_help),
        Routing::Broadcast => tu_string!(i18n, jobs.routing_broadcast_help),
    }
}

pub fn blocking_word(i18n: I18nContext<Locale>, blocking: Blocking) -> &'static str {
    match blocking {
        Blocking::Serial => tu_string!(i18n, jobs.blocking_serial),
        Blocking::DiscardLater => tu_string!(i18n, jobs.blocking_discard),
        Blocking::CoverEarly => tu_string!(i18n, jobs.blocking_cover),
    }
}

pub fn overlap_word(i18n: I18nContext<Locale>, overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::Allow => tu_string!(i18n, jobs.overlap_allow),
        Overlap::Queue => tu_string!(i18n, jobs.overlap_queue),
        Overlap::Skip => tu_string!(i18n, jobs.overlap_skip),
        Overlap::Replace => tu_string!(i18n, jobs.overlap_replace),
    }
}

/// “wait in a queue, 1 at a time”.
pub fn overlap_summary(i18n: I18nContext<Locale>, overlap: Overlap, slots: &str) -> String {
    let word = overlap_word(i18n, overlap);
    match overlap {
        Overlap::Allow => word.to_owned(),
        _ => tu_string!(i18n, jobs.overlap_line, overlap = word, slots = slots.to_owned()),
    }
}

pub fn backoff_word(i18n: I18nContext<Locale>, backoff: RetryBackoff) -> &'static str {
    match backoff {
        RetryBackoff::Fixed => tu_string!(i18n, jobs.backoff_fixed),
        RetryBackoff::Exponential => tu_string!(i18n, jobs.backoff_exponential),
    }
}

/// “failed · timed out”
pub fn retry_on_words(i18n: I18nContext<Locale>, ends: RetryOn) -> String {
    let words = [
        (ends.failed, tu_string!(i18n, jobs.retry_on_failed)),
        (ends.timed_out, tu_string!(i18n, jobs.retry_on_timed_out)),
        (ends.lost, tu_string!(i18n, jobs.retry_on_lost)),
    ];
    let words: Vec<&str> = words.into_iter().filter(|(is_in, _)| *is_in).map(|(_, word)| word).collect();
    words.join(" · ")
}

/// “up to 3, the first after 30 s”, or that there are none; numbers as they were typed.
pub fn retries_summary(i18n: I18nContext<Locale>, retries: &str, delay_s: &str) -> String {
    let number = |typed: &str| typed.trim().parse::<i64>().unwrap_or(0);
    match (number(retries), number(delay_s)) {
        (..1, _) => tu_string!(i18n, jobs.retries_none).to_owned(),
        (count, ..1) => tu_string!(i18n, jobs.retries_at_once, count = count),
        (count, seconds) => {
            let delay =
                crate::components::time::span(i18n.get_locale_untracked(), seconds.saturating_mul(1000));
            tu_string!(i18n, jobs.retries_after, count = count, delay = delay)
        }
    }
}

/// The ids as they were typed, or that there are none.
pub fn children_summary(i18n: I18nContext<Locale>, children: &str) -> String {
    match children.trim() {
        "" => tu_string!(i18n, jobs.children_none).to_owned(),
        ids => ids.to_owned(),
    }
}

/// “timeout 45 min”, or that there is none; `seconds` as it was typed.
pub fn timeout_summary(i18n: I18nContext<Locale>, seconds: &str) -> String {
    match seconds.trim().parse::<i64>() {
        Ok(1..) => {
            let ms = seconds.trim().parse::<i64>().unwrap_or(0).saturating_mul(1000);
            let length = crate::components::time::span(i18n.get_locale_untracked(), ms);
            tu_string!(i18n, jobs.timeout_of, length = length)
        }
        _ => tu_string!(i18n, jobs.timeout_none).to_owned(),
    }
}

/// “from 2026-12-01 03:00:00 · until …”, or that it is always valid; the times as they were typed.
pub fn validity_summary(i18n: I18nContext<Locale>, from: &str, until: &str) -> String {
    let (from, until) = (from.trim(), until.trim());
    let since = (!from.is_empty()).then(|| tu_string!(i18n, jobs.valid_since, time = from.to_owned()));
    let up_to = (!until.is_empty()).then(|| tu_string!(i18n, jobs.valid_up_to, time = until.to_owned()));
    match (since, up_to) {
        (Some(since), Some(up_to)) => format!("{since} · {up_to}"),
        (Some(bound), None) | (None, Some(bound)) => bound,
        (None, None) => tu_string!(i18n, jobs.valid_always).to_owned(),
    }
}

/// “spread over 10 min”, or that there is none; `seconds` as it was typed.
pub fn spread_summary(i18n: I18nContext<Locale>, seconds: &str) -> String {
    match seconds.trim().parse() {
        Ok(seconds @ 1..) => tu_string!(i18n, jobs.spread_of, length = length_words(i18n, seconds)),
        _ => tu_string!(i18n, jobs.spread_none).to_owned(),
    }
}

/// “fire once, not later than 60 min”; `minutes` as it was typed.
pub fn misfire_summary(i18n: I18nContext<Locale>, policy: MisfirePolicy, minutes: String) -> String {
    let what = misfire_word(i18n, policy);
    match policy {
        MisfirePolicy::Skip => what.to_owned(),
        MisfirePolicy::FireOnce | MisfirePolicy::FireAll => {
            tu_string!(i18n, jobs.not_later, what = what, minutes = minutes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::city;

    #[test]
    fn a_zone_is_called_by_its_city() {
        assert_eq!(city("America/Argentina/Buenos_Aires"), "Buenos Aires");
        assert_eq!(city("UTC"), "UTC");
    }
}
