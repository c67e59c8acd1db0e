//! The handlers of an executor, as far as they are known.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HandlersView {
    /// By name.
    pub handlers: Vec<HandlerLine>,
    /// Whether there is no other: there are instances, and each of them announces its handlers.
    pub complete: bool,
    /// Instances that announce.
    pub announcing: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandlerLine {
    pub name: String,
    /// How many instances announce it; 0 = it is only named by a job.
    pub instances: u64,
}

impl HandlersView {
    /// Whether it is certain that the executor has no handler of this name now.
    pub fn lacks(&self, name: &str) -> bool {
        let name = name.trim();
        self.complete && !name.is_empty() && self.handlers.iter().all(|handler| handler.name != name)
    }
}

#[cfg(feature = "ssr")]
impl From<scheduler::executors::KnownHandlers> for HandlersView {
    fn from(known: scheduler::executors::KnownHandlers) -> Self {
        let line = |handler: scheduler::executors::KnownHandler| HandlerLine {
            name: handler.name,
            instances: handler.instances,
        };
        Self {
            handlers: known.handlers.into_iter().map(line).collect(),
            complete: known.complete,
            announcing: known.announcing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_lacking_only_where_all_are_known() {
        let echo = HandlerLine { name: "echo".to_owned(), instances: 1 };
        let all = HandlersView { handlers: vec![echo], complete: true, announcing: 1 };
        assert!(all.lacks("ehco"));
        assert!(!all.lacks(" echo "));
        assert!(!all.lacks(""), "what is not typed yet is not wrong");
        assert!(!HandlersView { complete: false, ..all }.lacks("ehco"));
    }
}
