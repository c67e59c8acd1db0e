//! The fires that move, appear or vanish, day by day.

use crate::api::approvals::{Clock, PlanDay, PlanMark, PlanView};
use crate::components::at_once::TakenAtOnce;
use crate::components::page_title::Section;
use crate::components::time::full;
use crate::i18n::*;
use crate::visit::use_visit;
use leptos::prelude::*;

/// Of a day's lane, in the units of its drawing.
const WIDTH: f32 = 480.0;
const HEIGHT: f32 = 20.0;
/// Marks of a day that are told in words.
const TOLD: usize = 3;

#[component]
pub fn Plan(plan: PlanView) -> impl IntoView {
    let i18n = use_i18n();
    let zone = plan.zone.clone();
    let note = match plan.is_cut {
        false => tu_string!(i18n, approvals.plan_note, zone = zone),
        true => {
            let until = full(plan.until, &use_visit().zone);
            tu_string!(i18n, approvals.plan_until, until = until, zone = zone)
        }
    };
    let (moved, appearing, vanishing, staying) = (plan.moved, plan.appearing, plan.vanishing, plan.staying);
    let counts = move || {
        view! {
            <span class="plan-counts muted t13">
                <span>{tu_string!(i18n, approvals.moves_n, n = moved)}</span>
                <span>{tu_string!(i18n, approvals.appears_n, n = appearing)}</span>
                <span>{tu_string!(i18n, approvals.vanishes_n, n = vanishing)}</span>
                <span>{tu_string!(i18n, approvals.stays_n, n = staying)}</span>
            </span>
        }
    };
    let body = match plan.days.is_empty() {
        true => view! { <p class="muted t13">{tu_string!(i18n, approvals.no_moves)}</p> }.at_once(),
        false => {
            let days = plan.days.into_iter().map(day).collect_view();
            view! { <ol class="plan">{days}</ol> }.at_once()
        }
    };
    view! {
        <Section title=tu_string!(i18n, approvals.plan) note actions=counts>
            {body}
        </Section>
    }
}

fn day(PlanDay { date, marks, more }: PlanDay) -> impl IntoView {
    let i18n = use_i18n();
    let rest = more + marks.len().saturating_sub(TOLD);
    let told = marks.iter().take(TOLD).map(told).collect::<Vec<_>>().join(", ");
    let told = match rest {
        0 => told,
        rest => format!("{told} {}", tu_string!(i18n, approvals.more, n = rest)),
    };
    let hours = [6, 12, 18].map(|hour| {
        let x = place(hour * 60);
        view! { <line class="hour" x1=x x2=x y1="2" y2=HEIGHT - 2.0></line> }
    });
    view! {
        <li>
            <time>{date}</time>
            <svg
                class="lane"
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                role="img"
                aria-label=tu_string!(i18n, approvals.plan_label)
            >
                <line class="axis" x1="0" x2=WIDTH y1=HEIGHT / 2.0 y2=HEIGHT / 2.0></line>
                {hours.collect_view()}
                {marks.into_iter().map(drawn).collect_view()}
            </svg>
            <span>{told}</span>
        </li>
    }
}

/// Where a minute of the day lies, with room for the mark at either end.
fn place(minute: u16) -> f32 {
    8.0 + f32::from(minute) / 1440.0 * (WIDTH - 16.0)
}

fn told(mark: &PlanMark) -> String {
    let i18n = use_i18n();
    let text = |clock: &Clock| clock.text.clone();
    match (&mark.from, &mark.to) {
        (Some(from), Some(to)) => {
            tu_string!(i18n, approvals.mark_moves, from = text(from), to = text(to))
        }
        (None, Some(to)) => tu_string!(i18n, approvals.mark_appears, to = text(to)),
        (Some(from), None) => tu_string!(i18n, approvals.mark_vanishes, from = text(from)),
        (None, None) => String::new(),
    }
}

/// A dotted ring where a fire was, a dot where it will be, and a line from the one to the other.
fn drawn(mark: PlanMark) -> impl IntoView {
    let middle = HEIGHT / 2.0;
    let at = |clock: Option<Clock>| clock.map(|clock| place(clock.minute));
    let (from, to) = (at(mark.from), at(mark.to));
    let way = from.zip(to).map(|(from, to)| {
        view! { <line class="way" x1=from x2=to y1=middle y2=middle></line> }
    });
    let was = from.map(|x| {
        let class = if to.is_some() { "was" } else { "was gone" };
        view! { <circle class=class cx=x cy=middle r="4.5"></circle> }
    });
    let will = to.map(|x| {
        let class = if from.is_some() { "will" } else { "will new" };
        view! { <circle class=class cx=x cy=middle r="5"></circle> }
    });
    view! { {way} {was} {will} }
}
