use super::*;

const WINDOW: Window = Window { from: 0, until: 4_000 };

fn job() -> Job {
    Job::new("j", "a", 2)
}

/// A run of the schedule that succeeded.
fn row(id: i64, nominal_at: i64) -> Row {
    Row {
        id,
        job: "j".to_owned(),
        kind: "schedule".to_owned(),
        attempt: 1,
        state: "succeeded".to_owned(),
        reason: "none".to_owned(),
        nominal_at,
        due_at: nominal_at,
        ..Row::default()
    }
}

fn rows() -> Vec<Row> {
    vec![row(1, 0), row(2, 2_000), row(3, 4_000)]
}

/// One start and one result of each row.
fn entries(rows: &[Row]) -> Vec<Entry> {
    let both = |row: &Row| {
        let entry = Entry {
            event: Event::Start,
            run: row.id,
            code: 0,
            due: row.due_at,
            at: row.due_at + 5,
            server: 0,
        };
        [entry, Entry { event: Event::Reported, code: 200, ..entry }]
    };
    rows.iter().flat_map(both).collect()
}

fn judged(jobs: &[Job], rows: &[Row], entries: &[Entry], allowed: &[Exception]) -> Verdict {
    judge(Case { jobs, window: WINDOW, backfills: &[], rows, entries, allowed })
}

fn quiet(jobs: &[Job], rows: &[Row]) -> bool {
    is_quiet(Case { jobs, window: WINDOW, backfills: &[], rows, entries: &[], allowed: &[] })
}

/// The one violation of otherwise good rows that this change makes.
fn violation(change: impl FnOnce(&mut Vec<Row>, &mut Vec<Entry>)) -> String {
    let mut rows = rows();
    let mut entries = entries(&rows);
    change(&mut rows, &mut entries);
    let violations = judged(&[job()], &rows, &entries, &[]).violations;
    assert_eq!(violations.len(), 1, "{violations:?}");
    violations[0].clone()
}

#[test]
fn what_is_as_it_should_be_is_no_violation() {
    let rows = rows();
    let verdict = judged(&[job()], &rows, &entries(&rows), &[]);
    assert_eq!(verdict, Verdict { fires: 3, starts: 3, ..Verdict::default() });
    assert!(quiet(&[job()], &rows));
}

#[test]
fn a_fire_without_a_row_with_two_and_a_row_without_a_fire_are_violations() {
    let lost = violation(|rows, entries| {
        rows.remove(1);
        entries.retain(|entry| entry.run != 2);
    });
    assert_eq!(lost, "j: no row for the fire at 2000");
    let doubled = violation(|rows, entries| {
        rows.push(row(4, 2_000));
        entries.push(Entry { run: 4, due: 2_000, at: 2_000, ..entries[0] });
    });
    assert_eq!(doubled, "j: 2 rows for the fire at 2000");
    let invented = violation(|rows, entries| {
        rows.push(row(4, 3_000));
        entries.push(Entry { run: 4, due: 3_000, at: 3_000, ..entries[0] });
    });
    assert!(invented.starts_with("j: run 4 says it stands for 1 fires"), "{invented}");
}

#[test]
fn a_stretch_of_missed_times_is_one_row_that_counts_them() {
    let missed = Row {
        state: "skipped".to_owned(),
        reason: "misfire".to_owned(),
        span: Some((2_000, 2)),
        ..row(1, 0)
    };
    let rows = [missed.clone(), row(3, 4_000)];
    let verdict = judged(&[job()], &rows, &entries(&rows[1..]), &[Exception::Missed]);
    assert!(verdict.violations.is_empty(), "{verdict:?}");
    assert_eq!(verdict.exceptions, BTreeMap::from([(Exception::Missed, 2)]));
    assert!(!judged(&[job()], &rows, &entries(&rows[1..]), &[]).violations.is_empty());
    let rows = [Row { span: Some((2_000, 3)), ..missed }, row(3, 4_000)];
    assert!(!judged(&[job()], &rows, &entries(&rows[1..]), &[Exception::Missed]).violations.is_empty());
}

#[test]
fn a_second_start_is_a_violation_unless_the_scenario_declares_its_window() {
    let twice = violation(|_, entries| entries.push(entries[0]));
    assert_eq!(twice, "j: run 1 started 2 times");
    let rows = rows();
    let mut entries = entries(&rows);
    entries.push(entries[0]);
    let verdict = judged(&[job()], &rows, &entries, &[Exception::StartedTwice]);
    assert!(verdict.violations.is_empty());
    assert_eq!(verdict.exceptions, BTreeMap::from([(Exception::StartedTwice, 1)]));
}

