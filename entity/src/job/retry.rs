//! How a job's runs are retried.

use crate::run::RunState;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the delay before a retry grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RetryBackoff {
    /// Always the same.
    Fixed,
    /// Doubled with each attempt, up to 24 hours.
    Exponential,
}

/// The ends of a run that may be retried, written as a list: `failed,timed_out,lost`. A person's kill
/// and a skip are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, DeriveValueType, Serialize, Deserialize)]
#[sea_orm(value_type = "String")]
#[serde(try_from = "String", into = "String")]
pub struct RetryOn {
    pub failed: bool,
    pub timed_out: bool,
    pub lost: bool,
}

impl RetryOn {
    /// What jobs retry unless somebody chooses otherwise: ends that are known to be bad. A lost run may
    /// have done its work.
    pub const USUAL: Self = Self::of(true, true, false);

    /// Every choice there is.
    pub const CHOICES: [Self; 7] = [
        Self::USUAL,
        Self::of(true, true, true),
        Self::of(true, false, false),
        Self::of(false, true, false),
        Self::of(false, false, true),
        Self::of(true, false, true),
        Self::of(false, true, true),
    ];

    const fn of(failed: bool, timed_out: bool, lost: bool) -> Self {
        Self { failed, timed_out, lost }
    }

    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether a run that ended so is retried.
    pub fn includes(self, state: RunState) -> bool {
        match state {
            RunState::Failed => self.failed,
            RunState::TimedOut => self.timed_out,
            RunState::Lost => self.lost,
            _ => false,
        }
    }
}

impl fmt::Display for RetryOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.failed, "failed"), (self.timed_out, "timed_out"), (self.lost, "lost")];
        let words: Vec<&str> = words.into_iter().filter(|(is_in, _)| *is_in).map(|(_, word)| word).collect();
        f.write_str(&words.join(","))
    }
}

/// A word that names no end of a run that can be retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEnd(pub String);

impl fmt::Display for UnknownEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no end of a run that can be retried", self.0)
    }
}

impl std::error::Error for UnknownEnd {}

impl FromStr for RetryOn {
    type Err = UnknownEnd;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut ends = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "failed" => ends.failed = true,
                "timed_out" => ends.timed_out = true,
                "lost" => ends.lost = true,
                _ => return Err(UnknownEnd(word.to_owned())),
            }
        }
        Ok(ends)
    }
}

impl TryFrom<String> for RetryOn {
    type Error = UnknownEnd;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RetryOn> for String {
    fn from(ends: RetryOn) -> Self {
        ends.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::RetryOn;

    #[test]
    fn the_ends_to_retry_are_read_as_they_are_written() {
        for ends in RetryOn::CHOICES.into_iter().chain([RetryOn::default()]) {
            assert_eq!(ends.to_string().parse(), Ok(ends));
        }
        assert_eq!(RetryOn::USUAL.to_string(), "failed,timed_out");
        assert!("failed,killed".parse::<RetryOn>().is_err());
    }
}
