//! The five numbers.

use crate::api::statistics::StatisticsView;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

/// Digits in groups of three: `412,806`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share in per cent, which is whole only where it is: `99.71 %`, `100 %`.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    if part == 0 || part == whole {
        return format!("{}\u{a0}%", part / whole * 100);
    }
    // Not rounded to what it is not: one failure among a million is no 100 %.
    let hundredths = (part as f64 / whole as f64 * 10_000.0).clamp(1.0, 9_999.0).floor();
    format!("{:.2}\u{a0}%", hundredths / 100.0)
}

/// By how much a number changed, with its sign: `+2.4 %`; none without a number to compare with.
pub fn change(now: u64, before: u64) -> Option<String> {
    let per_cent = (now as f64 / (before > 0).then_some(before)? as f64 - 1.0) * 100.0;
    Some(format!("{per_cent:+.1}\u{a0}%").replace('-', "−"))
}

#[component]
pub fn Cards(view: StatisticsView) -> impl IntoView {
    let i18n = use_i18n();
    let total: u64 = view.total.iter().sum();
    let [succeeded, failed, ..] = view.total;
    let before = match change(total, view.before) {
        Some(change) => tu_string!(i18n, statistics.against, change = change, n = view.days.len()),
        None => tu_string!(i18n, statistics.none_before).to_owned(),
    };
    let not = tu_string!(i18n, statistics.did_not, n = grouped(total - succeeded));
    let of_runs = tu_string!(i18n, statistics.of_runs, share = share(failed, total));
    let of_jobs = tu_string!(i18n, statistics.of_n, n = grouped(view.jobs));
    let online = tu_string!(i18n, statistics.online_of, n = view.executors, instances = view.instances);
    let runs = routes::runs();
    let wrong = routes::runs_where(&[("state", "failed")]);
    view! {
        <nav class="wrong cards" aria-label=tu_string!(i18n, statistics.cards)>
            {card(runs.clone(), tu_string!(i18n, statistics.runs), grouped(total), before)}
            {card(runs, tu_string!(i18n, statistics.succeeded), share(succeeded, total), not)}
            {card(wrong, tu_string!(i18n, statistics.failed), grouped(failed), of_runs)}
            {card(routes::jobs(), tu_string!(i18n, statistics.jobs_on), grouped(view.jobs_on), of_jobs)}
            {card(
                routes::executors(),
                tu_string!(i18n, statistics.executors_online),
                grouped(view.executors_online),
                online,
            )}
        </nav>
    }
}

fn card(href: String, word: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <a href=href>
            <span class="k">{word}</span>
            <span class="v">{value}</span>
            <span class="w">{note}</span>
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::{change, grouped, share};

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 412_806, 1_000_000].map(grouped),
            ["0", "999", "1,000", "412,806", "1,000,000"]
        );
    }

    #[test]
    fn a_share_is_whole_only_where_it_is() {
        assert_eq!(share(999_999, 1_000_000), "99.99\u{a0}%");
        assert_eq!(share(1, 1_000_000), "0.01\u{a0}%");
        assert_eq!(
            (share(5, 5), share(0, 5), share(0, 0)),
            ("100\u{a0}%".into(), "0\u{a0}%".into(), "–".into())
        );
    }

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!(change(1_024, 1_000).as_deref(), Some("+2.4\u{a0}%"));
        assert_eq!(change(500, 1_000).as_deref(), Some("−50.0\u{a0}%"));
        assert_eq!(change(1, 0), None);
    }
}