#[test]
fn starts_that_are_early_unknown_or_denied_are_violations() {
    assert_eq!(violation(|_, entries| entries[0].at = -500), "j: run 1 started 500 ms before it was due");
    let unknown = violation(|_, entries| entries.push(Entry { run: 9, ..entries[0] }));
    assert_eq!(unknown, "run 9 started, and has no row");
    let rows: Vec<Row> = rows()
        .into_iter()
        .map(|row| Row { state: "failed".to_owned(), reason: "unreachable".to_owned(), ..row })
        .collect();
    let starts: Vec<Entry> =
        entries(&rows).into_iter().filter(|entry| entry.event == Event::Start).take(1).collect();
    let verdict = judged(&[job()], &rows, &starts, &[Exception::NotTaken]);
    assert_eq!(verdict.violations, ["j: run 1 started, and is failed (unreachable)"]);
}

#[test]
fn a_result_that_was_taken_is_in_the_row_or_kept_beside_it() {
    let rows: Vec<Row> = rows().into_iter().map(|row| Row { state: "timed_out".to_owned(), ..row }).collect();
    let verdict = judged(&[job()], &rows, &entries(&rows), &[Exception::TimedOut]);
    assert_eq!(verdict.violations.len(), 3);
    let rows: Vec<Row> = rows.into_iter().map(|row| Row { late_code: Some(200), ..row }).collect();
    let verdict = judged(&[job()], &rows, &entries(&rows), &[Exception::TimedOut]);
    assert!(verdict.violations.is_empty());
    let made_up = violation(|_, entries| entries.retain(|entry| entry.run != 2));
    assert_eq!(made_up, "j: run 2 succeeded, and never started");
}

#[test]
fn a_run_that_was_sent_once_is_not_lost_where_only_those_sent_again_may_be() {
    let lost = |sends: i64| {
        let mut rows = rows();
        rows[1] = Row { state: "lost".to_owned(), reason: "unknown".to_owned(), sends, ..row(2, 2_000) };
        let entries: Vec<Entry> = entries(&rows).into_iter().filter(|entry| entry.run != 2).collect();
        judged(&[job()], &rows, &entries, &[Exception::LostAgain])
    };
    let again = lost(2);
    assert!(again.violations.is_empty(), "{:?}", again.violations);
    assert_eq!(again.exceptions, [(Exception::LostAgain, 1)].into());
    assert_eq!(lost(1).violations.len(), 1);
}

#[test]
fn a_run_that_is_not_at_its_end_is_a_violation() {
    let open = violation(|rows, entries| {
        rows[0].state = "running".to_owned();
        entries.retain(|entry| entry.run != 1 || entry.event == Event::Start);
    });
    assert_eq!(open, "j: run 1 is running (none)");
    assert!(violation(|rows, _| rows[0].live = true).contains("still has to do"));
}

#[test]
fn each_end_is_followed_by_what_is_defined_and_once() {
    let child = Job { every_s: None, ..Job::new("c", "a", 1) };
    let parent = Job { children: vec!["c".to_owned()], ..job() };
    let of = |cause: i64, id: i64| Row {
        job: "c".to_owned(),
        kind: "child".to_owned(),
        slot: cause,
        ..row(id, 9_000)
    };
    let mut all = rows();
    all.extend([of(1, 11), of(2, 12)]);
    let jobs = [child, parent];
    let told = |rows: &[Row]| judged(&jobs, rows, &entries(rows), &[]).violations;
    assert_eq!(told(&all), ["j: run 3 is succeeded and is followed by 0 runs (child) of c"]);
    assert!(!quiet(&jobs, &all));
    all.push(of(3, 13));
    assert!(told(&all).is_empty());
    all.push(of(3, 14));
    assert_eq!(told(&all), ["j: run 3 is succeeded and is followed by 2 runs (child) of c"]);
    all[6] = of(11, 14);
    assert_eq!(told(&all), ["c: 1 runs (child) follow run 11, which nothing should follow"]);
}

