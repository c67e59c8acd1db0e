//! The parts that a log is kept in: cutting lines into them, and reading them.

use super::Lines;
use crate::{Error, Result};
use entity::log_part;

/// Bytes of lines in a part, but for its last line.
pub const PART_BYTES: usize = 256 << 10;
/// What a part may come to when it is unpacked: with its last line.
const MOST_BYTES: usize = PART_BYTES + protocol::LINE_BYTES + 1_024;
/// zstd's own default: a log shrinks to a tenth, at some hundred MB a second.
const LEVEL: i32 = 3;

/// Gathers lines into parts.
#[derive(Debug, Default)]
pub struct Packer {
    first: i32,
    count: i32,
    text: String,
}

/// A part before it belongs to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub first_line: i32,
    pub lines: i32,
    /// Bytes of its lines.
    pub bytes: usize,
    pub data: Vec<u8>,
}

impl Packer {
    /// Takes one more line; whether it begins behind a gap, or the part is full: then [`Self::take`] first.
    pub fn has_room_for(&self, number: i32) -> bool {
        self.count == 0 || (self.text.len() < PART_BYTES && number == self.first.saturating_add(self.count))
    }

    pub fn push(&mut self, number: i32, line: &str) {
        if self.count == 0 {
            self.first = number;
        }
        self.count += 1;
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The part, if there are lines.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be compressed.
    pub fn take(&mut self) -> Result<Option<Part>> {
        if self.count == 0 {
            return Ok(None);
        }
        let data = zstd::bulk::compress(self.text.as_bytes(), LEVEL)
            .map_err(|error| Error::Internal(format!("a log cannot be compressed: {error}")))?;
        let part = Part { first_line: self.first, lines: self.count, bytes: self.text.len(), data };
        self.count = 0;
        self.text.clear();
        Ok(Some(part))
    }
}

/// The lines of a part.
///
/// # Errors
/// [`Error::Internal`] for data that no server wrote.
pub fn unpack(part: &log_part::Model) -> Result<Lines> {
    let wrong = |what: String| Error::Internal(format!("the log of run {}: {what}", part.run_id));
    let data = zstd::bulk::decompress(&part.data, MOST_BYTES).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(data).map_err(|error| wrong(error.to_string()))?;
    Ok(Lines { first: part.first_line, lines: text.split_terminator('\n').map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were_and_no_part_is_larger_than_stated() {
        let lines: Vec<String> =
            (1..=9_000).map(|n| format!("{n} {}", "ä".repeat(n % 300))).chain([String::new()]).collect();
        let mut packer = Packer::default();
        let mut parts = Vec::new();
        for (number, line) in (1..).zip(&lines) {
            if !packer.has_room_for(number) {
                parts.extend(packer.take().unwrap());
            }
            packer.push(number, line);
        }
        parts.extend(packer.take().unwrap());
        assert!(parts.len() > 3 && parts.iter().all(|part| part.bytes <= MOST_BYTES));
        let unpacked = parts.into_iter().flat_map(|Part { first_line, lines, data, .. }| {
            unpack(&log_part::Model { run_id: 1, claim: 1, first_line, lines, data }).unwrap().lines
        });
        assert!(unpacked.eq(lines));
    }

    #[test]
    fn behind_a_gap_a_new_part_begins() {
        let mut packer = Packer::default();
        packer.push(7, "x");
        assert!(packer.has_room_for(8) && !packer.has_room_for(9));
    }

    #[test]
    fn what_unpacks_to_more_than_a_part_is_refused() {
        let data = zstd::bulk::compress(&vec![b'x'; 8 << 20], LEVEL).unwrap();
        assert!(unpack(&log_part::Model { run_id: 1, claim: 1, first_line: 1, lines: 1, data }).is_err());
    }
}
