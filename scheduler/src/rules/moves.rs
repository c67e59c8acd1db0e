//! What another schedule does to the fires to come: which move, which appear, which vanish.

use chrono::DateTime;
use chrono_tz::Tz;
use entity::Millis;
use std::collections::BTreeMap;

/// The fires of a stretch of time, before and after. Instants in milliseconds UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// One for each local day on which something changes, in order.
    pub days: Vec<Day>,
    pub moved: usize,
    pub appearing: usize,
    pub vanishing: usize,
    /// At the same instant before and after.
    pub staying: usize,
}

/// What changes on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// From, to: the first that goes with the first that comes, and so on.
    pub moved: Vec<(Millis, Millis)>,
    pub appearing: Vec<Millis>,
    pub vanishing: Vec<Millis>,
}

/// Compares two ascending lists of instants, day by day on the clock of `zone`.
pub fn moves(before: &[Millis], after: &[Millis], zone: Tz) -> Moves {
    let gone: Vec<Millis> = before.iter().copied().filter(|at| after.binary_search(at).is_err()).collect();
    let come: Vec<Millis> = after.iter().copied().filter(|at| before.binary_search(at).is_err()).collect();
    let mut days: BTreeMap<_, (Vec<Millis>, Vec<Millis>)> = BTreeMap::new();
    for at in &gone {
        days.entry(local_day(*at, zone)).or_default().0.push(*at);
    }
    for at in &come {
        days.entry(local_day(*at, zone)).or_default().1.push(*at);
    }
    let days: Vec<Day> = days.into_values().map(|(gone, come)| Day::of(&gone, &come)).collect();
    Moves {
        moved: days.iter().map(|day| day.moved.len()).sum(),
        appearing: days.iter().map(|day| day.appearing.len()).sum(),
        vanishing: days.iter().map(|day| day.vanishing.len()).sum(),
        staying: before.len() - gone.len(),
        days,
    }
}

impl Day {
    fn of(gone: &[Millis], come: &[Millis]) -> Self {
        let pairs = gone.len().min(come.len());
        Self {
            moved: gone.iter().copied().zip(come.iter().copied()).collect(),
            vanishing: gone[pairs..].to_vec(),
            appearing: come[pairs..].to_vec(),
        }
    }
}

/// Days since the epoch on the clock of a zone.
fn local_day(at: Millis, zone: Tz) -> i64 {
    let local = DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).naive_local();
    local.and_utc().timestamp().div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;
    const DAY: Millis = 24 * HOUR;

    #[test]
    fn a_fire_that_goes_and_one_that_comes_on_the_same_day_are_a_move() {
        let before = [18 * HOUR, DAY + 18 * HOUR, 3 * DAY + 18 * HOUR];
        let after = [17 * HOUR, DAY + 18 * HOUR, 2 * DAY + 17 * HOUR];
        let found = moves(&before, &after, Tz::UTC);
        let days = vec![
            Day { moved: vec![(18 * HOUR, 17 * HOUR)], ..Day::default() },
            Day { appearing: vec![2 * DAY + 17 * HOUR], ..Day::default() },
            Day { vanishing: vec![3 * DAY + 18 * HOUR], ..Day::default() },
        ];
        assert_eq!(found, Moves { days, moved: 1, appearing: 1, vanishing: 1, staying: 1 });
    }

    #[test]
    fn days_are_those_of_the_zone() {
        // 23:30 and 00:30 UTC are one day in Shanghai (+8).
        let (before, after) = ([23 * HOUR], [DAY + HOUR]);
        assert_eq!(moves(&before, &after, Tz::Asia__Shanghai).moved, 1);
        let apart = moves(&before, &after, Tz::UTC);
        assert_eq!((apart.moved, apart.appearing, apart.vanishing), (0, 1, 1));
    }

    #[test]
    fn more_that_come_than_go_appear() {
        let found = moves(&[HOUR], &[2 * HOUR, 3 * HOUR], Tz::UTC);
        assert_eq!((found.moved, found.appearing, found.vanishing, found.staying), (1, 1, 0, 0));
        assert_eq!(moves(&[], &[], Tz::UTC), Moves::default());
    }
}
