//! What was found in a log.

use super::trouble_words;
use crate::api::logs::LogFound;
use crate::components::log_view::LogLines;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

/// The lines that hold the text, each leading to its place, and where to look on.
#[component]
pub fn FoundLines(id: i64, found: LogFound) -> impl IntoView {
    let i18n = use_i18n();
    let LogFound { text, from, matches, next, trouble } = found;
    let count = matches.len();
    let words = match (count, next) {
        (0, _) => tu_string!(i18n, runs.found_none, text = text.clone()),
        (_, None) => tu_string!(i18n, runs.found, count = count, text = text.clone()),
        (_, Some(_)) => tu_string!(i18n, runs.found_first, count = count, text = text.clone()),
    };
    let on = next.map(|next| {
        let query = [("find", text.as_str()), ("from", &next.to_string())];
        (routes::run_log(id, &query, None), next)
    });
    view! {
        <section class="log-found" aria-label=tu_string!(i18n, runs.find)>
            <p class="log-note">
                {words}
                {(from > 1).then(|| format!(" {}", tu_string!(i18n, runs.found_from, line = from)))}
                " "
                <a class="act" href=routes::run_log(id, &[], None) rel="external">{tu_string!(i18n, common.clear)}</a>
            </p>
            {matches.into_iter().map(|found| {
                let query = [("line", found.line.to_string()), ("find", text.clone())];
                let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
                let place = routes::run_log(id, &query, Some(found.line));
                view! { <LogLines lines=vec![found.text] first=found.line place/> }
            }).collect_view()}
            {trouble.map(|trouble| {
                let problem = trouble_words(i18n, &trouble);
                view! { <p class="log-note">{tu_string!(i18n, runs.log_problem, problem = problem)}</p> }
            })}
            {on.map(|(place, line)| view! {
                <a class="log-more" href=place rel="external">{tu_string!(i18n, runs.find_on, line = line)}</a>
            })}
        </section>
    }
}
