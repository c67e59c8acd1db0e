use std::cell::Cell;
use std::io::Cursor;

use super::*;
use crate::line_marks;

const DAY: i64 = 86_400_000;
/// 2026-06-09, about noon in most zones.
const AT: i64 = 1_781_006_400_000;

fn store() -> (tempfile::TempDir, LogStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LogStore::new(folder.path().to_owned());
    (folder, store)
}

fn from(line: i32) -> LogRequest {
    LogRequest { run_id: 7, triggered_at: AT, from_line: line }
}

fn chunk(from_line: i32, to_line: i32, content: &str, is_end: bool) -> LogChunk {
    LogChunk { from_line, to_line, content: content.to_owned(), is_end }
}

fn read_text(text: &[u8], live: bool) -> LogChunk {
    read_lines(Cursor::new(text), Mark::BEGINNING, 1, live).unwrap().0
}

#[test]
fn lines_are_numbered_from_1_and_end_only_with_the_run() {
    let (_folder, store) = store();
    let log = store.open(7, AT).unwrap();
    log.raw("a\nb\r\nc");
    assert_eq!(store.read(&from(1), true).unwrap(), chunk(1, 3, "a\nb\nc\n", false));
    assert_eq!(store.read(&from(2), true).unwrap(), chunk(2, 3, "b\nc\n", false));
    assert_eq!(store.read(&from(4), true).unwrap(), chunk(4, 3, "", false));
    assert_eq!(store.read(&from(3), false).unwrap(), chunk(3, 3, "c\n", true));
    assert_eq!(store.read(&from(4), false).unwrap(), chunk(4, 3, "", true));
}

#[test]
fn a_run_without_a_log_says_so_unless_it_may_still_begin() {
    let (_folder, store) = store();
    assert_eq!(store.read(&from(1), true).unwrap(), chunk(1, 0, "", false));
    assert_eq!(store.read(&from(1), false).unwrap(), chunk(1, 0, TEXT_NO_FILE, true));
    store.open(7, AT).unwrap().raw("x");
    let other_day = LogRequest { triggered_at: AT + 2 * DAY, ..from(1) };
    assert!(store.read(&other_day, false).unwrap().content.contains("not exists"));
}

#[test]
fn a_line_still_being_written_is_held_back() {
    assert_eq!(read_text(b"a\nhal", true), chunk(1, 1, "a\n", false));
    assert_eq!(read_text(b"a\nhal", false), chunk(1, 2, "a\nhal\n", true));
}

#[test]
fn a_long_log_comes_in_pieces_that_fit_together() {
    let (_folder, store) = store();
    let log = store.open(7, AT).unwrap();
    let line = "x".repeat(999);
    (0..3000).for_each(|_| log.raw(&line));
    let mut lines = 0;
    let mut next = 1;
    loop {
        let chunk = store.read(&from(next), false).unwrap();
        assert!(chunk.content.len() <= CHUNK_LIMIT + LINE_LIMIT);
        lines += chunk.content.lines().count();
        next = chunk.next_line(next);
        if chunk.is_end {
            break;
        }
    }
    assert_eq!((lines, next), (3000, 3001));
}

#[test]
fn a_full_log_says_what_is_left_out_and_still_takes_the_executor_s_remarks() {
    let (folder, store) = store();
    let log = store.open(7, AT).unwrap();
    let megabyte = format!("{}\n", "x".repeat(1023)).repeat(1024);
    (0..12).for_each(|_| log.raw(&megabyte));
    log.raw("small");
    log.remark("the end");
    let path = store.path(7, AT);
    assert!(path.starts_with(folder.path()));
    let text = fs::read_to_string(path).unwrap();
    assert!((RUN_LIMIT - 2_000_000..RUN_LIMIT + 1000).contains(&(text.len() as u64)));
    let tail: Vec<_> = text.lines().rev().take(3).collect();
    assert!(tail[0].ends_with("the end"));
    assert_eq!(tail[1], "[left out: 2049 lines, 2097158 bytes; a run's log holds 10485760 bytes]");
    assert_eq!(tail[2], "[the log is full: what follows is left out]");
}

#[test]
fn an_endless_line_is_broken_at_a_character() {
    let text = "ä".repeat(LINE_LIMIT);
    let broken = lines(&text, "> ");
    assert!(broken.lines().all(|line| line.len() <= LINE_LIMIT + 2 && line.starts_with("> ")));
    assert_eq!(broken.replace("> ", "").replace('\n', ""), text);
}

