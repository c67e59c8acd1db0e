//! The list of versions, and one of them looked at.

use super::super::words::run_mode_word;
use super::difference::Difference;
use crate::api::jobs::{CodeVersion, RevertCode, Shown, word};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::field::Choice;
use crate::components::icon::IconName;
use crate::components::page_title::Section;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use entity::job::RunMode;
use leptos::prelude::*;
use leptos_router::components::Form;

/// Lines of the box in which a version is looked at.
const ROWS: u8 = 20;

/// All versions, newest first, and the choice of two to compare.
#[component]
pub fn Versions(id: i32, versions: Vec<CodeVersion>) -> impl IntoView {
    let i18n = use_i18n();
    let oldest = versions.last().map_or(0, |version| version.number);
    let columns = vec![
        Column::new(tu_string!(i18n, code.version)),
        Column::new(tu_string!(i18n, code.when)).class("cw-4"),
        Column::new(tu_string!(i18n, code.changes)).class("cw-2"),
    ];
    let numbers: Vec<i32> = versions.iter().map(|version| version.number).collect();
    let rows = versions.into_iter().map(|version| row(id, version, oldest)).collect_view();
    view! {
        <Section title=tu_string!(i18n, code.versions) note=tu_string!(i18n, code.versions_note)>
            <DataTable label=tu_string!(i18n, code.versions) columns inner=true>{rows}</DataTable>
            {(numbers.len() > 1).then(|| view! { <Compare id numbers/> })}
        </Section>
    }
}

fn row(id: i32, version: CodeVersion, oldest: i32) -> impl IntoView {
    let i18n = use_i18n();
    let number = version.number;
    let label = tu_string!(i18n, code.changes_of, n = number);
    let changes = (number > oldest).then(|| {
        view! {
            <a class="act" href=routes::job_code_difference(id, number - 1, number) aria-label=label>
                {tu_string!(i18n, code.changes)}
            </a>
        }
    });
    let author = version.created_by.clone().unwrap_or_else(|| tu_string!(i18n, code.nobody).to_owned());
    view! {
        <tr>
            <td>
                <a class="name" href=routes::job_code_version(id, number)>
                    {tu_string!(i18n, code.number, n = number)}
                </a>
                <span class="sub">{why(&version)}</span>
            </td>
            <td class="p2">
                <Time at=version.created_at style=TimeStyle::Relative/>
                <span class="sub">{author}</span>
            </td>
            <td class="p1">{changes}</td>
        </tr>
    }
}

/// Why a version was made, in words.
fn why(version: &CodeVersion) -> String {
    let i18n = use_i18n();
    match version.restores {
        Some(n) => tu_string!(i18n, code.restored, n = n),
        None if version.remark.is_empty() => tu_string!(i18n, code.from_form).to_owned(),
        None => version.remark.clone(),
    }
}

/// Two versions to choose; sent by GET, so that a difference has an address.
#[component]
fn Compare(id: i32, numbers: Vec<i32>) -> impl IntoView {
    let i18n = use_i18n();
    let newest = numbers.first().copied().unwrap_or(0);
    let options = numbers.iter().map(|n| Choice::new(n.to_string(), tu_string!(i18n, code.number, n = *n)));
    let options: Vec<Choice> = options.collect();
    let select = move |name: &'static str, label: &'static str, chosen: i32| {
        let options = options.clone().into_iter().map(|option| {
            let selected = option.value == chosen.to_string();
            view! { <option value=option.value selected=selected>{option.label}</option> }
        });
        view! {
            <label class="t13 muted">
                {label} " " <select class="in select" name=name>{options.collect_view()}</select>
            </label>
        }
    };
    let previous = numbers.get(1).copied().unwrap_or(newest);
    view! {
        <Form method="GET" action=routes::job_code(id) attr:class="code-compare">
            {select("from", tu_string!(i18n, code.compare_from), previous)}
            {select("to", tu_string!(i18n, code.compare_to), newest)}
            <Button small=true>{tu_string!(i18n, code.compare)}</Button>
        </Form>
    }
}

/// What the address asks for, under the editor.
#[component]
pub fn ShownSection(
    id: i32,
    run_mode: RunMode,
    versions: Vec<CodeVersion>,
    shown: Shown,
    may_edit: bool,
    revert: ServerAction<RevertCode>,
) -> impl IntoView {
    let newest = versions.first().map_or(0, |version| version.number);
    match shown {
        Shown::Version { number, source } => {
            let version = versions.into_iter().find(|version| version.number == number);
            let mode = version.as_ref().map_or(run_mode, |version| version.run_mode);
            let note = version.as_ref().map(why).unwrap_or_default();
            view! { <Version id number newest mode note source may_edit revert/> }.at_once()
        }
        Shown::Difference(difference) => view! { <Difference id difference/> }.at_once(),
    }
}

#[component]
fn Version(
    id: i32,
    number: i32,
    newest: i32,
    mode: RunMode,
    note: String,
    source: String,
    may_edit: bool,
    revert: ServerAction<RevertCode>,
) -> impl IntoView {
    let i18n = use_i18n();
    let title = tu_string!(i18n, code.shown_version, n = number);
    let note = format!("{} · {note}", run_mode_word(i18n, mode));
    let actions = move || {
        let to_newest = (number != newest).then(|| {
            view! {
                <a class="act" href=routes::job_code_difference(id, number, newest)>
                    {tu_string!(i18n, code.to_newest)}
                </a>
                " · "
            }
        });
        view! {
            {to_newest}
            <a class="act" href=routes::job_code(id)>{tu_string!(i18n, code.close)}</a>
        }
    };
    view! {
        <Section title=title.clone() note actions>
            <code-editor data-mode=word(mode)>
                <textarea class="in area mono" rows=ROWS readonly=true aria-label=title>{source}</textarea>
            </code-editor>
            {(may_edit && number != newest).then(|| view! { <Revert id number newest revert/> })}
        </Section>
    }
}

#[component]
fn Revert(id: i32, number: i32, newest: i32, revert: ServerAction<RevertCode>) -> impl IntoView {
    let i18n = use_i18n();
    let fields = vec![("id", id.to_string()), ("base", newest.to_string()), ("number", number.to_string())];
    view! {
        <div class="mt-3">
            <ConfirmForm
                action=revert
                fields
                verb=tu_string!(i18n, code.revert)
                question=tu_string!(i18n, code.revert_question, n = number)
                icon=IconName::Retry
                weight=Weight::Secondary
            >
                <p>{tu_string!(i18n, code.revert_text)}</p>
            </ConfirmForm>
        </div>
    }
}
