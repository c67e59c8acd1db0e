//! What changed between two versions of a source text, line by line.

use similar::{Algorithm, ChangeTag, TextDiff};
use std::time::Duration;

/// Lines shown around each change.
const CONTEXT: usize = 3;
/// Lines of a difference that are told at most; texts of a megabyte may have as many lines.
pub const MOST_LINES: usize = 5_000;
/// After this the rest is told as removed and added, which is right though not as short as it could be: two
/// megabytes without a line in common would otherwise take minutes.
const PATIENCE: Duration = Duration::from_millis(300);

/// A difference as its hunks, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceDiff {
    pub hunks: Vec<Vec<DiffLine>>,
    pub added: usize,
    pub removed: usize,
    /// Whether lines are left out because there are more than [`MOST_LINES`].
    pub is_cut: bool,
}

/// A line of a hunk, without its line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub change: Change,
    /// Its number in the old text, from 1.
    pub old: Option<usize>,
    /// Its number in the new text.
    pub new: Option<usize>,
    pub text: String,
    /// The text ends here without a line end, which the other version may have.
    pub is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Kept,
    Removed,
    Added,
}

/// The difference that leads from `old` to `new`; without hunks where they are equal.
pub fn diff(old: &str, new: &str) -> SourceDiff {
    let lines = TextDiff::configure().algorithm(Algorithm::Myers).timeout(PATIENCE).diff_lines(old, new);
    let mut diff = SourceDiff::default();
    let mut told = 0;
    for group in lines.grouped_ops(CONTEXT) {
        let changes = group.iter().flat_map(|op| lines.iter_changes(op));
        let mut hunk = Vec::new();
        for line in changes.map(line) {
            match line.change {
                Change::Added => diff.added += 1,
                Change::Removed => diff.removed += 1,
                Change::Kept => {}
            }
            told += 1;
            if told <= MOST_LINES {
                hunk.push(line);
            }
        }
        if !hunk.is_empty() {
            diff.hunks.push(hunk);
        }
    }
    diff.is_cut = told > MOST_LINES;
    diff
}

fn line(change: similar::Change<&str>) -> DiffLine {
    let text = change.value();
    DiffLine {
        change: match change.tag() {
            ChangeTag::Equal => Change::Kept,
            ChangeTag::Delete => Change::Removed,
            ChangeTag::Insert => Change::Added,
        },
        old: change.old_index().map(|index| index + 1),
        new: change.new_index().map(|index| index + 1),
        text: text.strip_suffix('\n').unwrap_or(text).to_owned(),
        is_open: !text.ends_with('\n'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(diff: &SourceDiff) -> Vec<String> {
        let sign = |change| match change {
            Change::Kept => ' ',
            Change::Removed => '-',
            Change::Added => '+',
        };
        let number = |number: Option<usize>| number.map_or_else(|| "·".to_owned(), |n| n.to_string());
        let line = |line: &DiffLine| {
            format!("{} {} {}{}", number(line.old), number(line.new), sign(line.change), line.text)
        };
        diff.hunks.iter().flatten().map(line).collect()
    }

    #[test]
    fn a_changed_line_is_one_removed_and_one_added_with_its_surroundings() {
        let found = diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n");
        let expected = ["2 2  2", "3 3  3", "4 4  4", "5 · -5", "· 5 +five", "6 6  6", "7 7  7", "8 8  8"];
        assert_eq!(written(&found), expected);
        assert_eq!((found.added, found.removed, found.is_cut), (1, 1, false));
    }

    #[test]
    fn changes_far_from_each_other_are_hunks_of_their_own() {
        let old: String = (1..=40).map(|number| format!("{number}\n")).collect();
        let new = old.replace("\n5\n", "\n").replace("\n35\n", "\n35\nnew\n");
        let found = diff(&old, &new);
        assert_eq!(found.hunks.len(), 2);
        assert_eq!(written(&found)[3], "5 · -5");
        assert!(written(&found).contains(&"· 35 +new".to_owned()));
    }

    #[test]
    fn a_line_end_that_is_missing_is_a_change_and_told() {
        let found = diff("a\nb\n", "a\nb");
        assert_eq!(written(&found), ["1 1  a", "2 · -b", "· 2 +b"]);
        assert_eq!(found.hunks[0].iter().map(|line| line.is_open).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn equal_texts_have_no_hunk() {
        assert_eq!(diff("a\n", "a\n"), SourceDiff::default());
        assert_eq!(diff("", ""), SourceDiff::default());
    }

    #[test]
    fn of_two_texts_that_have_nothing_in_common_only_so_much_is_told() {
        let text = |word: &str| (0..100_000).map(|number| format!("{word} {number}\n")).collect::<String>();
        let found = diff(&text("old"), &text("new"));
        assert_eq!((found.added, found.removed, found.is_cut), (100_000, 100_000, true));
        assert_eq!(found.hunks.iter().map(Vec::len).sum::<usize>(), MOST_LINES);
    }
}
