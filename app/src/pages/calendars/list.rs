//! `/calendars`

use crate::api::calendars::{CalendarView, list_calendars};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;

#[component]
pub fn CalendarList() -> impl IntoView {
    let calendars = resource(|| (), |()| list_calendars());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match calendars.await {
                    Ok(lines) => view! { <Content lines/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(lines: Vec<CalendarView>) -> impl IntoView {
    let i18n = use_i18n();
    let may_edit = use_may().edit;
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::here(tu_string!(i18n, calendars.title)),
    ];
    let actions = move || {
        may_edit.then(|| {
            view! {
                <LinkButton href=routes::calendar_new() weight=Weight::Primary icon=IconName::Plus>
                    {tu_string!(i18n, calendars.new)}
                </LinkButton>
            }
        })
    };
    let body = match lines.is_empty() {
        true => view! {
            <Empty title=tu_string!(i18n, calendars.none) text=tu_string!(i18n, calendars.none_text)>
                {may_edit.then(|| view! {
                    <LinkButton href=routes::calendar_new() icon=IconName::Plus>
                        {tu_string!(i18n, calendars.new)}
                    </LinkButton>
                })}
            </Empty>
        }
        .at_once(),
        false => view! { <Lines lines/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, calendars.title) crumbs actions/>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<CalendarView>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, calendars.name)),
        Column::new(tu_string!(i18n, calendars.namespace)).class("cw-5"),
        Column::new(tu_string!(i18n, calendars.jobs)).class("cw-2").number(),
        Column::new(tu_string!(i18n, calendars.changed)).class("cw-4").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, calendars.title) columns>
            {lines.into_iter().map(row).collect_view()}
        </DataTable>
    }
}

fn row(line: CalendarView) -> impl IntoView {
    let i18n = use_i18n();
    // The first lines tell calendars apart.
    let days: Vec<&str> = line.settings.days.lines().take(3).collect();
    let days = days.join(" · ");
    view! {
        <tr>
            <td>
                <a class="name" href=routes::calendar_edit(line.id)>{line.settings.name}</a>
                <span class="sub mono">{days}</span>
            </td>
            <td class="p2 muted">{line.namespace}</td>
            <td class="p1 num">
                <span class="wide:hidden">{tu_string!(i18n, calendars.jobs)} ": "</span>
                {line.jobs}
            </td>
            <td class="p2 num muted"><Time at=line.updated_at style=TimeStyle::Relative/></td>
        </tr>
    }
}
