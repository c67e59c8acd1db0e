//! A unified difference of two texts, with the line numbers of both.

use crate::api::jobs::{Change, DiffLine};
use crate::i18n::*;
use leptos::prelude::*;

#[component]
pub fn SourceDiff(label: String, hunks: Vec<Vec<DiffLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let heads = [
        tu_string!(i18n, code.old_line),
        tu_string!(i18n, code.new_line),
        tu_string!(i18n, code.sign),
        tu_string!(i18n, code.text),
    ];
    let heads = heads.map(|head| view! { <th scope="col">{head}</th> });
    let region = label.clone();
    view! {
        <div class="diff" role="region" tabindex="0" aria-label=region>
            <table aria-label=label>
                <thead class="sr">
                    <tr>{heads}</tr>
                </thead>
                {hunks.into_iter().map(hunk_view).collect_view()}
            </table>
        </div>
    }
}

fn hunk_view(hunk: Vec<DiffLine>) -> impl IntoView {
    let place = place(&hunk);
    view! {
        <tbody>
            <tr class="place">
                <td colspan="4">{place}</td>
            </tr>
            {hunk.into_iter().map(line_view).collect_view()}
        </tbody>
    }
}

/// `@@ -4,7 +4,8 @@`: where the hunk begins in either text, and how many of its lines it has.
fn place(hunk: &[DiffLine]) -> String {
    let of = |number: fn(&DiffLine) -> Option<usize>| {
        let numbers: Vec<usize> = hunk.iter().filter_map(number).collect();
        (numbers.first().copied().unwrap_or(0), numbers.len())
    };
    let ((old, old_count), (new, new_count)) = (of(|line| line.old), of(|line| line.new));
    format!("@@ -{old},{old_count} +{new},{new_count} @@")
}

fn line_view(line: DiffLine) -> impl IntoView {
    let i18n = use_i18n();
    let (class, sign) = match line.change {
        Change::Kept => ("", " "),
        Change::Removed => ("del", "-"),
        Change::Added => ("add", "+"),
    };
    let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
    let open = line.is_open.then(|| view! { <i>{tu_string!(i18n, code.no_line_end)}</i> });
    view! {
        <tr class=class>
            <td class="n">{number(line.old)}</td>
            <td class="n">{number(line.new)}</td>
            <td class="s">{sign}</td>
            <td class="t">{line.text} {open}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunk_says_where_it_is_in_both_texts() {
        let line = |change, old, new| DiffLine { change, old, new, text: String::new(), is_open: false };
        let hunk = [
            line(Change::Kept, Some(4), Some(4)),
            line(Change::Removed, Some(5), None),
            line(Change::Added, None, Some(5)),
            line(Change::Added, None, Some(6)),
        ];
        assert_eq!(place(&hunk), "@@ -4,2 +4,3 @@");
        assert_eq!(place(&[line(Change::Added, None, Some(1))]), "@@ -0,0 +1,1 @@");
    }
}