#[test]
fn a_failure_is_tried_again_as_often_as_its_job_says() {
    let failed = |id: i64, attempt: i64, slot: i64| Row {
        state: "failed".to_owned(),
        reason: "handler".to_owned(),
        kind: if attempt == 1 { "schedule" } else { "retry" }.to_owned(),
        attempt,
        slot,
        ..row(id, 0)
    };
    let jobs = [Job { retries: 1, ..Job::new("j", "a", 60) }];
    let window = Window { from: 0, until: 0 };
    let told = |rows: &[Row]| {
        judge(Case { jobs: &jobs, window, backfills: &[], rows, entries: &[], allowed: &[] }).violations
    };
    assert!(told(&[failed(1, 1, 0), failed(2, 2, 1)]).is_empty());
    assert_eq!(told(&[failed(1, 1, 0)]).len(), 1);
    assert_eq!(told(&[failed(1, 1, 0), failed(2, 2, 1), failed(3, 3, 2)]).len(), 1);
}

#[test]
fn each_past_time_that_was_asked_for_has_one_run() {
    let again = |id: i64, nominal_at| Row { kind: "backfill".to_owned(), slot: -id, ..row(id, nominal_at) };
    let asked = Backfill { job: "j".to_owned(), window: Window { from: 0, until: 2_000 } };
    let judged = |more: &[Row]| {
        let rows = [rows(), more.to_vec()].concat();
        let backfills = [asked.clone()];
        let case = Case {
            jobs: &[job()],
            window: WINDOW,
            backfills: &backfills,
            rows: &rows,
            entries: &[],
            allowed: &[],
        };
        judge(Case { entries: &entries(&rows), ..case }).violations
    };
    assert!(judged(&[again(11, 0), again(12, 2_000)]).is_empty());
    assert_eq!(judged(&[again(11, 0)]), ["j: 0 runs for the past time 2000, which was asked for"]);
    let twice = judged(&[again(11, 0), again(12, 2_000), again(13, 2_000)]);
    assert_eq!(twice, ["j: 2 runs for the past time 2000, which was asked for"]);
    let more = judged(&[again(11, 0), again(12, 2_000), again(13, 4_000)]);
    assert_eq!(more, ["j: 1 runs for the past time 4000, which nobody asked for"]);
}

#[test]
fn a_split_run_has_a_shard_for_each_instance_and_ends_as_they_do() {
    let job = Job { shards: 2, retries: 1, ..Job::new("j", "a", 60) };
    let whole = Row { shard: SPLIT, ..row(1, 0) };
    let part =
        |id: i64, shard| Row { kind: "shard".to_owned(), slot: -id, parent: Some(1), shard, ..row(id, 0) };
    let told = |rows: &[Row]| {
        let entries = entries(&rows.iter().filter(|row| row.shard != SPLIT).cloned().collect::<Vec<_>>());
        let (jobs, window) = (std::slice::from_ref(&job), Window { from: 0, until: 0 });
        judge(Case { jobs, window, backfills: &[], rows, entries: &entries, allowed: &[] }).violations
    };
    assert_eq!(told(&[whole.clone(), part(2, 0), part(3, 1)]), [""; 0]);
    assert_eq!(told(&[whole.clone(), part(2, 0)]).len(), 2);
    let doubled = told(&[whole.clone(), part(2, 0), part(3, 1), part(4, 1)]);
    assert_eq!(doubled, ["j: run 1 has the shards [0, 1, 1], not 0..2"]);
    let (failed, reason) = ("failed".to_owned(), "handler".to_owned());
    let failed = Row { state: failed, reason, late_code: Some(200), ..part(3, 1) };
    let again = Row { kind: "retry".to_owned(), slot: 3, attempt: 2, ..part(4, 1) };
    assert_eq!(told(&[whole.clone(), part(2, 0), failed.clone(), again.clone()]), [""; 0]);
    let again =
        Row { state: failed.state.clone(), reason: failed.reason.clone(), late_code: Some(200), ..again };
    let hidden = told(&[whole.clone(), part(2, 0), failed, again]);
    assert_eq!(hidden, ["j: run 1 is succeeded, which its shards are not"]);
    let itself = [entries(std::slice::from_ref(&whole)), entries(&[part(2, 0), part(3, 1)])].concat();
    let rows = [whole, part(2, 0), part(3, 1)];
    let case = Case {
        jobs: std::slice::from_ref(&job),
        window: Window { from: 0, until: 0 },
        backfills: &[],
        rows: &rows,
        entries: &itself,
        allowed: &[],
    };
    assert_eq!(judge(case).violations, ["j: run 1 started, and is succeeded (none)"]);
}
