//! A run's points in the order they happened, with the gaps between them.

use super::time::{Time, TimeStyle, duration};
use leptos::prelude::*;

/// How a point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// It happened.
    Done,
    /// The due time: what all others are measured against.
    Due,
    /// It happened, and what follows is under way.
    Now,
    /// Not yet, or never.
    Todo,
}

/// One point of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// “Armed”, “Due”, “Sent”, “Accepted”, “Finished”.
    pub label: String,
    /// Milliseconds UTC; `None` for what has not happened.
    pub at: Option<i64>,
    /// A few words: by whom, where, or what is expected.
    pub note: Option<String>,
    pub kind: PointKind,
}

/// The points left to right (upright on a phone), not to scale, the gaps in figures on the line.
#[component]
pub fn Timeline(points: Vec<Point>) -> impl IntoView {
    let next: Vec<Option<i64>> = points.iter().skip(1).map(|point| point.at).chain([None]).collect();
    let items = points.into_iter().zip(next).map(|(point, next)| {
        let gap = point.at.zip(next).map(|(from, to)| duration(to - from));
        let class = match point.kind {
            PointKind::Done => "",
            PointKind::Due => "due",
            PointKind::Now => "now",
            PointKind::Todo => "todo",
        };
        view! {
            <li class=class>
                <span class="pt" aria-hidden="true"></span>
                {gap.map(|gap| view! { <span class="gap">{gap}</span> })}
                <span class="k">{point.label}</span>
                {point.at.map(|at| view! { <span class="w mono"><Time at style=TimeStyle::Exact/></span> })}
                {point.note.map(|note| view! { <span class="w">{note}</span> })}
            </li>
        }
    });
    view! { <ol class="tl">{items.collect_view()}</ol> }
}
