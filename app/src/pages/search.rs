//! `/search`: what goes by a text, as a page.

use crate::api::search::{Found, search};
use crate::components::at_once::TakenAtOnce;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::filter_bar::{FilterBar, SearchFilter};
use crate::components::found::{Entry, Group, groups};
use crate::components::icon::Icon;
use crate::components::page_title::{PageTitle, Section};
use crate::components::resource::resource;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Search() -> impl IntoView {
    let address = use_query_map();
    let text = Memo::new(move |_| address.read().get("q").unwrap_or_default().trim().to_owned());
    let found = resource(move || text.get(), search);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(found) => view! { <Content found text=text.get_untracked()/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(found: Found, text: String) -> impl IntoView {
    let i18n = use_i18n();
    let groups = groups(&found, &text);
    let none = groups.is_empty().then(|| {
        let title = tu_string!(i18n, search.none, text = text);
        view! { <Empty title text=tu_string!(i18n, search.none_text)/> }
    });
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, common.search)/>
            <FilterBar action=routes::search("")>
                <SearchFilter label=tu_string!(i18n, search.label)/>
            </FilterBar>
            {none}
            {groups.into_iter().map(section).collect_view()}
        </div>
    }
}

fn section(Group { title, entries }: Group) -> impl IntoView {
    view! {
        <Section title>
            <ul class="found">{entries.into_iter().map(line).collect_view()}</ul>
        </Section>
    }
}

fn line(Entry { href, icon, label, note }: Entry) -> impl IntoView {
    view! {
        <li>
            <Icon name=icon/>
            <a href=href>{label}</a>
            <span class="note">{note}</span>
        </li>
    }
}
