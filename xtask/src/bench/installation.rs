//! A whole installation to look at: a release with its site, with content, and its administrator signed in.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::programs::Prepared;
use crate::orrery::BenchmarkContent;
use crate::process::Group;
use crate::site;
use crate::visitor::Visitor;

const ONE_TIME: &str = "only for the first sign-in";

/// Every page that a person opens, with what stands for the number of a thing.
pub const PAGES: [&str; 44] = [
    "/",
    "/topology",
    "/jobs",
    "/jobs/new",
    "/jobs/{job}",
    "/jobs/{job}/edit",
    "/jobs/{job}/code",
    "/jobs/{job}/history",
    "/jobs/{job}/backfill",
    "/calendars",
    "/calendars/new",
    "/runs",
    "/runs/clean",
    "/runs/inbox",
    "/runs/{run}",
    "/executors",
    "/executors/new",
    "/executors/{executor}",
    "/executors/{executor}/edit",
    "/statistics",
    "/approvals",
    "/approvals/{approval}",
    "/freezes",
    "/cluster",
    "/cluster/1",
    "/settings/alerts",
    "/settings/alerts/new",
    "/settings/channels",
    "/settings/channels/new",
    "/settings/deliveries",
    "/settings/retention",
    "/namespaces",
    "/namespaces/new",
    "/namespaces/{namespace}",
    "/users",
    "/users/new",
    "/users/{user}",
    "/audit",
    "/account",
    "/jobs?executor={executor}",
    "/runs?state=failed",
    "/statistics?range=30d",
    "/jobs?name=copy",
    "/audit?actor=admin",
];

/// A server that serves the demonstration, and what a benchmark adds to it.
pub struct Installation {
    pub visitor: Visitor,
    pub url: String,
    prepared: Prepared,
    serving: Group,
}

impl Installation {
    /// Builds the release with its site, or takes an executable that has it; fills a fresh database, and signs in.
    pub fn start(executable: Option<&Path>, content: Option<&BenchmarkContent>) -> Result<Self> {
        let server = match executable {
            Some(file) => file.to_owned(),
            None => site::build(true)?.server,
        };
        println!("filling the database ...");
        let settings = [("ORRERY_ADMIN_PASSWORD", ONE_TIME)];
        let prepared = Prepared::fresh(&server, content, &settings)?;
        let (serving, _) = prepared.serve()?;
        // The first start makes an administrator only where there is nobody yet.
        prepared.server.seed_demonstration()?;
        let url = prepared.server.url();
        let visitor = Visitor::sign_in(&url, ONE_TIME)?;
        Ok(Self { visitor, url, prepared, serving })
    }

    /// A page's path, with the number of the first thing of its kind that its list names.
    ///
    /// # Errors
    /// When the list names none.
    pub fn path(&self, pattern: &str) -> Result<String> {
        let Some((before, rest)) = pattern.split_once('{') else {
            return Ok(pattern.to_owned());
        };
        let (noun, after) = rest.split_once('}').context("an open brace")?;
        let list = format!("/{noun}s");
        let html = self.visitor.get(&list, "identity")?.text();
        let number = first_number(&html, &format!("href=\"{list}/"));
        let number = number.with_context(|| format!("{list} names no {noun}"))?;
        Ok(format!("{before}{number}{after}"))
    }

    pub fn stop(mut self) -> Result<()> {
        self.serving.stop()?;
        let log = std::fs::read_to_string(self.prepared.scratch.path().join("server.log"))?;
        ensure!(!log.contains("panicked"), "the server panicked: {log}");
        Ok(())
    }
}

/// The digits that follow the first of these texts that is followed by some.
fn first_number(html: &str, text: &str) -> Option<String> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    html.split(text).skip(1).map(digits).find(|number| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_something_new_is_no_thing_of_its_kind() {
        let html = r#"<a href="/jobs/new">New</a><a href="/jobs/17/edit">Edit</a>"#;
        assert_eq!(first_number(html, "href=\"/jobs/").as_deref(), Some("17"));
        assert_eq!(first_number(html, "href=\"/runs/"), None);
    }
}
