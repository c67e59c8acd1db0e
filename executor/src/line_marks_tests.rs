use super::*;

fn mark(line: i32, offset: u64) -> Mark {
    Mark { line, offset }
}

#[test]
fn the_nearest_mark_before_a_line_is_found() {
    let marks = LineMarks::default();
    let path = Path::new("7.log");
    assert_eq!(marks.before(path, 500, 9 * STEP), Mark::BEGINNING);
    marks.note(path.to_owned(), &[mark(101, STEP), mark(201, 2 * STEP)]);
    let found = [1, 100, 101, 200, 201, 900].map(|line| marks.before(path, line, 9 * STEP).line);
    assert_eq!(found, [1, 1, 101, 101, 201, 201]);
    assert_eq!(marks.before(Path::new("8.log"), 900, 9 * STEP), Mark::BEGINNING);
}

#[test]
fn a_log_that_became_shorter_is_read_anew() {
    let marks = LineMarks::default();
    let path = Path::new("7.log");
    marks.note(path.to_owned(), &[mark(101, STEP), mark(201, 2 * STEP)]);
    assert_eq!(marks.before(path, 900, STEP), Mark::BEGINNING);
    assert_eq!(marks.before(path, 900, 9 * STEP), Mark::BEGINNING);
}

#[test]
fn however_much_is_read_the_marks_are_bounded() {
    let marks = LineMarks::default();
    let long: Vec<Mark> = (1..=10_000u64).map(|n| mark(n as i32 + 1, n * STEP)).collect();
    (0..1000).for_each(|run| marks.note(PathBuf::from(format!("{run}.log")), &long));
    let logs = marks.0.lock().unwrap();
    assert_eq!(logs.len(), LOGS);
    assert_eq!((&*logs[0].path, &*logs[LOGS - 1].path), (Path::new("936.log"), Path::new("999.log")));
    for log in &*logs {
        assert!((MARKS / 2..=MARKS).contains(&log.marks.len()), "{}", log.marks.len());
        let mut offsets = log.marks.iter().map(|mark| mark.offset);
        let mut before = offsets.next().unwrap();
        assert!(offsets.all(|offset| offset - std::mem::replace(&mut before, offset) <= 2 * log.step));
    }
}

#[test]
fn the_log_read_last_is_the_last_to_be_forgotten() {
    let marks = LineMarks::default();
    let followed = Path::new("followed.log");
    marks.note(followed.to_owned(), &[mark(101, STEP)]);
    for run in 0..2 * LOGS {
        marks.note(PathBuf::from(format!("{run}.log")), &[mark(2, STEP)]);
        assert_eq!(marks.before(followed, 900, STEP), mark(101, STEP));
    }
}
