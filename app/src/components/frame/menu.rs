//! The menu at the left, and the tabs at the foot of a phone. Only pages that exist.

use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use crate::routes;
use crate::visit::{use_may, use_viewer};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Where it leads, its icon, its word, and how much waits there.
type Entry = (String, IconName, &'static str, u64);

/// What is looked at most: also the tabs of a phone.
pub fn tabs() -> Vec<Entry> {
    let i18n = use_i18n();
    vec![
        (routes::home(), IconName::Home, tu_string!(i18n, common.home), 0),
        (routes::jobs(), IconName::Jobs, tu_string!(i18n, common.jobs), 0),
        (routes::runs(), IconName::Runs, tu_string!(i18n, common.runs), 0),
        (routes::executors(), IconName::Executors, tu_string!(i18n, common.executors), 0),
    ]
}

/// What else there is for everybody.
fn more() -> Vec<Entry> {
    let i18n = use_i18n();
    let viewer = use_viewer();
    let (waiting, wrong) = viewer.as_ref().map_or((0, 0), |viewer| (viewer.approvals, viewer.inbox));
    let api = viewer.is_some_and(|viewer| viewer.api_docs);
    let api = api.then(|| (routes::api_docs(), IconName::Braces, tu_string!(i18n, api.title), 0));
    let all = [
        (routes::runs_inbox(&[]), IconName::CircleAlert, tu_string!(i18n, runs.inbox), wrong),
        (routes::topology(), IconName::Topology, tu_string!(i18n, common.topology), 0),
        (routes::statistics(), IconName::Statistics, tu_string!(i18n, common.statistics), 0),
        (routes::approvals_where(&[]), IconName::Stamp, tu_string!(i18n, common.approvals), waiting),
        (routes::alert_rules(), IconName::Bell, tu_string!(i18n, common.alerts), 0),
    ];
    all.into_iter().chain(api).collect()
}

/// What is no tab: on a phone it is below the viewer's name.
pub fn beyond_tabs() -> Vec<Entry> {
    more().into_iter().chain(administration()).collect()
}

/// What only those see who may manage it.
fn administration() -> Vec<Entry> {
    let i18n = use_i18n();
    match use_may().administer {
        true => vec![
            (routes::namespaces(), IconName::Layers, tu_string!(i18n, common.namespaces), 0),
            (routes::users(), IconName::User, tu_string!(i18n, common.users), 0),
            (routes::audit(), IconName::ListTree, tu_string!(i18n, audit.title), 0),
            (routes::cluster(), IconName::Cluster, tu_string!(i18n, servers.title), 0),
            (routes::retention(), IconName::Archive, tu_string!(i18n, retention.title), 0),
        ],
        false => Vec::new(),
    }
}

/// Whether `path` is the page of `entry` or one below it. Calendars are a part of jobs.
fn leads_to(entry: &str, path: &str) -> bool {
    let below = |top: &str| path.strip_prefix(top).is_some_and(|rest| rest.starts_with('/'));
    let calendars = routes::calendars();
    let is_calendar = entry == routes::jobs() && (path == calendars || below(&calendars));
    // And where alerts go, what was sent.
    let is_alert = entry == routes::alert_rules()
        && [routes::channels(), routes::deliveries_where(&[])].iter().any(|top| path == top || below(top));
    // The inbox is an entry of its own, and its page one below runs.
    let inbox = routes::runs_inbox(&[]);
    let is_below = below(entry) && (path != inbox || entry == inbox);
    path == entry || (entry != "/" && is_below) || is_calendar || is_alert
}

fn links(entries: Vec<Entry>) -> impl IntoView {
    let path = use_location().pathname;
    entries
        .into_iter()
        .map(|(href, icon, word, waiting)| {
            let entry = href.clone();
            let current = move || leads_to(&entry, &path.get()).then_some("page");
            view! {
                <a href=href aria-current=current>
                    <Icon name=icon/>
                    {word}
                    {(waiting > 0).then(|| view! { <span class="count">{count(waiting)}</span> })}
                </a>
            }
        })
        .collect_view()
}

/// What more than two digits stand for is only that it is much.
fn count(waiting: u64) -> String {
    if waiting > 99 { "99+".to_owned() } else { waiting.to_string() }
}

#[component]
pub fn Menu() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <nav class="menu" aria-label=tu_string!(i18n, common.menu)>
            {links(tabs())} {links(beyond_tabs())}
            <p class="end">{tu_string!(i18n, common.product)} " " {env!("CARGO_PKG_VERSION")}</p>
        </nav>
    }
}

#[component]
pub fn Tabs() -> impl IntoView {
    let i18n = use_i18n();
    view! { <nav class="tabs" aria-label=tu_string!(i18n, common.menu)>{links(tabs())}</nav> }
}

#[cfg(test)]
mod tests {
    use super::{count, leads_to};

    #[test]
    fn a_page_below_an_entry_belongs_to_it() {
        assert!(leads_to("/jobs", "/jobs"));
        assert!(leads_to("/jobs", "/jobs/3/edit"));
        assert!(leads_to("/jobs", "/calendars") && leads_to("/jobs", "/calendars/3"));
        assert!(leads_to("/settings/alerts", "/settings/channels/3"));
        assert!(!leads_to("/jobs", "/jobsmith") && !leads_to("/runs", "/calendars"));
        assert!(!leads_to("/", "/jobs"));
        assert!(leads_to("/runs/inbox", "/runs/inbox") && !leads_to("/runs", "/runs/inbox"));
        assert!(leads_to("/runs", "/runs/7"));
    }

    #[test]
    fn more_than_two_digits_are_not_counted() {
        assert_eq!([1, 99, 100].map(count), ["1", "99", "99+"]);
    }
}
