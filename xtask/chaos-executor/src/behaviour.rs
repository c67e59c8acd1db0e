//! How the executor behaves at the moment.

use serde::Deserialize;

/// What `POST /chaos` sets; what is left out is as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub run: Run,
    pub results: Results,
}

/// What becomes of a request to run something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Taken up, and said so.
    #[default]
    Honest,
    /// Taken up at once, and said so after the server has lost its patience.
    Slow,
    /// Taken up, and never said so.
    Silent,
    /// Nothing is answered, whatever is asked, and nothing is taken up.
    Hanging,
    /// Refused.
    Refusing,
    /// Not taken up, and answered with a page.
    Garbled,
    /// Not taken up, and answered as if it were.
    Forgetful,
}

/// What becomes of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Results {
    #[default]
    Prompt,
    Lost,
    Delayed,
    Doubled,
    /// Collected for a moment and sent one by one, the latest first.
    Reordered,
}
