//! The picture beside the sign-in form: a day as a dial. Bodies on their orbits are the fires of a
//! day; those behind the hand are done.

use crate::components::time::full;
use crate::visit::use_visit;
use leptos::prelude::*;
use std::f64::consts::TAU;
use std::fmt::Write;

const CENTRE: f64 = 330.0;
/// Radius, and how many times a day it fires.
const ORBITS: [(f64, u32); 4] = [(96.0, 7), (148.0, 11), (200.0, 16), (252.0, 21)];
const HAND: f64 = 282.0;
const SCALE: f64 = 290.0;
const QUARTERS: u32 = 96;

/// The point at `radius` for a `part` of the day from 0 to 1: midnight is at the foot, noon at the top.
fn point(radius: f64, part: f64) -> (f64, f64) {
    let angle = part * TAU;
    (CENTRE - radius * angle.sin(), CENTRE + radius * angle.cos())
}

/// Which part of the viewer's day has passed.
fn part_of_day(at: i64, zone: &str) -> f64 {
    let text = full(at, zone);
    let number = |range| text.get(range).and_then(|digits: &str| digits.parse::<f64>().ok()).unwrap_or(0.0);
    (number(11..13) * 60.0 + number(14..16)) / 1440.0
}

/// A mark for each quarter of an hour whose index `keep`s it.
fn ticks(keep: impl Fn(u32) -> bool) -> String {
    let mut path = String::new();
    for quarter in (0..QUARTERS).filter(|quarter| keep(*quarter)) {
        let length = match quarter {
            _ if quarter % 24 == 0 => 14.0,
            _ if quarter % 4 == 0 => 9.0,
            _ => 4.0,
        };
        let part = f64::from(quarter) / f64::from(QUARTERS);
        let ((x1, y1), (x2, y2)) = (point(SCALE, part), point(SCALE + length, part));
        // Writing to a String cannot fail.
        let _ = write!(path, "M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
    }
    path
}

/// Circles of radius `r` around the points, as one path.
fn discs(r: f64, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in points {
        let _ = write!(path, "M{:.1} {y:.1}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0", x - r, d = 2.0 * r);
    }
    path
}

/// The moments of all fires of the day, with their orbit's radius.
fn fires() -> impl Iterator<Item = (f64, f64)> {
    ORBITS.into_iter().flat_map(|(radius, count)| {
        (0..count).map(move |fire| (radius, (f64::from(fire) + 0.5) / f64::from(count)))
    })
}

#[component]
pub fn Dial() -> impl IntoView {
    let visit = use_visit();
    let now = part_of_day(visit.now, &visit.zone);
    let done = discs(3.5, fires().filter(|(_, part)| *part <= now).map(|(radius, part)| point(radius, part)));
    let due = discs(3.5, fires().filter(|(_, part)| *part > now).map(|(radius, part)| point(radius, part)));
    let present = discs(5.0, ORBITS.into_iter().map(|(radius, _)| point(radius, now)));
    let (x, y) = point(HAND, now);
    let orbits = ORBITS.map(|(radius, _)| {
        view! { <circle cx=CENTRE cy=CENTRE r=radius class="orbit"></circle> }
    });
    view! {
        <svg class="dial" viewBox="0 0 660 660">
            {orbits.into_iter().collect_view()}
            <path class="fine" d=ticks(|quarter| quarter % 4 != 0)></path>
            <path class="hour" d=ticks(|quarter| quarter % 4 == 0)></path>
            <text x="330" y="659" text-anchor="middle">"00"</text>
            <text x="12" y="334" text-anchor="middle">"06"</text>
            <text x="330" y="12" text-anchor="middle">"12"</text>
            <text x="648" y="334" text-anchor="middle">"18"</text>
            <path class="done" d=done></path>
            <path class="due" d=due></path>
            <path class="hand" d=format!("M{CENTRE} {CENTRE}L{x:.1} {y:.1}")></path>
            <path class="present" d=present></path>
            <circle class="present" cx=CENTRE cy=CENTRE r="5"></circle>
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_at_the_foot_and_the_day_goes_clockwise() {
        let near = |(x, y): (f64, f64), (a, b): (f64, f64)| (x - a).abs() < 0.01 && (y - b).abs() < 0.01;
        assert!(near(point(100.0, 0.0), (330.0, 430.0)));
        assert!(near(point(100.0, 0.25), (230.0, 330.0)));
        assert!(near(point(100.0, 0.5), (330.0, 230.0)));
        assert!(near(point(100.0, 0.75), (430.0, 330.0)));
    }

    #[test]
    fn the_hand_shows_the_viewers_time() {
        // 2026-03-06 06:30 UTC.
        let at = 1_772_778_600_000;
        assert!((part_of_day(at, "UTC") - 0.270_833).abs() < 0.000_01);
        assert!(part_of_day(at, "Asia/Shanghai") > part_of_day(at, "UTC"));
    }
}