#[test]
fn old_days_are_removed_and_strangers_are_left_alone() {
    let (folder, store) = store();
    for days_ago in [0, 1, 2, 3] {
        store.open(7, AT - days_ago * DAY).unwrap().raw("x");
    }
    fs::create_dir(folder.path().join("keep-me")).unwrap();
    assert_eq!(store.prune(2, AT).unwrap(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    assert!(store.read(&from(1), false).unwrap().content.starts_with('x'));
}

#[test]
fn a_log_of_a_hundred_megabytes_comes_in_bounded_pieces() {
    let (_folder, store) = store();
    drop(store.open(7, AT).unwrap());
    let path = store.path(7, AT);
    let block = format!("{}\n", "x".repeat(99)).repeat(10_000);
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    (0..100).for_each(|_| file.write_all(block.as_bytes()).unwrap());
    for line in [1, 500_000, 999_999] {
        let chunk = store.read(&from(line), false).unwrap();
        assert!(chunk.content.len() <= CHUNK_LIMIT + READ_LIMIT as usize);
        assert_eq!(chunk.next_line(line) - line, i32::try_from(chunk.content.lines().count()).unwrap());
        assert_eq!(chunk.is_end, line == 999_999);
    }
}

#[test]
fn a_line_that_others_wrote_without_end_is_cut() {
    let text = [vec![b'x'; 3 * LINE_LIMIT], b"\nnext\n".to_vec()].concat();
    let chunk = read_text(&text, false);
    let lines: Vec<&str> = chunk.content.lines().collect();
    assert_eq!((lines[0].len() as u64, lines[1], chunk.to_line), (READ_LIMIT, "next", 2));
}

/// A text that counts how much of it is read.
struct Counted<'a> {
    text: Cursor<&'a [u8]>,
    read: &'a Cell<u64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        self.read.set(self.read.get() + length as u64);
        Ok(length)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.text.seek(to)
    }
}

/// Follows a log that has become longer, by so many lines of 100 bytes, each time its end is asked for. Returns how
/// much was read of it in all.
fn read_while_followed(lines: usize, times: usize) -> u64 {
    let text = format!("{}\n", "x".repeat(99)).repeat(lines * times);
    let (marks, path, read) = (LineMarks::default(), PathBuf::from("7.log"), Cell::new(0));
    let mut next = 1;
    for time in 1..=times {
        let written = &text.as_bytes()[..time * lines * 100];
        let source = Counted { text: Cursor::new(written), read: &read };
        let known = marks.before(&path, next, written.len() as u64);
        let (chunk, passed) = read_lines(source, known, next, true).unwrap();
        assert_eq!(chunk.content.len(), lines * 100);
        marks.note(path.clone(), &passed);
        next = chunk.next_line(next);
    }
    read.get()
}

#[test]
fn who_follows_a_long_log_does_not_have_it_read_from_its_beginning_each_time() {
    let (lines, times) = (100, 500);
    let size = (lines * times * 100) as u64;
    // Each answer begins less than a step and a buffer before what was asked for.
    let beyond = times as u64 * (line_marks::STEP + 16 * 1024);
    let read = read_while_followed(lines, times);
    assert!(read <= size + beyond, "{read} of {size}");
    // Twice as long a log, twice as many answers: twice as much, not four times.
    let twice = read_while_followed(lines, 2 * times);
    assert!(twice <= 2 * read + read / 10, "{twice}, after {read}");
}

#[test]
fn any_line_of_a_log_is_found_again_behind_what_was_read() {
    let (_folder, store) = store();
    let log = store.open(7, AT).unwrap();
    let text: Vec<String> =
        (1..=5000).map(|number| format!("{number} {}", "ä".repeat(number % 700))).collect();
    text.iter().for_each(|line| log.raw(line));
    for line in [4999, 1, 2500, 5000, 777, 4000, 3, 5001, 9000] {
        let chunk = store.read(&from(line), true).unwrap();
        let first = chunk.content.lines().next();
        assert_eq!(first, text.get(line as usize - 1).map(String::as_str));
    }
    log.raw("one more");
    assert_eq!(store.read(&from(5001), false).unwrap(), chunk(5001, 5001, "one more\n", true));
}
