//! The next fires: in the job's zone, in the viewer's, and what changes of the clocks do to them.

use super::words::city;
use crate::api::jobs::{Fire, FireNote, Hold};
use crate::components::time::{Time, TimeStyle, full};
use crate::i18n::*;
use crate::visit::use_visit;
use leptos::prelude::*;
use leptos_i18n::I18nContext;

/// One line a fire. `zone` is the job's.
#[component]
pub fn FireTable(fires: Vec<Fire>, zone: String) -> impl IntoView {
    let i18n = use_i18n();
    let mine = use_visit().zone;
    let two_zones = mine != zone;
    let with_seconds = fires.iter().any(|fire| clock(&fire.local).get(6..8) != Some("00"));
    let mut last_day = String::new();
    let lines = fires
        .into_iter()
        .map(|fire| {
            let is_new_day = fire.local.get(..10) != Some(last_day.as_str());
            last_day = fire.local.get(..10).unwrap_or_default().to_owned();
            let day = is_new_day.then(|| day_words(i18n, &last_day));
            let other = two_zones.then(|| other_clock(fire.at, &last_day, &mine, with_seconds));
            let note = note_words(i18n, &fire, &city(&zone));
            let is_marked = note.is_some();
            let is_held = matches!(fire.note, Some(FireNote::Held { .. }));
            view! {
                <li class:dst=is_marked class:held=is_held>
                    <span class="ln">
                        <span>{day}</span>
                        <span>{skipped_time(&fire)}<b>{time_of_day(&fire.local, with_seconds)}</b></span>
                        <span>{other}</span>
                        <span class="d"><Time at=fire.at style=TimeStyle::Relative/></span>
                    </span>
                    {note.map(|note| view! { <p>{note}</p> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="fires">
            <div class="ln head" aria-hidden="true">
                <span>{tu_string!(i18n, jobs.day)}</span>
                <span>{city(&zone)}</span>
                <span>{two_zones.then(|| city(&use_visit().zone))}</span>
                <span></span>
            </div>
            <ol>{lines}</ol>
        </div>
    }
}

/// `03:00:00` of `2026-03-08 03:00:00 EDT`.
fn clock(local: &str) -> &str {
    local.get(11..19).unwrap_or_default()
}

/// `03:00 EDT`, with seconds where a fire of the list has any.
fn time_of_day(local: &str, with_seconds: bool) -> String {
    let zone = local.get(19..).unwrap_or_default();
    format!("{}{zone}", cut_seconds(clock(local), with_seconds))
}

fn cut_seconds(clock: &str, with_seconds: bool) -> &str {
    clock.get(..if with_seconds { 8 } else { 5 }).unwrap_or(clock)
}

/// The viewer's clock, with the day where it is another one.
fn other_clock(at: i64, local_day: &str, zone: &str, with_seconds: bool) -> String {
    let time = full(at, zone);
    let clock = cut_seconds(&time[11..], with_seconds);
    if time.get(..10) == Some(local_day) { clock.to_owned() } else { format!("{} {clock}", &time[5..10]) }
}

/// The wall time that the clocks skip, struck out.
fn skipped_time(fire: &Fire) -> Option<impl IntoView + use<>> {
    match &fire.note {
        Some(FireNote::Moved { skipped }) => {
            let time = skipped.get(11..16).unwrap_or_default().to_owned();
            Some(view! { <del>{time}</del> " " })
        }
        _ => None,
    }
}

/// What the clocks do on that day, and what it means.
fn note_words(i18n: I18nContext<Locale>, fire: &Fire, city: &str) -> Option<String> {
    let city = city.to_owned();
    match &fire.note {
        Some(FireNote::Moved { skipped }) => {
            let time = skipped.get(11..16).unwrap_or_default().to_owned();
            Some(tu_string!(i18n, jobs.note_moved, city = city, time = time))
        }
        Some(FireNote::FirstOfTwo) => Some(tu_string!(i18n, jobs.note_first, city = city)),
        Some(FireNote::SecondOfTwo) => Some(tu_string!(i18n, jobs.note_second, city = city)),
        Some(FireNote::Held { by, last, count }) => Some(held_words(i18n, *by, last, *count)),
        Some(FireNote::Delayed { since, count: 1 }) => {
            Some(tu_string!(i18n, jobs.note_delayed, time = minute(since).to_owned()))
        }
        Some(FireNote::Delayed { since, count }) => {
            Some(tu_string!(i18n, jobs.note_delayed_n, time = minute(since).to_owned(), n = *count))
        }
        None => fire.clocks_change.then(|| tu_string!(i18n, jobs.note_change, city = city)),
    }
}

/// Why a fire, and perhaps others behind it, does not run.
fn held_words(i18n: I18nContext<Locale>, by: Hold, last: &str, count: u32) -> String {
    let last = minute(last).to_owned();
    match (by, count) {
        (Hold::Calendar, 1) => tu_string!(i18n, jobs.note_calendar).to_owned(),
        (Hold::Calendar, n) => tu_string!(i18n, jobs.note_calendar_n, n = n, time = last),
        (Hold::Blackout, 1) => tu_string!(i18n, jobs.note_blackout).to_owned(),
        (Hold::Blackout, n) => tu_string!(i18n, jobs.note_blackout_n, n = n, time = last),
    }
}

/// `2026-03-08 03:00` of `2026-03-08 03:00:00 EDT`
fn minute(local: &str) -> &str {
    local.get(..16).unwrap_or(local)
}

/// `Sun 8 Mar` of `2026-03-08`.
fn day_words(i18n: I18nContext<Locale>, date: &str) -> String {
    let number = |range| date.get(range).and_then(|text: &str| text.parse::<usize>().ok()).unwrap_or(1);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let pick = |list: &'static str, index: usize| list.split(',').nth(index).unwrap_or_default();
    let weekday = pick(tu_string!(i18n, jobs.weekdays), weekday(year, month, day));
    let month = pick(tu_string!(i18n, jobs.months), month.saturating_sub(1));
    tu_string!(i18n, jobs.day_words, weekday = weekday, day = day, month = month)
}

/// 0 = Monday, in the Gregorian calendar, by Zeller's congruence.
fn weekday(year: usize, month: usize, day: usize) -> usize {
    let (year, month) = if month < 3 { (year - 1, month + 12) } else { (year, month) };
    (day + 13 * (month + 1) / 5 + year + year / 4 - year / 100 + year / 400 + 5) % 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_right_around_leap_days_and_centuries() {
        for (date, expected) in
            [((2026, 3, 8), 6), ((2024, 2, 29), 3), ((2000, 1, 1), 5), ((2100, 3, 1), 0), ((1999, 12, 31), 4)]
        {
            assert_eq!(weekday(date.0, date.1, date.2), expected, "{date:?}");
        }
    }

    #[test]
    fn seconds_are_shown_only_where_they_matter() {
        assert_eq!(time_of_day("2026-03-08 03:00:00 EDT", false), "03:00 EDT");
        assert_eq!(time_of_day("2026-03-08 03:00:05 -02", true), "03:00:05 -02");
    }
}
