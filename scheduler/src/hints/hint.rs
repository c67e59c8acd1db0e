//! What one server tells another, and many of them together.

use crate::signals::Change;
use std::collections::BTreeSet;
use std::str::FromStr;

/// So much is told by name; of more it is told that there is more than can be named.
pub const MOST: usize = 4_096;
/// Bytes that these take at most: a word, a number of 19 digits with its sign, and what parts them.
pub const MOST_BYTES: usize = MOST * 32;

/// Something to be looked at. It says what, and never what became of it: whoever hears it reads the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// As if it had been done there.
    Changed(Change),
    /// A run that another server decides for is over, and something follows or waits for it.
    Over(i64),
    /// Runs wait for others of this executor to end: whoever learns of an end is to say so.
    Awaited(i32),
}

/// What is to be told, each thing once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints(BTreeSet<Hint>);

impl Hints {
    /// With one more than `MOST`, all become one: look at everything.
    pub fn add(&mut self, hint: Hint) {
        const EVERYTHING: Hint = Hint::Changed(Change::Everything);
        if self.0.contains(&EVERYTHING) {
            return;
        }
        self.0.insert(hint);
        if self.0.len() > MOST || hint == EVERYTHING {
            self.0 = BTreeSet::from([EVERYTHING]);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Hint> + '_ {
        self.0.iter().copied()
    }

    /// As [`Hints::read`] reads it: a line for each.
    pub fn written(&self) -> String {
        self.iter().map(|hint| hint.written() + "\n").collect()
    }

    /// What of a text this version knows. A later one may say more.
    pub fn read(text: &str) -> Self {
        let mut hints = Self::default();
        text.lines().filter_map(Hint::read).for_each(|hint| hints.add(hint));
        hints
    }
}

impl Hint {
    fn written(self) -> String {
        match self {
            Self::Changed(Change::Job(id)) => format!("job {id}"),
            Self::Changed(Change::Run(id)) => format!("run {id}"),
            Self::Changed(Change::Executor(id)) => format!("executor {id}"),
            Self::Changed(Change::Freeze(id)) => format!("freeze {id}"),
            Self::Changed(Change::Servers) => "servers".to_owned(),
            Self::Changed(Change::Everything) => "everything".to_owned(),
            Self::Over(id) => format!("over {id}"),
            Self::Awaited(id) => format!("awaited {id}"),
        }
    }

    fn read(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "job" => Self::Changed(Change::Job(id(rest)?)),
            "run" => Self::Changed(Change::Run(id(rest)?)),
            "executor" => Self::Changed(Change::Executor(id(rest)?)),
            "freeze" => Self::Changed(Change::Freeze(id(rest)?)),
            "servers" => Self::Changed(Change::Servers),
            "everything" => Self::Changed(Change::Everything),
            "over" => Self::Over(id(rest)?),
            "awaited" => Self::Awaited(id(rest)?),
            _ => return None,
        })
    }
}

fn id<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(hints: impl IntoIterator<Item = Hint>) -> Hints {
        let mut all = Hints::default();
        hints.into_iter().for_each(|hint| all.add(hint));
        all
    }

    #[test]
    fn what_is_written_is_read_again_and_each_thing_is_told_once() {
        let changes =
            [Change::Job(7), Change::Run(1 << 53), Change::Executor(3), Change::Freeze(4), Change::Servers];
        let every = changes.map(Hint::Changed).into_iter().chain([Hint::Over(9), Hint::Awaited(3)]);
        let hints = all(every.clone().chain(every));
        assert_eq!(hints.iter().count(), 7);
        assert_eq!(Hints::read(&hints.written()), hints);
        let everything = all([Hint::Changed(Change::Everything)]);
        assert_eq!(Hints::read(&everything.written()), everything);
    }

    #[test]
    fn what_a_later_version_says_is_passed_over() {
        let text = "run 5\nmoon 3\nrun\nrun five\njob 99999999999\n\u{1f600}\nover 6\n";
        assert_eq!(Hints::read(text), all([Hint::Changed(Change::Run(5)), Hint::Over(6)]));
    }

    #[test]
    fn more_than_can_be_named_becomes_a_look_at_everything() {
        let most = all((0..MOST as i64).map(|id| Hint::Over(i64::MIN + id)));
        assert_eq!(most.iter().count(), MOST);
        assert!(most.written().len() <= MOST_BYTES);
        let mut more = most;
        (1..=2).for_each(|id| more.add(Hint::Over(id)));
        assert_eq!(more, all([Hint::Changed(Change::Everything)]));
        more.add(Hint::Changed(Change::Job(1)));
        assert_eq!(more.iter().count(), 1);
    }
}
