//! The protocol's fixed words: enumerations, header names, paths, result codes and texts.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Carries the shared secret, in both directions. Header names are compared without regard to case.
pub const TOKEN_HEADER: &str = "xxl-job-access-token";
/// The secret's header in XXL-JOB 2.1; pyxxl still sends it beside the other.
pub const LEGACY_TOKEN_HEADER: &str = "xxl-rpc-access-token";
/// Carries the executor's application name, in both directions; mandatory in generation G4.
pub const APP_NAME_HEADER: &str = "xxl-job-appname";
/// Carries the namespace of an Orrery executor; other servers ignore it.
pub const NAMESPACE_HEADER: &str = "orrery-namespace";
/// The content type of every request and reply.
pub const CONTENT_TYPE: &str = "application/json";

/// Where executors expect the server's API: without and with the context path most of them are configured with.
pub const API_MOUNTS: [&str; 2] = ["/api", "/xxl-job-admin/api"];

/// The names below [`API_MOUNTS`], and those below an executor's address.
pub mod path {
    /// Executor → server: this instance is alive.
    pub const REGISTRY: &str = "registry";
    /// Executor → server: this instance is leaving.
    pub const REGISTRY_REMOVE: &str = "registryRemove";
    /// Executor → server: results.
    pub const CALLBACK: &str = "callback";
    /// Executor of ours → server: how my host is doing, see [`crate::metrics`].
    pub const METRICS: &str = "metrics";
    /// Server → executor: are you there?
    pub const BEAT: &str = "beat";
    /// Server → executor: is this job idle with you?
    pub const IDLE_BEAT: &str = "idleBeat";
    /// Server → executor: run this (G1 to G3).
    pub const RUN: &str = "run";
    /// Server → executor: run this (G4).
    pub const TRIGGER: &str = "trigger";
    /// Server → executor of ours: run these, see [`crate::native`].
    pub const RUNS: &str = "runs";
    /// Server → executor of ours: have you got these runs?
    pub const ASK: &str = "ask";
    /// Server → executor: stop this job.
    pub const KILL: &str = "kill";
    /// Server → executor: give me the log of a run.
    pub const LOG: &str = "log";
}

/// `code` and `handleCode`: it worked.
pub const SUCCESS: i32 = 200;
/// `code` and `handleCode`: it failed.
pub const FAILURE: i32 = 500;
/// `handleCode`: it was stopped because it took longer than allowed.
pub const TIMEOUT: i32 = 502;

/// `msg` of a success.
pub const TEXT_SUCCESS: &str = "Success";
/// `msg` when the secret differs (G1 to G3).
pub const TEXT_WRONG_TOKEN: &str = "The access token is wrong.";
/// `msg` when one of the two mandatory headers is blank (G4).
pub const TEXT_EMPTY_CREDENTIALS: &str = "invalid request, accessToken or appname is empty.";
/// `msg` when secret and application name do not belong together (G4).
pub const TEXT_WRONG_CREDENTIALS: &str = "invalid request, accessToken or appname invalid.";
/// `msg` for a registration with a blank field.
pub const TEXT_ILLEGAL_ARGUMENT: &str = "Illegal Argument.";
/// `msg` for anything but POST.
pub const TEXT_WRONG_METHOD: &str = "invalid request, HttpMethod not support.";
/// `msg` for an empty body where one is needed.
pub const TEXT_EMPTY_BODY: &str = "invalid request, requestBody empty.";

/// `msg` for a path that is not part of the API. [`crate::RemoteReply::is_unknown_mapping`] recognises it.
pub fn unknown_mapping_text(path: &str) -> String {
    format!("invalid request, uri-mapping({path}) not found.")
}

/// What a result code says about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// 200.
    Success,
    /// 502.
    Timeout,
    /// Any other code.
    Failure,
}

impl Verdict {
    /// Classifies a result code.
    pub fn of(code: i32) -> Self {
        match code {
            SUCCESS => Self::Success,
            TIMEOUT => Self::Timeout,
            _ => Self::Failure,
        }
    }
}

/// A word that is not one of an enumeration's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord {
    /// The enumeration's field on the wire.
    pub field: &'static str,
    /// The word found.
    pub word: String,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] is not valid.", self.field, self.word)
    }
}

impl std::error::Error for UnknownWord {}

/// Gives an enumeration its wire names: `ALL`, `as_wire`, `Display`, `FromStr` and serde by name.
macro_rules! wire_words {
    ($name:ident, $field:literal, $($variant:ident = $word:literal),+ $(,)?) => {
        impl $name {
            /// Every variant, in the order they are offered.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            pub fn as_wire(&self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { field: $field, word: word.to_owned() }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_wire())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_wire())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

/// How a run is carried out (`glueType` on the wire): by a handler of the executor, or from source text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunMode {
    /// A handler that the executor registered under a name.
    #[default]
    Bean,
    /// Groovy source, for Java executors only.
    Groovy,
    /// A shell script, run by bash.
    Shell,
    /// A Python 3 script.
    Python,
    /// A Python 2 script.
    Python2,
    /// A PHP script.
    Php,
    /// A JavaScript file, run by Node.js.
    Nodejs,
    /// A PowerShell script.
    Powershell,
}

wire_words!(
    RunMode,
    "glueType",
    Bean = "BEAN",
    Groovy = "GLUE_GROOVY",
    Shell = "GLUE_SHELL",
    Python = "GLUE_PYTHON",
    Python2 = "GLUE_PYTHON2",
    Php = "GLUE_PHP",
    Nodejs = "GLUE_NODEJS",
    Powershell = "GLUE_POWERSHELL",
);

/// What an executor does with a run whose job is still busy there (`executorBlockStrategy` on the wire).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlockStrategy {
    /// Wait in line.
    #[default]
    SerialExecution,
    /// Refuse the new run.
    DiscardLater,
    /// Stop what runs and what waits, then start the new run.
    CoverEarly,
}

wire_words!(
    BlockStrategy,
    "executorBlockStrategy",
    SerialExecution = "SERIAL_EXECUTION",
    DiscardLater = "DISCARD_LATER",
    CoverEarly = "COVER_EARLY",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_returns_to_its_variant_by_name_and_by_serde() {
        for mode in RunMode::ALL {
            assert_eq!(mode.as_wire().parse(), Ok(*mode));
            let json = serde_json::to_string(mode).unwrap();
            assert_eq!(json, format!("\"{}\"", mode.as_wire()));
            assert_eq!(serde_json::from_str::<RunMode>(&json).unwrap(), *mode);
        }
        for strategy in BlockStrategy::ALL {
            assert_eq!(strategy.as_wire().parse(), Ok(*strategy));
            let json = serde_json::to_string(strategy).unwrap();
            assert_eq!(serde_json::from_str::<BlockStrategy>(&json).unwrap(), *strategy);
        }
    }

    #[test]
    fn an_unknown_word_is_named_with_its_field() {
        let error = "GLUE_COBOL".parse::<RunMode>().unwrap_err();
        assert_eq!(error.to_string(), "glueType[GLUE_COBOL] is not valid.");
    }

    #[test]
    fn only_200_is_success_and_only_502_a_timeout() {
        assert_eq!(Verdict::of(200), Verdict::Success);
        assert_eq!(Verdict::of(502), Verdict::Timeout);
        for code in [0, -1, 201, 405, 500, 501, i32::MAX] {
            assert_eq!(Verdict::of(code), Verdict::Failure, "{code}");
        }
    }
}
