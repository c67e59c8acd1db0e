//! Times: the viewer's zone in the text, the zone and UTC in the tooltip.
//!
//! The first rendering in the browser equals the server's, because both start from the visit's
//! moment and zone; afterwards the text follows the clock.

use crate::i18n::*;
use crate::visit::{use_now, use_visit};
use leptos::prelude::*;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How a time is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// `2026-03-06 14:28:56`.
    #[default]
    Full,
    /// `14:28:56` on the viewer's present day, else `03-06 14:28`.
    Short,
    /// `14:28:56.214`.
    Exact,
    /// `3 min ago`, `in 52 s`: follows the clock.
    Relative,
}

/// A moment in the viewer's zone. Its tooltip is the full time with the zone's name.
#[component]
pub fn Time(
    /// Milliseconds UTC.
    at: i64,
    #[prop(optional)] style: TimeStyle,
    /// An IANA zone other than the viewer's, such as the job's.
    #[prop(optional, into)]
    zone: Option<String>,
) -> impl IntoView {
    let zone = zone.unwrap_or_else(|| use_visit().zone);
    let locale = use_i18n().get_locale_untracked();
    let now = use_now();
    let title = format!("{} {zone}", full(at, &zone));
    let text = move || match style {
        TimeStyle::Full => full(at, &zone),
        TimeStyle::Short => short(at, use_visit().now, &zone),
        TimeStyle::Exact => format!("{}.{:03}", &full(at, &zone)[11..], at.rem_euclid(SECOND)),
        TimeStyle::Relative => relative(locale, at - now.get()),
    };
    view! { <time datetime=iso(at) title=title class="tn">{text}</time> }
}

/// `14:28:56` on the day of `now`, else `03-06 14:28`.
fn short(at: i64, now: i64, zone: &str) -> String {
    let (at, now) = (full(at, zone), full(now, zone));
    if at[..10] == now[..10] { at[11..].to_owned() } else { at[5..16].to_owned() }
}

/// `3 min ago`, `in 2 h 5 min`, `now` within a second; `delta` in milliseconds, negative for the past.
pub fn relative(locale: Locale, delta: i64) -> String {
    if delta.abs() < SECOND {
        return td_string!(locale, time.now).to_owned();
    }
    let span = span(locale, delta.abs());
    if delta < 0 {
        td_string!(locale, time.ago, span = span)
    } else {
        td_string!(locale, time.ahead, span = span)
    }
}

/// A length in words of at most two units: `56 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
pub fn span(locale: Locale, ms: i64) -> String {
    let (d, h, m, s) = (ms / DAY, ms % DAY / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND);
    if d > 0 {
        td_string!(locale, time.days, d = d, h = h)
    } else if h > 0 {
        td_string!(locale, time.hours, h = h, m = m)
    } else if m > 0 {
        td_string!(locale, time.minutes, m = m)
    } else {
        td_string!(locale, time.seconds, s = s)
    }
}

/// A duration as figures: `37 ms`, `4.2 s`, `3:12`, `1:02:05`.
pub fn duration(ms: i64) -> String {
    let (h, m, s) = (ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND);
    match ms {
        ..1000 => format!("{} ms", ms.max(0)),
        1000..60_000 => format!("{}.{} s", s, ms % SECOND / 100),
        60_000..3_600_000 => format!("{m}:{s:02}"),
        _ => format!("{h}:{m:02}:{s:02}"),
    }
}

/// RFC 3339 in UTC to the millisecond, for `datetime` attributes.
pub fn iso(at: i64) -> String {
    format!("{}.{:03}Z", full(at, "UTC").replacen(' ', "T", 1), at.rem_euclid(SECOND))
}

/// `2026-03-06 14:28:56` in an IANA zone; a zone nobody knows is UTC.
#[cfg(feature = "ssr")]
pub fn full(at: i64, zone: &str) -> String {
    use chrono::TimeZone;
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    match zone.timestamp_millis_opt(at).single() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => "0000-00-00 00:00:00".to_owned(),
    }
}

/// `2026-03-06 14:28:56` in an IANA zone; a zone nobody knows is UTC. The browser knows the zones,
/// so that their tables need not be shipped; Swedish writes dates in this form.
#[cfg(not(feature = "ssr"))]
pub fn full(at: i64, zone: &str) -> String {
    use js_sys::{Array, Date, Function, Object, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    let format = |zone: &str| -> Result<String, JsValue> {
        let options = Object::new();
        for (key, value) in [
            ("timeZone", zone),
            ("year", "numeric"),
            ("month", "2-digit"),
            ("day", "2-digit"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
        ] {
            Reflect::set(&options, &key.into(), &value.into())?;
        }
        let date = Date::new(&JsValue::from_f64(at as f64));
        let method: Function = Reflect::get(&date, &"toLocaleString".into())?.dyn_into()?;
        let text = method.apply(&date, &Array::of2(&"sv-SE".into(), &options))?;
        text.as_string().ok_or(JsValue::NULL)
    };
    format(zone).or_else(|_| format("UTC")).unwrap_or_else(|_| "0000-00-00 00:00:00".to_owned())
}

/// The clock of the top bar: the present time and its zone's city.
#[component]
pub fn ZoneClock() -> impl IntoView {
    let zone = use_visit().zone;
    let city = zone.rsplit('/').next().unwrap_or(&zone).replace('_', " ");
    let now = use_now();
    let title = zone.clone();
    view! {
        <span class="clock" title=title>
            <span>{move || full(now.get(), &zone)[11..].to_owned()}</span>
            <span class="t12">{city}</span>
        </span>
    }
}

/// Tells the server the browser's time zone by a cookie, for the next page.
pub fn tell_zone() {
    Effect::new(move || {
        #[cfg(not(feature = "ssr"))]
        {
            let options = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new())
                .resolved_options();
            let zone =
                js_sys::Reflect::get(&options, &"timeZone".into()).ok().and_then(|zone| zone.as_string());
            if let Some(zone) = zone.filter(|zone| *zone != use_visit().zone) {
                let value = crate::routes::percent_encode(&zone);
                super::toast::write_cookie(&format!("zone={value}; Path=/; Max-Age=31536000; SameSite=Lax"));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_use_at_most_two_units() {
        for (ms, words) in [
            (56_400, "56 s"),
            (12 * MINUTE, "12 min"),
            (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
            (3 * DAY + 4 * HOUR, "3 d 4 h"),
        ] {
            assert_eq!(span(Locale::en, ms), words);
        }
        assert_eq!(relative(Locale::zh_CN, -3 * MINUTE), "3 分前");
        assert_eq!(relative(Locale::en, 52 * SECOND), "in 52 s");
        assert_eq!(relative(Locale::en, 0), "now");
    }

    #[test]
    fn durations_grow_from_milliseconds_to_hours() {
        for (ms, figures) in
            [(37, "37 ms"), (4_250, "4.2 s"), (192_000, "3:12"), (3_725_000, "1:02:05"), (-1, "0 ms")]
        {
            assert_eq!(duration(ms), figures);
        }
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_time_is_written_in_its_zone() {
        let at = 1_772_778_536_214;
        assert_eq!(full(at, "Asia/Shanghai"), "2026-03-06 14:28:56");
        assert_eq!(iso(at), "2026-03-06T06:28:56.214Z");
        assert_eq!(short(at, at + HOUR, "Asia/Shanghai"), "14:28:56");
        assert_eq!(short(at, at + DAY, "Asia/Shanghai"), "03-06 14:28");
    }
}
