//! The documentation of the API: the server functions that this server has, and what it and executors say to one
//! another. Nothing of it is listed by hand.

use crate::error::AppError;
#[cfg(feature = "ssr")]
use crate::ssr;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A server function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointLine {
    /// Its path without the parts that all have: `jobs/run_job`.
    pub name: String,
    /// `/rpc/…`
    pub path: String,
    pub method: String,
    /// What it is for, in the viewer's language.
    pub text: String,
    pub reach: Reach,
    /// It may change something.
    pub changes: bool,
}

/// Who can call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Programs with an API token, and whoever is signed in.
    Token,
    /// Whoever is signed in with a browser.
    Session,
}

/// What executors ask of servers, or servers of executors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorCall {
    /// Where it is found: on each of the server's prefixes, or below the address of an instance.
    pub paths: Vec<String>,
    pub text: String,
    pub to_server: bool,
    /// Executors of ours alone know it.
    pub ours: bool,
}

/// All there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The server's address, without a slash at its end.
    pub base: String,
    /// By the file they stand in, and by name.
    pub lines: Vec<EndpointLine>,
    pub executors: Vec<ExecutorCall>,
}

/// One server function with what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointView {
    pub base: String,
    pub line: EndpointLine,
    pub fields: Vec<EndpointField>,
}

/// An argument, or a part of one: `form[name]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointField {
    pub name: String,
    pub kind: FieldKind,
    /// The words of a choice.
    pub choices: Vec<String>,
    /// It has to be sent, maybe empty.
    pub required: bool,
}

/// What an argument is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Integer,
    Number,
    Boolean,
    Choice,
}

/// The endpoints that this documentation lists.
#[server]
pub async fn list_endpoints() -> Result<Endpoints, AppError> {
    let docs = registry::docs().map_err(ssr::refuse)?;
    Ok(Endpoints {
        base: ssr::public_url(),
        lines: registry::endpoints().map(|(found, method)| found.line(&docs, &method)).collect(),
        executors: registry::executor_calls(&docs),
    })
}

/// One endpoint with what it takes.
#[server]
pub async fn endpoint(name: String) -> Result<EndpointView, AppError> {
    use crate::error::ErrorKind;
    let docs = registry::docs().map_err(ssr::refuse)?;
    let found = registry::endpoints().find(|(found, _)| found.name == name);
    let (found, method) = found.ok_or_else(|| ssr::refuse(AppError::new(ErrorKind::NotFound)))?;
    let fields = found.fields.iter().map(EndpointField::from).collect();
    Ok(EndpointView { base: ssr::public_url(), line: found.line(&docs, &method), fields })
}

#[cfg(feature = "ssr")]
pub mod registry;
