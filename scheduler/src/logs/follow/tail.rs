//! The newest lines of a log that is followed, and what each of those who follow it has been told.

use crate::logs::Lines;
use entity::log::Trouble;
use entity::run::RunState;
use std::collections::VecDeque;

/// Lines and bytes held for those who read slowly. Whoever is further behind is told what was passed over.
const LINES: usize = 5_000;
const BYTES: usize = 1 << 20;
/// Lines and bytes told at once.
const AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 128 << 10;

/// The newest lines, and how it stands.
#[derive(Debug)]
pub struct Tail {
    lines: VecDeque<(i32, String)>,
    bytes: usize,
    /// The line behind the last one.
    end: i32,
    state: RunState,
    trouble: Option<Trouble>,
    /// Why no more will come.
    over: Option<Option<Trouble>>,
}

/// What one of those who follow it has been told.
#[derive(Debug)]
pub struct Told {
    /// The line to tell next.
    next: i32,
    state: Option<RunState>,
    trouble: Option<Trouble>,
    over: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Lines(Lines),
    /// These lines came faster than they could be told: from the first to the second number.
    PassedOver(i32, i32),
    State(RunState),
    /// What keeps lines from coming for now; none when they come again.
    Trouble(Option<Trouble>),
    /// No more will come; the trouble, if it is not for the run's end.
    Over(Option<Trouble>),
}

impl Told {
    pub fn new(next: i32) -> Self {
        Self { next, state: None, trouble: None, over: false }
    }

    pub fn is_over(&self) -> bool {
        self.over
    }
}

impl Tail {
    /// Begins before this line.
    pub fn new(from: i32, state: RunState) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, end: from, state, trouble: None, over: None }
    }

    pub fn push(&mut self, lines: Lines) {
        self.end = lines.end();
        for (number, line) in (lines.first..).zip(lines.lines) {
            self.bytes += line.len();
            self.lines.push_back((number, line));
        }
        while self.lines.len() > LINES || (self.bytes > BYTES && self.lines.len() > 1) {
            let gone = self.lines.pop_front().map_or(0, |(_, line)| line.len());
            self.bytes -= gone;
        }
    }

    pub fn set_state(&mut self, state: RunState) {
        self.state = state;
    }

    pub fn set_trouble(&mut self, trouble: Option<Trouble>) {
        self.trouble = trouble;
    }

    pub fn end(&mut self, why: Option<Trouble>) {
        self.over = Some(why);
    }

    /// The next thing to tell, which counts as told. Lines come before the end.
    pub fn news(&self, told: &mut Told) -> Option<News> {
        if told.over {
            return None;
        }
        if told.state.replace(self.state) != Some(self.state) {
            return Some(News::State(self.state));
        }
        if let Some(news) = self.lines_for(told) {
            return Some(news);
        }
        if told.trouble != self.trouble {
            told.trouble.clone_from(&self.trouble);
            return Some(News::Trouble(self.trouble.clone()));
        }
        let why = self.over.clone()?;
        told.over = true;
        Some(News::Over(why))
    }

    fn lines_for(&self, told: &mut Told) -> Option<News> {
        let at = self.lines.partition_point(|(number, _)| *number < told.next);
        let (first, _) = self.lines.get(at)?;
        if *first > told.next {
            let passed = News::PassedOver(told.next, first - 1);
            told.next = *first;
            return Some(passed);
        }
        let mut lines = Lines { first: *first, lines: Vec::new() };
        let mut bytes = 0;
        for (number, line) in self.lines.range(at..).take(AT_ONCE) {
            bytes += line.len();
            if *number != lines.end() || (bytes > BYTES_AT_ONCE && !lines.lines.is_empty()) {
                break;
            }
            lines.lines.push(line.clone());
        }
        told.next = lines.end();
        Some(News::Lines(lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(first: i32, count: i32) -> Lines {
        Lines { first, lines: (first..first + count).map(|number| format!("line {number}")).collect() }
    }

    /// Everything told, lines as their numbers.
    fn told(tail: &Tail, told: &mut Told) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(news) = tail.news(told) {
            all.push(match news {
                News::Lines(lines) => format!("{}..{}", lines.first, lines.end()),
                News::PassedOver(from, to) => format!("-{from}..={to}"),
                other => format!("{other:?}"),
            });
        }
        all
    }

    #[test]
    fn each_who_follows_is_told_every_line_once_and_the_end_last() {
        let mut tail = Tail::new(1, RunState::Running);
        let (mut early, mut late) = (Told::new(1), Told::new(3));
        tail.push(lines(1, 2));
        assert_eq!(told(&tail, &mut early), ["State(Running)", "1..3"]);
        tail.push(lines(3, 2));
        tail.set_state(RunState::Succeeded);
        tail.end(None);
        assert_eq!(told(&tail, &mut early), ["State(Succeeded)", "3..5", "Over(None)"]);
        assert_eq!(told(&tail, &mut late), ["State(Succeeded)", "3..5", "Over(None)"]);
        assert!(early.is_over());
    }

    #[test]
    fn whoever_is_too_slow_is_told_what_was_passed_over() {
        let mut tail = Tail::new(1, RunState::Running);
        let mut slow = Told::new(1);
        (0..20).for_each(|part| tail.push(lines(1 + part * 1_000, 1_000)));
        let all = told(&tail, &mut slow);
        assert_eq!(all[1], "-1..=15000");
        assert_eq!((all.len(), all.last().unwrap().as_str()), (12, "19501..20001"));
    }

    #[test]
    fn long_lines_are_held_within_bytes_and_told_a_few_at_once() {
        let mut tail = Tail::new(1, RunState::Running);
        let long = "x".repeat(64 << 10);
        (1..=100).for_each(|first| tail.push(Lines { first, lines: vec![long.clone()] }));
        assert!(tail.bytes <= BYTES && tail.lines.len() == 16);
        let mut told = Told::new(85);
        tail.news(&mut told);
        assert!(matches!(tail.news(&mut told), Some(News::Lines(lines)) if lines.lines.len() == 2));
    }

    #[test]
    fn trouble_is_told_when_it_comes_and_when_it_goes() {
        let mut tail = Tail::new(1, RunState::Running);
        let mut one = Told::new(1);
        tail.set_trouble(Some(Trouble::Gone));
        assert_eq!(told(&tail, &mut one), ["State(Running)", "Trouble(Some(Gone))"]);
        assert!(told(&tail, &mut one).is_empty());
        tail.set_trouble(None);
        assert_eq!(told(&tail, &mut one), ["Trouble(None)"]);
    }
}
