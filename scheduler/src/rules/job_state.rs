//! Whether a job fires, and what a person's word makes of it.
//!
//! | From | start | stop | disable | enable |
//! |---|---|---|---|---|
//! | on | stays | stopped | disabled | stays |
//! | stopped | on | stays | disabled | refused |
//! | disabled | refused | refused | stays | on |
//!
//! A job that is *stopped* is paused: its schedule does not fire, and people, the API and parent jobs start
//! it all the same. Nothing starts one that is *disabled*.

use entity::job::JobState::{self, Disabled, On, Stopped};
use serde::{Deserialize, Serialize};

/// What a person says about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Start,
    Stop,
    Disable,
    Enable,
}

/// The state that a word leads to, which may be the present one; none where it is refused.
pub fn after(state: JobState, word: Word) -> Option<JobState> {
    match (state, word) {
        (On | Stopped, Word::Start) | (On | Disabled, Word::Enable) => Some(On),
        (On | Stopped, Word::Stop) => Some(Stopped),
        (_, Word::Disable) => Some(Disabled),
        (Disabled, Word::Start | Word::Stop) | (Stopped, Word::Enable) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Word::*;

    #[test]
    fn each_word_leads_where_the_table_says() {
        let table = [
            (On, [Some(On), Some(Stopped), Some(Disabled), Some(On)]),
            (Stopped, [Some(On), Some(Stopped), Some(Disabled), None]),
            (Disabled, [None, None, Some(Disabled), Some(On)]),
        ];
        for (state, expected) in table {
            assert_eq!([Start, Stop, Disable, Enable].map(|word| after(state, word)), expected, "{state:?}");
        }
    }

    #[test]
    fn a_word_that_is_repeated_changes_nothing() {
        for state in [On, Stopped, Disabled] {
            for word in [Start, Stop, Disable, Enable] {
                let Some(next) = after(state, word) else { continue };
                assert_eq!(after(next, word), Some(next), "{word:?} twice from {state:?}");
            }
        }
    }
}
