//! What a message is about, before it is put into words.

use super::asking::Asking;
use super::message::{Alert, Message, Wording};
use serde::{Deserialize, Serialize};

/// As it is stored, and as a receiver of one's own gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Asking(Asking),
    Alert(Alert),
}

impl Content {
    pub fn message(&self, wording: &Wording) -> Message {
        match self {
            Self::Asking(asking) => asking.message(wording),
            Self::Alert(alert) => alert.message(wording),
        }
    }

    /// What a receiver of one's own finds it under.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Asking(_) => "approval",
            Self::Alert(_) => "alert",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::audit_entry::{Noun, Verb};

    #[test]
    fn either_is_read_as_what_it_was_written_as() {
        let asking = Content::Asking(Asking {
            approval: 1,
            namespace: "a:b".to_owned(),
            submitter: "ada".to_owned(),
            noun: Noun::Executor,
            verb: Verb::Delete,
            object: "billing".to_owned(),
            code: None,
        });
        let alert = Content::Alert(Alert::test("a:b".to_owned()));
        for content in [asking, alert] {
            let text = serde_json::to_string(&content).unwrap();
            assert_eq!(serde_json::from_str::<Content>(&text).unwrap(), content, "{text}");
        }
    }
}
