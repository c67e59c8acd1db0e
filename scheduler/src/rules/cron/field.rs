//! The notation of one field: lists of values, ranges and steps, with names for months and days.
//!
//! ```text
//! list  = item { "," item }
//! item  = range [ "/" step ] | "/" step
//! range = "*" | value | value "-" value          a range may wrap: 22-2, FRI-MON
//! value = number | name                          a range has two numbers or two names
//! ```

use super::CronProblem;
use super::calendar::{FIRST_YEAR, LAST_YEAR};
use entity::fault::CronFault;
use std::fmt;

/// The fields in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Second = 1,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
    Year,
}

/// `start`, `start + step` and so on, up to `end` and at most that; `start` ≤ `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
    step: u32,
}

impl Field {
    /// Counted from 1.
    pub fn position(self) -> u8 {
        self as u8
    }

    /// Reads a list and writes it as the `cron` crate wants it.
    pub fn read_for_crate(self, text: &str) -> Result<String, CronProblem> {
        Ok(for_crate(&self.read(text)?))
    }

    /// Reads a list.
    pub fn read(self, text: &str) -> Result<Vec<Span>, CronProblem> {
        self.read_list(text).map_err(|fault| CronProblem::in_field(self, fault))
    }

    /// Reads a list. Quartz steps over empty items (`1,,2`), so a list must only not be empty.
    pub fn read_list(self, text: &str) -> Result<Vec<Span>, CronFault> {
        let mut spans = Vec::new();
        for item in text.split(',').filter(|item| !item.is_empty()) {
            self.read_item(item, &mut spans)?;
        }
        if spans.is_empty() { Err(CronFault::Syntax { value: text.to_owned() }) } else { Ok(spans) }
    }

    fn read_item(self, item: &str, spans: &mut Vec<Span>) -> Result<(), CronFault> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let (min, max) = self.limits();
        if range == "*" || (range.is_empty() && step.is_some()) {
            // A step of 0 over everything is everything, for Quartz.
            let step = step.map_or(Ok(1), |step| number(step, 0, self.max_step()))?.max(1);
            spans.push(Span { start: min, end: max, step });
        } else if let Some((start, end)) = range.split_once('-') {
            if is_name(start) != is_name(end) || (is_name(start) && step.is_some()) {
                return Err(CronFault::Syntax { value: item.to_owned() });
            }
            let step = step.map_or(Ok(1), |step| number(step, 0, u32::MAX))?;
            self.add_range(self.value(start)?, self.value(end)?, step, item, spans)?;
        } else {
            let start = self.value(range)?;
            match step {
                Some(_) if is_name(range) => return Err(CronFault::Syntax { value: item.to_owned() }),
                Some(step) => spans.push(Span::new(start, max, number(step, 0, self.max_step())?)),
                None => spans.push(Span::new(start, start, 0)),
            }
        }
        Ok(())
    }

    /// Adds the values from `start` to `end`, over the field's limit and on from its beginning
    /// where `end` comes before `start`. Years do not wrap.
    fn add_range(
        self,
        start: u32,
        end: u32,
        step: u32,
        item: &str,
        spans: &mut Vec<Span>,
    ) -> Result<(), CronFault> {
        let (min, max) = self.limits();
        if start <= end {
            spans.push(Span::new(start, end, step));
            return Ok(());
        }
        if self == Field::Year {
            return Err(CronFault::Syntax { value: item.to_owned() });
        }
        spans.push(Span::new(start, max, step));
        // How far the first value beyond the limit lies from the field's beginning; none for a
        // step of 0, which leaves the start alone.
        let over = (max - start).checked_rem(step).map(|rest| step - rest - 1);
        if let Some(resumed) = over.and_then(|over| over.checked_add(min)).filter(|resumed| *resumed <= end) {
            spans.push(Span::new(resumed, end, step));
        }
        Ok(())
    }

    /// Reads one number or name. Quartz allows a `C` after a number ("calendar", without any
    /// effect); only the fields of days ever had it.
    pub fn value(self, text: &str) -> Result<u32, CronFault> {
        if let Some(index) = self.names().iter().position(|name| *name == text) {
            return Ok(index as u32 + 1);
        }
        let is_day = matches!(self, Field::DayOfMonth | Field::DayOfWeek);
        let digits = text.strip_suffix('C').filter(|_| is_day).unwrap_or(text);
        match self {
            // Years that never come may be written: the search decides.
            Field::Year => number(digits, 0, u32::MAX),
            _ => number(digits, self.limits().0, self.limits().1),
        }
    }

    fn limits(self) -> (u32, u32) {
        match self {
            Field::Second | Field::Minute => (0, 59),
            Field::Hour => (0, 23),
            Field::DayOfMonth => (1, 31),
            Field::Month => (1, 12),
            Field::DayOfWeek => (1, 7),
            Field::Year => (FIRST_YEAR as u32, LAST_YEAR as u32),
        }
    }

    /// The largest step from `*` or from a value. Ranges of two values take any.
    fn max_step(self) -> u32 {
        if self == Field::Year { u32::MAX } else { self.limits().1 }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Field::Month => {
                &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            }
            Field::DayOfWeek => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
            _ => &[],
        }
    }
}

impl Span {
    /// A step of 0 leaves the start alone, as in Quartz.
    fn new(start: u32, end: u32, step: u32) -> Self {
        match step {
            0 => Self { start, end: start, step: 1 },
            _ => Self { start, end: end.max(start), step },
        }
    }

    pub fn contains(self, value: u32) -> bool {
        (self.start..=self.end).contains(&value) && (value - self.start).is_multiple_of(self.step)
    }

    pub fn smallest(self) -> u32 {
        self.start
    }
}

/// As the `cron` crate writes it, which allows no step beyond the field's limit.
impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Span { start, end, step } if step > end - start => write!(out, "{start}"),
            Span { start, end, step } => write!(out, "{start}-{end}/{step}"),
        }
    }
}

pub fn for_crate(spans: &[Span]) -> String {
    spans.iter().map(Span::to_string).collect::<Vec<_>>().join(",")
}

/// Reads digits, from `min` to `max`.
pub fn number(text: &str, min: u32, max: u32) -> Result<u32, CronFault> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CronFault::Syntax { value: text.to_owned() });
    }
    match text.parse() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(CronFault::Range { value: text.to_owned(), min, max }),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
}
