//! `/users`

use super::form::{role_word, roles};
use crate::api::users::{UserLine, UserQuery, list_users};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::filter_bar::{FilterBar, SearchFilter, SelectFilter};
use crate::components::icon::IconName;
use crate::components::page_title::PageTitle;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn UserList() -> impl IntoView {
    let address = use_query_map();
    let query = Memo::new(move |_| {
        let address = address.read();
        let value = |name: &str| address.get(name).unwrap_or_default();
        UserQuery { name: value("name"), email: value("email"), role: value("role") }
    });
    let lines = resource(move || query.get(), list_users);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match lines.await {
                    Ok(lines) => view! { <Content lines/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(lines: Vec<UserLine>) -> impl IntoView {
    let i18n = use_i18n();
    let actions = move || {
        view! {
            <LinkButton href=routes::user_new() weight=Weight::Primary icon=IconName::Plus>
                {tu_string!(i18n, users.new)}
            </LinkButton>
        }
    };
    let count = tu_string!(i18n, users.count, n = lines.len());
    let body = match lines.is_empty() {
        true => view! {
            <Empty title=tu_string!(i18n, users.none_found) text=tu_string!(i18n, users.none_found_text)/>
        }
        .at_once(),
        false => view! { <Lines lines/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, users.title) actions>
                <span class="muted t13">{count}</span>
            </PageTitle>
            <FilterBar action=routes::users()>
                <SearchFilter name="name" label=tu_string!(i18n, users.name)/>
                <SearchFilter name="email" label=tu_string!(i18n, users.email)/>
                <SelectFilter
                    name="role"
                    label=tu_string!(i18n, users.role)
                    any=tu_string!(i18n, users.any)
                    options=roles()
                />
            </FilterBar>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<UserLine>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, users.user)),
        Column::new(tu_string!(i18n, users.role)).class("cw-5"),
        Column::new(tu_string!(i18n, users.namespaces)).class("cw-3").number(),
        Column::new(tu_string!(i18n, users.last_sign_in)).class("cw-4").number(),
        Column::new(tu_string!(i18n, users.changed)).class("cw-5").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, users.title) columns>
            {lines.into_iter().map(row).collect_view()}
        </DataTable>
    }
}

fn row(line: UserLine) -> impl IntoView {
    let i18n = use_i18n();
    let signed_in = match line.last_sign_in_at {
        Some(at) => view! { <Time at style=TimeStyle::Relative/> }.at_once(),
        None => view! { <span class="faint">{tu_string!(i18n, users.never)}</span> }.at_once(),
    };
    let by = line.updated_by.unwrap_or_else(|| tu_string!(i18n, users.operator).to_owned());
    let changed = line.updated_at.map(|at| {
        view! { <Time at style=TimeStyle::Relative/> {format!(" · {by}")} }
    });
    let pending = line.must_change_password.then(|| {
        view! { " " <span class="tag">{tu_string!(i18n, users.must_change)}</span> }
    });
    view! {
        <tr>
            <td>
                <a class="name" href=routes::user(line.id)>{line.name}</a>
                {pending}
                <span class="sub">{line.email}</span>
            </td>
            <td class="p1 muted">{role_word(line.role)}</td>
            <td class="num">{line.grants.len()}</td>
            <td class="p2 num muted">{signed_in}</td>
            <td class="p2 num muted">{changed}</td>
        </tr>
    }
}
