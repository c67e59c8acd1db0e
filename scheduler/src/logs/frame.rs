//! The part of a log that a page shows: so many lines, and so many bytes, around one of them or up to the
//! end, whatever comes by.

use super::Lines;
use std::collections::VecDeque;

/// Lines of a page.
pub const LINES: usize = 1_000;
/// Lines before the one that was asked for.
const BEFORE: usize = 100;
/// Bytes of a page.
const BYTES: usize = 512 << 10;

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    End,
    /// Some lines before this one, it, and what follows.
    Around(i32),
    /// Those before this one.
    Before(i32),
}

impl Ask {
    /// The first line that may be in the frame; of the end nobody knows it.
    pub fn first(self) -> i32 {
        let before = |line: i32, count: usize| line.saturating_sub(i32::try_from(count).unwrap_or(0)).max(1);
        match self {
            Self::End => 1,
            Self::Around(line) => before(line, BEFORE),
            Self::Before(line) => before(line, LINES),
        }
    }
}

/// Collects the lines of a page from those that come by in order.
#[derive(Debug)]
pub struct Frame {
    ask: Ask,
    before: VecDeque<(i32, String)>,
    before_bytes: usize,
    after: Vec<(i32, String)>,
    after_bytes: usize,
    /// A line came that is behind the frame.
    full: bool,
}

impl Frame {
    pub fn new(ask: Ask) -> Self {
        Self { ask, before: VecDeque::new(), before_bytes: 0, after: Vec::new(), after_bytes: 0, full: false }
    }

    /// Takes what belongs into the frame.
    pub fn push(&mut self, lines: Lines) {
        let numbers = lines.first..;
        for (number, line) in numbers.zip(lines.lines) {
            self.push_one(number, line);
        }
    }

    fn push_one(&mut self, number: i32, line: String) {
        let (target, most, bytes) = match self.ask {
            Ask::End => (i32::MAX, LINES, BYTES),
            Ask::Around(target) => (target, BEFORE, BYTES / 4),
            Ask::Before(target) => (target, LINES, BYTES),
        };
        if number < target {
            self.before_bytes += line.len();
            self.before.push_back((number, line));
            while self.before.len() > most || (self.before_bytes > bytes && self.before.len() > 1) {
                let gone = self.before.pop_front().map_or(0, |(_, line)| line.len());
                self.before_bytes -= gone;
            }
        } else if matches!(self.ask, Ask::Before(_))
            || self.after.len() >= LINES - BEFORE
            || (self.after_bytes >= BYTES * 3 / 4 && !self.after.is_empty())
        {
            self.full = true;
        } else {
            self.after_bytes += line.len();
            self.after.push((number, line));
        }
    }

    /// Whether nothing that comes now belongs into it.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The lines, where numbers follow one another together.
    pub fn into_pieces(self) -> Vec<Lines> {
        let mut pieces: Vec<Lines> = Vec::new();
        for (number, line) in self.before.into_iter().chain(self.after) {
            match pieces.last_mut() {
                Some(piece) if piece.end() == number => piece.lines.push(line),
                _ => pieces.push(Lines { first: number, lines: vec![line] }),
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(first: i32, count: i32, length: usize) -> Lines {
        let line = |number: i32| format!("{number:0length$}");
        Lines { first, lines: (first..first + count).map(line).collect() }
    }

    /// First and last number of each piece, and whether more came.
    fn framed(ask: Ask, pushed: &[Lines]) -> (Vec<(i32, i32)>, bool) {
        let mut frame = Frame::new(ask);
        pushed.iter().for_each(|lines| frame.push(lines.clone()));
        let full = frame.is_full();
        (frame.into_pieces().iter().map(|piece| (piece.first, piece.end() - 1)).collect(), full)
    }

    #[test]
    fn of_a_million_lines_the_last_thousand_are_shown() {
        let pushed: Vec<Lines> = (0..100).map(|part| lines(1 + part * 10_000, 10_000, 8)).collect();
        assert_eq!(framed(Ask::End, &pushed), (vec![(999_001, 1_000_000)], false));
    }

    #[test]
    fn a_line_stands_between_some_before_it_and_what_follows() {
        let pushed = [lines(1, 5_000, 8)];
        assert_eq!(framed(Ask::Around(2_000), &pushed), (vec![(1_900, 2_899)], true));
        assert_eq!(framed(Ask::Around(1), &pushed), (vec![(1, 900)], true));
        assert_eq!(framed(Ask::Around(4_999), &pushed), (vec![(4_899, 5_000)], false));
        assert_eq!(framed(Ask::Before(2_000), &pushed), (vec![(1_000, 1_999)], true));
        assert_eq!(framed(Ask::Around(9_000), &pushed), (vec![(4_901, 5_000)], false));
    }

    #[test]
    fn long_lines_fill_it_sooner_and_the_one_asked_for_is_there() {
        let pushed = [lines(1, 200, 60_000)];
        assert_eq!(framed(Ask::Around(100), &pushed), (vec![(98, 106)], true));
        assert_eq!(framed(Ask::End, &pushed), (vec![(193, 200)], false));
    }

    #[test]
    fn where_lines_were_left_out_there_are_pieces() {
        let pushed = [lines(1, 3, 8), lines(90, 2, 8)];
        assert_eq!(framed(Ask::End, &pushed), (vec![(1, 3), (90, 91)], false));
    }
}
