//! What the server has registered, joined with what the build read out of the source.

use super::{EndpointField, EndpointLine, ExecutorCall, FieldKind, Reach};
use crate::error::{AppError, ErrorKind};
use crate::i18n::Locale;
use crate::ssr::{ApiDocs, request_locale};
use http::Method;
use leptos::prelude::use_context;
use server_fn::axum::server_fn_paths;

/// Where the server functions of [`crate::api`] are found.
pub const PREFIX: &str = "/rpc/app/api/";

/// A server function as its source describes it.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    pub name: &'static str,
    pub text: Text,
    /// It answers more than that it is done.
    pub answers: bool,
    pub fields: &'static [Field],
}

/// In each language.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    pub en: &'static str,
    pub zh: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: FieldKind,
    pub choices: &'static [&'static str],
    pub required: bool,
}

/// A path of the executors' protocol.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub name: &'static str,
    pub text: Text,
    pub to_server: bool,
    pub ours: bool,
}

// Generated from `src/api` and the protocol by the build script.
include!(concat!(env!("OUT_DIR"), "/api.rs"));

/// What only the server knows of it.
///
/// # Errors
/// [`ErrorKind::NotFound`] where the documentation is switched off, and [`ErrorKind::Unauthenticated`].
pub fn docs() -> Result<ApiDocs, AppError> {
    crate::ssr::domain()?;
    use_context::<ApiDocs>().ok_or_else(|| AppError::new(ErrorKind::NotFound))
}

/// The server functions that this program has registered, by the file they stand in. One that the build did not read about is one of
/// somebody else's, and there is none.
pub fn endpoints() -> impl Iterator<Item = (Signature, Method)> {
    let described = |(path, method): (&str, Method)| {
        let name = path.strip_prefix(PREFIX)?;
        Some((*SIGNATURES.iter().find(|signature| signature.name == name)?, method))
    };
    let mut found: Vec<_> = server_fn_paths().filter_map(described).collect();
    found.sort_by_key(|(signature, _)| signature.name.rsplit_once('/'));
    found.into_iter()
}

/// What executors and servers say to one another.
pub fn executor_calls(docs: &ApiDocs) -> Vec<ExecutorCall> {
    let paths = |call: &Call| match call.to_server {
        true => docs.executor_prefixes.iter().map(|prefix| format!("{prefix}/{}", call.name)).collect(),
        false => vec![format!("/{}", call.name)],
    };
    let view = |call: &Call| ExecutorCall {
        paths: paths(call),
        text: call.text.said(),
        to_server: call.to_server,
        ours: call.ours,
    };
    CALLS.iter().map(view).collect()
}

impl Signature {
    pub fn line(&self, docs: &ApiDocs, method: &Method) -> EndpointLine {
        let path = format!("{PREFIX}{}", self.name);
        let is_session = docs.session_functions.contains(&path.as_str());
        EndpointLine {
            name: self.name.to_owned(),
            method: method.to_string(),
            text: self.text.said(),
            reach: if is_session { Reach::Session } else { Reach::Token },
            // What makes or shows secrets is never read by the way either.
            changes: !self.answers || is_session,
            path,
        }
    }
}

impl Text {
    fn said(self) -> String {
        match request_locale() {
            Locale::en => self.en.to_owned(),
            Locale::zh_CN => self.zh.to_owned(),
        }
    }
}

impl From<&Field> for EndpointField {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.to_owned(),
            kind: field.kind,
            choices: field.choices.iter().map(|word| (*word).to_owned()).collect(),
            required: field.required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_server_function_is_described_in_both_languages() {
        let described: BTreeSet<&str> = endpoints().map(|(found, _)| found.name).collect();
        let registered: BTreeSet<&str> =
            server_fn_paths().map(|(path, _)| path.strip_prefix(PREFIX).unwrap_or(path)).collect();
        assert_eq!(described, registered);
        for (found, _) in endpoints() {
            let Text { en, zh } = found.text;
            assert!(en.len() > 4 && en.ends_with('.') && zh.ends_with('。'), "{}: {en} {zh}", found.name);
            assert!(!en.contains('['), "{}: a link means nothing to a caller", found.name);
        }
    }

    #[test]
    fn arguments_are_read_with_what_they_are_made_of() {
        let fields = |name: &str| SIGNATURES.iter().find(|found| found.name == name).unwrap().fields;
        let one = |name: &str, field: &str| *fields(name).iter().find(|found| found.name == field).unwrap();
        let id = one("jobs/run_job", "id");
        assert!(id.required && id.kind == FieldKind::Integer);
        assert!(!one("jobs/run_job", "parameter").required);
        let role = one("namespaces/change_grant", "role");
        assert_eq!(role.choices, ["viewer", "operator", "editor", "approver", "owner"]);
        assert!(!one("runs/inbox/deal_with_runs", "ids[]").required);
        // A structure is there once one of its fields is.
        let query = fields("jobs/list_jobs");
        assert!(query[0].required && query[1..].iter().all(|field| !field.required));
    }

    #[test]
    fn both_sides_of_the_executors_protocol_are_listed() {
        let to = |to_server: bool| CALLS.iter().filter(move |call| call.to_server == to_server);
        assert_eq!(
            to(true).map(|call| call.name).collect::<Vec<_>>(),
            ["registry", "registryRemove", "callback", "metrics"]
        );
        assert!(to(false).any(|call| call.name == "run" && !call.ours));
        assert!(to(false).any(|call| call.name == "runs" && call.ours));
    }
}
