//! The route table and the builders of every link. No page writes an address by hand.

use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::NotFound;
use crate::components::frame::Frame;
use crate::components::toast::{Toasts, provide_toasts};
use crate::pages::login::Login;
use crate::parts::{Managing, Overview, Watching};
use leptos::prelude::*;
use leptos::tachys::view::RenderHtml;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// Where the application starts: everything but `/login` stands inside the frame.
#[component]
pub fn AppRoutes() -> impl IntoView {
    provide_toasts();
    view! {
        <Router>
            <Toasts/>
            <Routes fallback=NotFound>
                <Route path=path!("/login") view=page(Login) ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=page(Frame) ssr=SsrMode::Async>
                    <Route path=path!("/") view=Overview::Home ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=Managing::Account ssr=SsrMode::Async/>
                    <Route path=path!("/jobs") view=Watching::Jobs ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/new") view=Managing::NewJob ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id") view=Watching::Job ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id/edit") view=Managing::EditJob ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id/code") view=Managing::JobCode ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id/history") view=Managing::JobHistory ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id/backfill") view=Managing::Backfill ssr=SsrMode::Async/>
                    <Route path=path!("/calendars") view=Managing::Calendars ssr=SsrMode::Async/>
                    <Route path=path!("/calendars/new") view=Managing::NewCalendar ssr=SsrMode::Async/>
                    <Route path=path!("/calendars/:id") view=Managing::EditCalendar ssr=SsrMode::Async/>
                    <Route path=path!("/runs") view=Watching::Runs ssr=SsrMode::Async/>
                    <Route path=path!("/runs/clean") view=Managing::CleanRuns ssr=SsrMode::Async/>
                    <Route path=path!("/runs/inbox") view=Watching::Inbox ssr=SsrMode::Async/>
                    <Route path=path!("/runs/:id") view=Watching::Run ssr=SsrMode::Async/>
                    <Route path=path!("/executors") view=Watching::Executors ssr=SsrMode::Async/>
                    <Route path=path!("/executors/new") view=Managing::NewExecutor ssr=SsrMode::Async/>
                    <Route path=path!("/executors/:id") view=Watching::Executor ssr=SsrMode::Async/>
                    <Route path=path!("/executors/:id/edit") view=Managing::EditExecutor ssr=SsrMode::Async/>
                    <Route path=path!("/api-docs") view=Managing::ApiDocs ssr=SsrMode::Async/>
                    <Route path=path!("/approvals") view=Managing::Approvals ssr=SsrMode::Async/>
                    <Route path=path!("/approvals/:id") view=Managing::Approval ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view=Managing::Audit ssr=SsrMode::Async/>
                    <Route path=path!("/settings/alerts") view=Managing::AlertRules ssr=SsrMode::Async/>
                    <Route path=path!("/settings/alerts/new") view=Managing::NewAlertRule ssr=SsrMode::Async/>
                    <Route path=path!("/settings/alerts/:id") view=Managing::EditAlertRule ssr=SsrMode::Async/>
                    <Route path=path!("/settings/channels") view=Managing::Channels ssr=SsrMode::Async/>
                    <Route path=path!("/settings/channels/new") view=Managing::NewChannel ssr=SsrMode::Async/>
                    <Route path=path!("/settings/channels/:id") view=Managing::EditChannel ssr=SsrMode::Async/>
                    <Route path=path!("/settings/deliveries") view=Managing::Deliveries ssr=SsrMode::Async/>
                    <Route path=path!("/search") view=Managing::Search ssr=SsrMode::Async/>
                    <Route path=path!("/settings/retention") view=Managing::Retention ssr=SsrMode::Async/>
                    <Route path=path!("/cluster") view=Managing::Servers ssr=SsrMode::Async/>
                    <Route path=path!("/cluster/:id") view=Managing::Server ssr=SsrMode::Async/>
                    <Route path=path!("/statistics") view=Watching::Statistics ssr=SsrMode::Async/>
                    <Route path=path!("/topology") view=Watching::Topology ssr=SsrMode::Async/>
                    <Route path=path!("/freezes") view=Managing::Freezes ssr=SsrMode::Async/>
                    <Route path=path!("/users") view=Managing::Users ssr=SsrMode::Async/>
                    <Route path=path!("/users/new") view=Managing::NewUser ssr=SsrMode::Async/>
                    <Route path=path!("/users/:id") view=Managing::User ssr=SsrMode::Async/>
                    <Route path=path!("/namespaces") view=Managing::Namespaces ssr=SsrMode::Async/>
                    <Route path=path!("/namespaces/new") view=Managing::NewNamespace ssr=SsrMode::Async/>
                    <Route path=path!("/namespaces/:id") view=Managing::Namespace ssr=SsrMode::Async/>
                    // Inside the frame, so that a wrong address still shows the menu.
                    <Route path=path!("/*any") view=page(NotFound) ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// What every page needs, as a route takes it.
