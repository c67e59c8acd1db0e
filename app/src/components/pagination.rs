//! Newer and older: pages by key, never by number.

use super::icon::{Icon, IconName};
use crate::components::at_once::TakenAtOnce;
use crate::i18n::*;
use leptos::prelude::*;

/// Links to the neighbouring pages, from builders in [`crate::routes`] with the filters kept; `None`
/// where there is none. `summary` says what is shown, such as “1–50 of 352”.
#[component]
pub fn Pagination(
    newer: Option<String>,
    older: Option<String>,
    #[prop(optional, into)] summary: Option<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <nav class="pages" aria-label=tu_string!(i18n, common.pages)>
            <span>{summary}</span>
            {step(newer, IconName::ChevronLeft, tu_string!(i18n, common.newer), "prev")}
            {step(older, IconName::ChevronRight, tu_string!(i18n, common.older), "next")}
        </nav>
    }
}

fn step(href: Option<String>, icon: IconName, label: &'static str, rel: &'static str) -> impl IntoView {
    match href {
        Some(href) => {
            view! { <a class="btn" href=href rel=rel aria-label=label title=label><Icon name=icon/></a> }
                .at_once()
        }
        None => view! { <span class="btn off" aria-hidden="true"><Icon name=icon/></span> }.at_once(),
    }
}
