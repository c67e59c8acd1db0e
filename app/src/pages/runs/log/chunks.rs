//! The lines on the page: those it came with, and those that come while it is followed.

use crate::api::logs::LogPiece;

/// Lines that stay on the page while it is followed.
const MOST_LINES: usize = 5_000;

/// Lines that came together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub first: i32,
    pub lines: Vec<String>,
    /// The first and the last of the lines that are missing before it.
    pub gap: Option<(i32, i32)>,
}

impl Chunk {
    /// The number behind its last line.
    pub fn end(&self) -> i32 {
        self.first.saturating_add(i32::try_from(self.lines.len()).unwrap_or(i32::MAX))
    }
}

/// The pieces of a page, with what is missing between them.
pub fn chunks_of(pieces: Vec<LogPiece>) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    pieces.into_iter().for_each(|piece| append(&mut chunks, piece));
    chunks
}

/// Adds lines, and drops the oldest ones of a long log. Lines that are there already are not added again.
pub fn append(chunks: &mut Vec<Chunk>, mut piece: LogPiece) {
    let end = chunks.last().map_or(piece.first, Chunk::end);
    let known = usize::try_from(end - piece.first).unwrap_or(0).min(piece.lines.len());
    piece.lines.drain(..known);
    piece.first += i32::try_from(known).unwrap_or(0);
    if piece.lines.is_empty() {
        return;
    }
    let gap = (piece.first > end).then_some((end, piece.first - 1));
    chunks.push(Chunk { first: piece.first, lines: piece.lines, gap });
    let mut total: usize = chunks.iter().map(|chunk| chunk.lines.len()).sum();
    while total > MOST_LINES && chunks.len() > 1 {
        total -= chunks.remove(0).lines.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(first: i32, count: i32) -> LogPiece {
        LogPiece { first, lines: (first..first + count).map(|line| line.to_string()).collect() }
    }

    type Shape = (i32, i32, Option<(i32, i32)>);

    /// First and last line of each chunk, and the gap before it.
    fn shape(chunks: &[Chunk]) -> Vec<Shape> {
        chunks.iter().map(|chunk| (chunk.first, chunk.end() - 1, chunk.gap)).collect()
    }

    #[test]
    fn what_is_missing_between_two_pieces_is_said_once() {
        let chunks = chunks_of(vec![piece(1, 3), piece(10, 2)]);
        assert_eq!(shape(&chunks), [(1, 3, None), (10, 11, Some((4, 9)))]);
    }

    #[test]
    fn lines_that_come_twice_are_shown_once() {
        let mut chunks = chunks_of(vec![piece(1, 3)]);
        append(&mut chunks, piece(2, 2));
        append(&mut chunks, piece(3, 3));
        assert_eq!(shape(&chunks), [(1, 3, None), (4, 5, None)]);
        assert_eq!(chunks[1].lines, ["4", "5"]);
    }

    #[test]
    fn of_a_long_log_that_is_followed_the_newest_lines_stay() {
        let mut chunks = chunks_of(vec![piece(1, 1_000)]);
        (1..10).for_each(|part| append(&mut chunks, piece(1 + part * 1_000, 1_000)));
        assert_eq!((chunks.len(), chunks[0].first), (5, 5_001));
    }
}
