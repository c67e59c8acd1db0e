//! What can be gone to by its name: pages, actions, and what the server found. The same in the command palette and
//! on the search page.

use super::frame::{beyond_tabs, tabs};
use super::icon::IconName;
use super::state::state_word;
use crate::api::search::{Found, Hits, RunHit};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub href: String,
    pub icon: IconName,
    pub label: String,
    /// What tells it from others of the same name.
    pub note: String,
}

/// Entries of a kind, under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub title: &'static str,
    pub entries: Vec<Entry>,
}

/// What goes by `text`, in groups that are not empty: everything that has a name of its own, and `found`.
pub fn groups(found: &Found, text: &str) -> Vec<Group> {
    let i18n = use_i18n();
    let text = text.trim();
    let namespace_href = |id: i32| match use_may().administer {
        true => routes::namespace(id),
        false => routes::jobs_where(&[("namespace", &id.to_string())]),
    };
    let (all_jobs, all_executors) =
        (routes::jobs_where(&[("q", text)]), routes::executors_where(&[("q", text)]));
    let all = [
        Group { title: tu_string!(i18n, search.runs), entries: found.run.iter().map(run).collect() },
        Group { title: tu_string!(i18n, search.pages), entries: named(pages(), text) },
        Group { title: tu_string!(i18n, search.actions), entries: named(actions(), text) },
        Group {
            title: tu_string!(i18n, search.jobs),
            entries: hits(&found.jobs, IconName::Jobs, routes::job, Some(all_jobs)),
        },
        Group {
            title: tu_string!(i18n, search.executors),
            entries: hits(&found.executors, IconName::Executors, routes::executor, Some(all_executors)),
        },
        Group {
            title: tu_string!(i18n, search.namespaces),
            entries: hits(&found.namespaces, IconName::Layers, namespace_href, None),
        },
    ];
    all.into_iter().filter(|group| !group.entries.is_empty()).collect()
}

/// Those that go by the text: by their words, or by their address, which is the same in every language.
fn named(entries: Vec<Entry>, text: &str) -> Vec<Entry> {
    let text = text.to_lowercase();
    let goes_by = |entry: &Entry| entry.label.to_lowercase().contains(&text) || entry.href.contains(&text);
    entries.into_iter().filter(goes_by).collect()
}

fn pages() -> Vec<Entry> {
    let i18n = use_i18n();
    let menu = tabs().into_iter().chain(beyond_tabs()).map(|(href, icon, word, _)| entry(href, icon, word));
    let others = [
        entry(routes::runs_inbox(&[]), IconName::AlertTriangle, tu_string!(i18n, runs.inbox_title)),
        entry(routes::calendars(), IconName::Jobs, tu_string!(i18n, calendars.title)),
        entry(routes::freezes(), IconName::Pause, tu_string!(i18n, freezes.title)),
        entry(routes::channels(), IconName::Webhook, tu_string!(i18n, alerts.channels)),
        entry(routes::deliveries_where(&[]), IconName::Webhook, tu_string!(i18n, alerts.deliveries)),
        entry(routes::account(), IconName::User, tu_string!(i18n, common.account)),
    ];
    menu.chain(others).collect()
}

/// Those that the viewer may do somewhere.
fn actions() -> Vec<Entry> {
    let (i18n, may) = (use_i18n(), use_may());
    let new = |allowed: bool, href, word| allowed.then(|| entry(href, IconName::Plus, word));
    let clean = entry(routes::runs_clean(&[]), IconName::Trash, tu_string!(i18n, runs.clean_title));
    [
        new(may.edit, routes::job_new(), tu_string!(i18n, jobs.new)),
        new(may.edit, routes::executor_new(), tu_string!(i18n, executors.new)),
        new(may.edit, routes::calendar_new(), tu_string!(i18n, calendars.new)),
        new(may.alerts, routes::alert_rule_new(), tu_string!(i18n, search.new_rule)),
        new(may.alerts, routes::channel_new(), tu_string!(i18n, search.new_channel)),
        new(may.administer, routes::namespace_new(), tu_string!(i18n, namespaces.new)),
        new(may.administer, routes::user_new(), tu_string!(i18n, users.new)),
        may.edit.then_some(clean),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn entry(href: String, icon: IconName, word: &str) -> Entry {
    Entry { href, icon, label: word.to_owned(), note: String::new() }
}

fn hits(found: &Hits, icon: IconName, href: impl Fn(i32) -> String, all: Option<String>) -> Vec<Entry> {
    let i18n = use_i18n();
    let shown = found.hits.iter().map(|hit| {
        let note = if hit.namespace == hit.name { String::new() } else { hit.namespace.clone() };
        Entry { href: href(hit.id), icon, label: hit.name.clone(), note }
    });
    let more = all.filter(|_| found.more);
    shown.chain(more.map(|href| entry(href, IconName::More, tu_string!(i18n, search.more)))).collect()
}

fn run(run: &RunHit) -> Entry {
    let job = run.job.iter().map(String::as_str);
    let note: Vec<&str> = std::iter::once(state_word(run.state)).chain(job).collect();
    Entry {
        href: routes::run(run.id),
        icon: IconName::Runs,
        label: tu_string!(use_i18n(), search.run_n, id = run.id),
        note: note.join(" · "),
    }
}