fn page<V: RenderHtml + 'static>(view: fn() -> V) -> impl Fn() -> AnyView + Clone + Send {
    move || view().at_once()
}

/// The home page.
pub fn home() -> String {
    "/".into()
}

/// The sign-in page; `next` is the address within this site to go to afterwards.
pub fn login(next: Option<&str>) -> String {
    link("/login", &[("next", next.unwrap_or_default())])
}

/// What is frozen, and was.
pub fn freezes() -> String {
    "/freezes".into()
}

/// Who changed what.
pub fn audit() -> String {
    "/audit".into()
}

/// The changes, filtered; empty values are left out.
pub fn audit_where(query: &[(&str, &str)]) -> String {
    link(&audit(), query)
}

/// Who came, was turned away, or read the audit; `after` is where the page begins.
pub fn audit_accesses(after: &str) -> String {
    audit_where(&[("show", "accesses"), ("after", after)])
}

/// All changes, as a file.
pub fn audit_export() -> String {
    "/audit/export".into()
}

/// The viewer's own account.
pub fn account() -> String {
    "/account".into()
}

/// The viewer's own account, with where to go once the password is changed.
pub fn account_then(next: &str) -> String {
    link(&account(), &[("next", next)])
}

/// All jobs.
pub fn jobs() -> String {
    "/jobs".into()
}

/// The list of jobs, filtered; empty values are left out.
pub fn jobs_where(query: &[(&str, &str)]) -> String {
    link("/jobs", query)
}

/// The form of a new job.
pub fn job_new() -> String {
    "/jobs/new".into()
}

/// One job.
pub fn job(id: i32) -> String {
    format!("/jobs/{id}")
}

/// The form of a job.
pub fn job_edit(id: i32) -> String {
    format!("/jobs/{id}/edit")
}

/// A job's code and its versions.
pub fn job_code(id: i32) -> String {
    format!("/jobs/{id}/code")
}

/// A version of a job's code, shown under the editor.
pub fn job_code_version(id: i32, number: i32) -> String {
    link(&job_code(id), &[("version", &number.to_string())]) + "#shown"
}

/// What differs between two versions of a job's code.
pub fn job_code_difference(id: i32, from: i32, to: i32) -> String {
    link(&job_code(id), &[("from", &from.to_string()), ("to", &to.to_string())]) + "#shown"
}

/// What people did with a job.
pub fn job_history(id: i32) -> String {
    format!("/jobs/{id}/history")
}

/// The form that runs a job for past times.
pub fn job_backfill(id: i32) -> String {
    format!("/jobs/{id}/backfill")
}

/// All calendars.
pub fn calendars() -> String {
    "/calendars".into()
}

/// The form of a new calendar.
pub fn calendar_new() -> String {
    "/calendars/new".into()
}

/// The form of a calendar.
pub fn calendar_edit(id: i32) -> String {
    format!("/calendars/{id}")
}

/// The servers.
pub fn cluster() -> String {
    "/cluster".into()
}

/// A server, and its jobs from behind `after`.
pub fn server(id: i32, after: &str) -> String {
    link(&format!("/cluster/{id}"), &[("after", after)])
}

/// How long the past is kept.
pub fn retention() -> String {
    "/settings/retention".into()
}

/// All alert rules.
pub fn alert_rules() -> String {
    "/settings/alerts".into()
}

/// The form of a new alert rule.
pub fn alert_rule_new() -> String {
    "/settings/alerts/new".into()
}

/// The form of an alert rule.
pub fn alert_rule_edit(id: i32) -> String {
    format!("/settings/alerts/{id}")
}

/// All channels.
pub fn channels() -> String {
    "/settings/channels".into()
}

/// The form of a new channel.
pub fn channel_new() -> String {
    "/settings/channels/new".into()
}

/// The form of a channel.
pub fn channel_edit(id: i32) -> String {
    format!("/settings/channels/{id}")
}

/// What programs can call.
pub fn api_docs() -> String {
    "/api-docs".into()
}

/// One endpoint: `jobs/run_job`.
pub fn api_endpoint(name: &str) -> String {
    link(&api_docs(), &[("endpoint", name)])
}

/// Changes that wait for approval, filtered; empty values are left out.
pub fn approvals_where(query: &[(&str, &str)]) -> String {
    link("/approvals", query)
}

/// One of them.
pub fn approval(id: i32) -> String {
    format!("/approvals/{id}")
}

/// What was sent, filtered; empty values are left out.
pub fn deliveries_where(query: &[(&str, &str)]) -> String {
    link("/settings/deliveries", query)
}

/// All runs.
pub fn runs() -> String {
    "/runs".into()
}

/// The charts of an instance's host on its executor's page; `until` is the end of what they show, empty for now.
pub fn executor_history(id: i32, instance_id: i32, until: &str) -> String {
    let instance = instance_id.to_string();
    format!("{}#history", link(&executor(id), &[("instance", &instance), ("until", until)]))
}

