//! `/account`

use crate::components::page_title::PageTitle;
use crate::i18n::*;
use leptos::prelude::*;

#[component]
pub fn Account() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, account.title)/>
        </div>
    }
}
