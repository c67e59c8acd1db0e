//! What the page of a run shows of its log.

use entity::log::Trouble;
use entity::run::RunState;
use serde::{Deserialize, Serialize};

/// Which part, as it stands in the address; without any of them it is the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// The line to mark, with those around it.
    pub line: String,
    /// The line before which the part ends.
    pub before: String,
    /// A text to look for.
    pub find: String,
    /// The line from which on it is looked for.
    pub from: String,
}

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    pub run: RunState,
    pub of: LogOf,
    /// In order; between two of them lines were left out.
    pub pieces: Vec<LogPiece>,
    /// The line that was asked for.
    pub marked: Option<i32>,
    /// The first line shown, where there are earlier ones.
    pub earlier: Option<i32>,
    /// The line behind the last one shown, where there are later ones.
    pub later: Option<i32>,
    /// The line to follow from.
    pub next: i32,
    /// Whether new lines may come behind those shown.
    pub follows: bool,
    /// The executor is known to have none.
    pub has_no_log: bool,
    pub trouble: Option<Trouble>,
    pub found: Option<LogFound>,
}

/// Where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogOf {
    /// The run never went out.
    Nobody,
    Executor,
    /// From the database, where it is since this time (ms).
    Kept(i64),
}

/// Consecutive lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// The number of the first one.
    pub first: i32,
    /// Without line ends; text whatever they hold.
    pub lines: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFound {
    pub text: String,
    /// The line from which on it was looked for.
    pub from: i32,
    pub matches: Vec<LogMatch>,
    /// Where to look on, unless the end was reached.
    pub next: Option<i32>,
    pub trouble: Option<Trouble>,
}

/// One line that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMatch {
    pub line: i32,
    /// The line, or a part of it.
    pub text: String,
}

#[cfg(feature = "ssr")]
mod from_services {
    use super::*;
    use scheduler::logs::{self, Ask, Found, LogView, Search};

    /// Characters that are looked for.
    const LONGEST: usize = 200;

    impl LogQuery {
        /// A number that is none asks for nothing.
        pub(in crate::api) fn ask(&self) -> Ask {
            let number = |text: &str| text.trim().parse::<i32>().ok().filter(|line| *line > 0);
            match (number(&self.line), number(&self.before)) {
                (Some(line), _) => Ask::Around(line),
                (None, Some(line)) => Ask::Before(line),
                (None, None) => Ask::End,
            }
        }

        pub(in crate::api) fn search(&self) -> Option<Search> {
            let text: String = self.find.trim().chars().take(LONGEST).collect();
            let from = self.from.trim().parse().unwrap_or(1);
            (!text.is_empty()).then_some(Search { text, from })
        }
    }

    impl LogPage {
        pub(in crate::api) fn new(query: &LogQuery, view: LogView, found: Option<LogFound>) -> Self {
            let ask = query.ask();
            let LogView { run, of, pieces, next, has_later, has_no_log, trouble } = view;
            let first = pieces.first().map_or(1, |piece| piece.first);
            let follows = ask == Ask::End
                && match of {
                    logs::LogOf::Nobody => !run.is_final(),
                    logs::LogOf::Executor => !has_later,
                    logs::LogOf::Kept(_) => false,
                };
            Self {
                run,
                of: match of {
                    logs::LogOf::Nobody => LogOf::Nobody,
                    logs::LogOf::Executor => LogOf::Executor,
                    logs::LogOf::Kept(at) => LogOf::Kept(at),
                },
                pieces: pieces.into_iter().map(LogPiece::from).collect(),
                marked: match ask {
                    Ask::Around(line) => Some(line),
                    _ => None,
                },
                earlier: (first > 1).then_some(first),
                later: has_later.then_some(next),
                next,
                follows,
                has_no_log,
                trouble,
                found,
            }
        }
    }

    impl From<logs::Lines> for LogPiece {
        fn from(logs::Lines { first, lines }: logs::Lines) -> Self {
            Self { first, lines }
        }
    }

    impl LogFound {
        pub(in crate::api) fn new(search: Search, found: Found) -> Self {
            let Found { matches, next, trouble, .. } = found;
            let of = |logs::Match { line, text }| LogMatch { line, text };
            let matches = matches.into_iter().map(of).collect();
            Self { text: search.text, from: search.from.max(1), matches, next, trouble }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_address_that_makes_no_sense_shows_the_end() {
            let query = |line: &str, before: &str| LogQuery {
                line: line.to_owned(),
                before: before.to_owned(),
                ..LogQuery::default()
            };
            assert_eq!(query("", "").ask(), Ask::End);
            assert_eq!(query("x", "-4").ask(), Ask::End);
            assert_eq!(query("120", "7").ask(), Ask::Around(120));
            assert_eq!(query("", "7").ask(), Ask::Before(7));
            assert_eq!(LogQuery { find: "  ".to_owned(), ..LogQuery::default() }.search(), None);
        }
    }
}
