//! Tables: sticky header, rows of 36 px, two lines on a phone; sorting lives in the address.

use super::icon::{Icon, IconName};
use crate::components::at_once::{Slotted, TakenAtOnce};
use crate::i18n::*;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    label: String,
    number: bool,
    width: &'static str,
    sort: Option<&'static str>,
    hidden_label: bool,
}

impl Column {
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// Numbers: at the right, in tabular figures. Its cells have `class="num"`.
    #[must_use]
    pub fn number(mut self) -> Self {
        self.number = true;
        self
    }

    /// A width class: `cw-1` (52 px) to `cw-6` (220 px); columns without one share the rest.
    #[must_use]
    pub fn class(mut self, class: &'static str) -> Self {
        self.width = class;
        self
    }

    /// Sortable: a click sets `?sort=key`, another `?sort=-key`.
    #[must_use]
    pub fn sort(mut self, key: &'static str) -> Self {
        self.sort = Some(key);
        self
    }

    /// For the row's actions: the label is only read aloud.
    #[must_use]
    pub fn actions(mut self) -> Self {
        self.width = "cw-1";
        self.hidden_label = true;
        self
    }
}

/// A table over the page's whole width. The children are `<tr>`s.
///
/// The first cell holds the name as a link (`class="name"`), less important words after it
/// (`class="sub"`). On a phone a row becomes two lines: cells with `class="p1"` stand at the right of
/// the first, those with `class="p2"` on the second, and all others but the first vanish.
#[component]
pub fn DataTable(
    /// What the table lists, read aloud.
    #[prop(into)]
    label: String,
    columns: Vec<Column>,
    /// Within a page's section: rows of 32 px, not over the page's edges.
    #[prop(optional)]
    inner: bool,
    children: Slotted,
) -> impl IntoView {
    let class = if inner { "table tight" } else { "table bleed" };
    view! {
        <table class=class aria-label=label>
            <thead>
                <tr>{columns.into_iter().map(head).collect_view()}</tr>
            </thead>
            <tbody>{children.show()}</tbody>
        </table>
    }
}

fn head(column: Column) -> impl IntoView {
    let Column { label, number, width, sort, hidden_label } = column;
    let class = if number { format!("num {width}") } else { width.to_owned() };
    match sort {
        Some(key) => view! { <SortHead label class key/> }.at_once(),
        None if hidden_label => {
            view! { <th scope="col" class=class><span class="sr">{label}</span></th> }.at_once()
        }
        None => view! { <th scope="col" class=class>{label}</th> }.at_once(),
    }
}

#[component]
fn SortHead(label: String, class: String, key: &'static str) -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let path = use_location().pathname;
    let sorted = move || direction(&query.read().get("sort").unwrap_or_default(), key);
    let href = move || {
        let next = if sorted() == Some(Direction::Up) { format!("-{key}") } else { key.to_owned() };
        let kept = query.read().clone().into_iter().filter(|(name, _)| name != "sort" && name != "after");
        let mut pairs: Vec<(String, String)> = kept.map(|(name, value)| (name.into_owned(), value)).collect();
        pairs.push(("sort".to_owned(), next));
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        crate::routes::link(&path.get(), &pairs)
    };
    let aria = move || match sorted() {
        Some(Direction::Up) => "ascending",
        Some(Direction::Down) => "descending",
        None => "none",
    };
    let arrow = move || {
        sorted().map(|direction| match direction {
            Direction::Up => {
                view! { <Icon name=IconName::ArrowUp size=12 label=tu_string!(i18n, common.sorted_up)/> }
            }
            Direction::Down => {
                view! { <Icon name=IconName::ArrowDown size=12 label=tu_string!(i18n, common.sorted_down)/> }
            }
        })
    };
    view! {
        <th scope="col" class=class aria-sort=aria>
            <a class="sort" href=href>
                {label}
                {arrow}
            </a>
        </th>
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// How `key` is sorted by the query's value (`key`, `-key` or another column's).
fn direction(sort: &str, key: &str) -> Option<Direction> {
    match sort.strip_prefix('-') {
        Some(rest) if rest == key => Some(Direction::Down),
        None if sort == key => Some(Direction::Up),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, direction};

    #[test]
    fn the_sign_before_the_key_is_the_direction() {
        assert_eq!(direction("name", "name"), Some(Direction::Up));
        assert_eq!(direction("-name", "name"), Some(Direction::Down));
        assert_eq!(direction("-next", "name"), None);
        assert_eq!(direction("", "name"), None);
    }
}
