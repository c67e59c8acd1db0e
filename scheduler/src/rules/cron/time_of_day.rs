//! The first three fields: at which times of a day an expression fires.

use super::ordinals::Ordinals;
use chrono::{NaiveTime, Timelike};

/// Every combination of these hours, minutes and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimesOfDay {
    pub hours: Ordinals,
    pub minutes: Ordinals,
    pub seconds: Ordinals,
}

impl TimesOfDay {
    pub fn first(&self) -> Option<NaiveTime> {
        self.first_of_hour(self.hours.first()?)
    }

    /// The earliest time that is not before `time`.
    pub fn at_or_after(&self, time: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        if self.hours.contains(hour) {
            if self.minutes.contains(minute)
                && let Some(second) = self.seconds.at_or_after(second)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = self.minutes.at_or_after(minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, self.seconds.first()?);
            }
        }
        self.first_of_hour(self.hours.at_or_after(hour + 1)?)
    }

    /// How many fires an allowed hour holds.
    pub fn per_hour(&self) -> u32 {
        self.minutes.len() * self.seconds.len()
    }

    /// Seconds from the full hour to the first and to the last fire in it.
    pub fn bounds_in_hour(&self) -> Option<(i64, i64)> {
        let seconds = |minute: u32, second: u32| i64::from(minute * 60 + second);
        Some((
            seconds(self.minutes.first()?, self.seconds.first()?),
            seconds(self.minutes.last()?, self.seconds.last()?),
        ))
    }

    /// Whether every hour is allowed and the pattern within the hour stays what it is when turned
    /// by `shift` seconds.
    pub fn repeat_under(&self, shift: i64) -> bool {
        let every = |set: Ordinals, size: u32| set.len() == size;
        let unmoved = |set: Ordinals, by: i64| set.turned(by.rem_euclid(60) as u32, 60) == set;
        every(self.hours, 24)
            && match shift % 60 {
                0 => unmoved(self.minutes, shift / 60),
                // Carries from seconds to minutes do no harm only where all minutes are alike.
                _ => every(self.minutes, 60) && unmoved(self.seconds, shift),
            }
    }

    fn first_of_hour(&self, hour: u32) -> Option<NaiveTime> {
        NaiveTime::from_hms_opt(hour, self.minutes.first()?, self.seconds.first()?)
    }
}
