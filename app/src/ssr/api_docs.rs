//! What the documentation of the API is told by the server.

/// Provided as context where the documentation is switched on.
#[derive(Clone, Debug)]
pub struct ApiDocs {
    /// Paths of server functions that no API token opens.
    pub session_functions: &'static [&'static str],
    /// Where executors find their API.
    pub executor_prefixes: Vec<String>,
}
