//! The frame of every page but the sign-in page: bar, menu, content; tabs at the foot on a phone.

mod bar;
mod freeze_banner;
mod menu;
mod palette;

use crate::components::at_once::TakenAtOnce;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use bar::TopBar;
use freeze_banner::{FreezeBanner, FreezeNews};
use leptos::prelude::*;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::use_location;
use menu::{Menu, Tabs};

pub use bar::{LanguageSwitch, ThemeSwitch};
pub use freeze_banner::use_freeze_news;
pub use menu::{beyond_tabs, tabs};

/// The frame around the page of the matched route. Without a session it leads to the sign-in page,
/// with an expired password to the account.
#[component]
pub fn Frame() -> impl IntoView {
    let i18n = use_i18n();
    provide_context(FreezeNews::default());
    let location = use_location();
    let here = location.pathname.get_untracked();
    let Some(viewer) = use_visit().viewer else {
        let query = location.search.get_untracked();
        let next = if query.is_empty() { here } else { format!("{here}?{query}") };
        let next = (next != routes::home()).then_some(next);
        return view! { <Redirect path=routes::login(next.as_deref())/> }.at_once();
    };
    if viewer.must_change_password && here != routes::account() {
        return view! { <Redirect path=routes::account()/> }.at_once();
    }
    // Whoever has to change the password may see nothing yet.
    let banner = (!viewer.must_change_password).then(|| view! { <FreezeBanner/> });
    view! {
        <a class="skip" href="#content" rel="external">{tu_string!(i18n, common.skip)}</a>
        <div class="app">
            <TopBar viewer/>
            <Menu/>
            <main id="content" tabindex="-1">
                {banner}
                <Outlet/>
            </main>
            <Tabs/>
        </div>
    }
    .at_once()
}

/// The product's mark: bodies on their orbits.
#[component]
pub fn Mark(#[prop(default = 20)] size: u8) -> impl IntoView {
    view! {
        <svg class="mark" width=size height=size viewBox="0 0 20 20" fill="none" aria-hidden="true">
            <circle cx="10" cy="10" r="8.25" stroke="currentColor" stroke-width="1.5"></circle>
            <circle cx="10" cy="10" r="4.5" stroke="currentColor" stroke-width="1.5" opacity=".55"></circle>
            <circle cx="10" cy="10" r="1.6" fill="currentColor"></circle>
            <circle cx="15.8" cy="4.2" r="2.6" class="body"></circle>
            <circle cx="6.8" cy="13.2" r="1.6" class="body"></circle>
        </svg>
    }
}