/// The run log, filtered; empty values are left out.
pub fn runs_where(query: &[(&str, &str)]) -> String {
    link("/runs", query)
}

/// Where a part of the runs' history is deleted; what is chosen already, empty values are left out.
pub fn runs_clean(query: &[(&str, &str)]) -> String {
    link("/runs/clean", query)
}

/// What went wrong and nobody has dealt with, filtered; empty values are left out.
pub fn runs_inbox(query: &[(&str, &str)]) -> String {
    link("/runs/inbox", query)
}

/// The runs of one job.
pub fn runs_of_job(job: i32) -> String {
    link("/runs", &[("job", &job.to_string())])
}

/// One run.
pub fn run(id: i64) -> String {
    format!("/runs/{id}")
}

/// A part of a run's log, and what is found in it; `line` is marked. Empty values are left out.
pub fn run_log(id: i64, query: &[(&str, &str)], line: Option<i32>) -> String {
    let anchor = line.map_or_else(|| "log".to_owned(), |line| format!("L{line}"));
    format!("{}#{anchor}", link(&run(id), query))
}

/// One line of a run's log, with those around it.
pub fn run_log_line(id: i64, line: i32) -> String {
    run_log(id, &[("line", &line.to_string())], Some(line))
}

/// All of a run's log, as a file.
pub fn run_log_text(id: i64) -> String {
    format!("/runs/{id}/log/text")
}

/// What is written from this line on, as events.
pub fn run_log_events(id: i64, from: i32) -> String {
    format!("/runs/{id}/log/events?from={from}")
}

/// All executors.
pub fn executors() -> String {
    "/executors".into()
}

/// The list of executors, filtered; empty values are left out.
pub fn executors_where(query: &[(&str, &str)]) -> String {
    link("/executors", query)
}

/// The form of a new executor.
pub fn executor_new() -> String {
    "/executors/new".into()
}

/// One executor.
pub fn executor(id: i32) -> String {
    format!("/executors/{id}")
}

/// The form of an executor.
pub fn executor_edit(id: i32) -> String {
    format!("/executors/{id}/edit")
}

/// All users.
pub fn users() -> String {
    "/users".into()
}

/// The form of a new user.
pub fn user_new() -> String {
    "/users/new".into()
}

/// One user.
pub fn user(id: i32) -> String {
    format!("/users/{id}")
}

/// All namespaces.
pub fn namespaces() -> String {
    "/namespaces".into()
}

/// The form of a new namespace.
pub fn namespace_new() -> String {
    "/namespaces/new".into()
}

/// One namespace with its people.
pub fn namespace(id: i32) -> String {
    format!("/namespaces/{id}")
}

/// What goes by a text; nothing yet where it is empty.
pub fn search(text: &str) -> String {
    link("/search", &[("q", text)])
}

/// How runs ended.
pub fn statistics() -> String {
    "/statistics".into()
}

/// How runs ended in a range; empty values are left out.
pub fn statistics_where(query: &[(&str, &str)]) -> String {
    link("/statistics", query)
}

/// The map of what there is.
pub fn topology() -> String {
    "/topology".into()
}

/// The map, narrowed and with something opened; empty values are left out.
pub fn topology_where(query: &[(&str, &str)]) -> String {
    link("/topology", query)
}

/// An address with its query, in the order given; empty values are left out.
pub fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut separator = '?';
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(separator);
        address.push_str(&percent_encode(name));
        address.push('=');
        address.push_str(&percent_encode(value));
        separator = '&';
    }
    address
}

/// Encodes everything but RFC 3986's unreserved characters.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The reverse of [`percent_encode`]; `None` where the bytes are no UTF-8 or an escape is cut.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                (high * 16 + low) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// `address` when it leads into this site, else the home page: nobody is sent elsewhere by a link.
pub fn within_site(address: &str) -> String {
    let inside =
        address.starts_with('/') && !address.starts_with("//") && !address.contains(['\\', '\r', '\n']);
    if inside { address.to_owned() } else { home() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_filters_leave_the_address_alone() {
        assert_eq!(runs_where(&[("state", ""), ("job", "7")]), "/runs?job=7");
        assert_eq!(runs_where(&[]), "/runs");
    }

    #[test]
    fn what_a_query_holds_cannot_break_out_of_it() {
        assert_eq!(jobs_where(&[("q", "a&b=1 #名")]), "/jobs?q=a%26b%3D1%20%23%E5%90%8D");
        assert_eq!(percent_decode("a%26b%3D1%20%23%E5%90%8D").as_deref(), Some("a&b=1 #名"));
        assert_eq!(percent_decode("a%2"), None);
    }

    #[test]
    fn sign_in_leads_back_into_this_site_only() {
        assert_eq!(within_site("/jobs/3"), "/jobs/3");
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "jobs"] {
            assert_eq!(within_site(elsewhere), "/");
        }
    }
}
