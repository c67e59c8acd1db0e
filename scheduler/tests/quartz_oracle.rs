//! Every time that Quartz 2.3.2 itself computed, line by line.
//!
//! `oracle/quartz.tsv` holds expressions in zones without changes of the clocks: all of it must
//! agree. `oracle/quartz-dst.tsv` holds days on which the clocks change, where the policies are
//! meant to differ from Quartz: the test finds out which lines do and which policy is the reason,
//! and prints them.

use entity::job::{GapPolicy, RepeatPolicy};
use scheduler::rules::cron::CronExpression;
use scheduler::rules::schedule::{Definition, Schedule};

/// expression, zone, after (epoch seconds), what Quartz said
struct Line {
    expression: &'static str,
    zone: &'static str,
    after: i64,
    answer: Vec<&'static str>,
}

fn lines(file: &'static str) -> impl Iterator<Item = Line> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [expression, zone, after, answer] = columns[..] else { panic!("four columns: {line}") };
        Line { expression, zone, after: after.parse().expect("seconds"), answer: answer.split(' ').collect() }
    })
}

fn schedule(line: &Line, gap: GapPolicy, repeat: RepeatPolicy) -> Option<Schedule> {
    let (text, zone) = (line.expression, line.zone);
    Schedule::parse(Definition { gap, repeat, ..Definition::cron(text, zone) }).ok()
}

/// Our answer in the words of the file: as many times as asked for, then `end` if there are no
/// more, or `never`, or `invalid`.
fn answer(line: &Line, count: usize) -> Vec<String> {
    let Some(schedule) = schedule(line, GapPolicy::EndOfGap, RepeatPolicy::First) else {
        return vec!["invalid".to_owned()];
    };
    let mut answer: Vec<String> =
        schedule.fires(line.after * 1000).take(count).map(|fire| (fire.at / 1000).to_string()).collect();
    match answer.len() {
        0 => answer.push("never".to_owned()),
        found if found < count => answer.push("end".to_owned()),
        _ => {}
    }
    answer
}

#[test]
fn every_line_of_the_oracle_agrees() {
    let mut checked = 0;
    let mut differing = Vec::new();
    for line in lines(include_str!("oracle/quartz.tsv")) {
        let ours = answer(&line, 10);
        if ours != line.answer {
            differing.push(format!(
                "{} in {} after {}\n  Quartz {:?}\n  ours   {ours:?}",
                line.expression, line.zone, line.after, line.answer
            ));
        }
        checked += 1;
    }
    assert!(checked > 1_400, "only {checked} lines");
    assert!(differing.is_empty(), "{} of {checked} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn an_expression_without_a_future_is_found_out_when_entered() {
    for line in lines(include_str!("oracle/quartz.tsv")).filter(|line| line.answer == ["never"]) {
        let (text, zone) = (line.expression, line.zone);
        let (gap, repeat) = (GapPolicy::EndOfGap, RepeatPolicy::First);
        let definition = Definition { gap, repeat, ..Definition::cron(text, zone) };
        assert!(Schedule::validate(definition, line.after * 1000).is_err(), "{text}");
        assert!(CronExpression::parse(text).is_ok(), "{text} is well written");
    }
}

/// Why a line of the file of DST days differs from Quartz.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// Quartz fires nothing for a time in a gap; our default fires at its end.
    GapMadeUp,
    /// Quartz fires a repeated time the second time; our default fires the first.
    FirstOfTwo,
    /// Quartz leaves out an hour of an interval; we keep the rhythm.
    RhythmKept,
}

/// Finds which policy makes our default differ, over the stretch that Quartz's answer covers.
/// Panics where no policy explains it.
fn difference(line: &Line) -> Option<Difference> {
    let quartz: Vec<i64> = line.answer.iter().map(|at| at.parse().expect("seconds")).collect();
    let end = *quartz.last().expect("at least one fire");
    let fires = |gap, repeat| -> Vec<i64> {
        let schedule = schedule(line, gap, repeat).expect("a valid expression");
        schedule.fires(line.after * 1000).map(|fire| fire.at / 1000).take_while(|at| *at <= end).collect()
    };
    let ours = fires(GapPolicy::EndOfGap, RepeatPolicy::First);
    let as_quartz = fires(GapPolicy::Skip, RepeatPolicy::Second);
    if as_quartz != quartz {
        assert!(
            is_even(line.after, &ours) && !is_even(line.after, &quartz),
            "{} loses its rhythm",
            line.expression
        );
        return Some(Difference::RhythmKept);
    }
    let gap_differs = fires(GapPolicy::EndOfGap, RepeatPolicy::Second) != quartz;
    let repeat_differs = fires(GapPolicy::Skip, RepeatPolicy::First) != quartz;
    match (gap_differs, repeat_differs) {
        (false, false) => {
            assert_eq!(ours, quartz, "{}", line.expression);
            None
        }
        (true, false) => Some(Difference::GapMadeUp),
        (false, true) => Some(Difference::FirstOfTwo),
        (true, true) => panic!("{}: one change of the clocks has a gap or a repeat", line.expression),
    }
}

/// Whether all times are equally far apart, also from the start, which is in step with them.
fn is_even(start: i64, times: &[i64]) -> bool {
    let distances: Vec<i64> =
        std::iter::once(start).chain(times.iter().copied()).zip(times).map(|(a, b)| b - a).collect();
    distances.windows(2).all(|two| two[0] == two[1])
}

#[test]
fn on_dst_days_we_differ_from_quartz_only_by_declared_policy() {
    let differences: Vec<(Line, Option<Difference>)> = lines(include_str!("oracle/quartz-dst.tsv"))
        .map(|line| {
            let difference = difference(&line);
            (line, difference)
        })
        .collect();
    for (Line { expression, zone, after, .. }, difference) in &differences {
        let verdict = difference.as_ref().map_or("Agrees".to_owned(), |difference| format!("{difference:?}"));
        println!("{verdict:12} {expression} in {zone} after {after}");
    }
    for kind in
        [None, Some(Difference::GapMadeUp), Some(Difference::FirstOfTwo), Some(Difference::RhythmKept)]
    {
        assert!(differences.iter().any(|(_, found)| *found == kind), "no line shows {kind:?}");
    }
}
