//! What a page shows when it cannot show itself: what happened, why, what to do, and the number
//! that finds the request in the log.

use super::button::{LinkButton, Weight};
use super::page_title::PageTitle;
use crate::components::at_once::TakenAtOnce;
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use crate::words::sentence;
use leptos::prelude::*;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_location;

/// No page has this address.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <ErrorPage error=AppError::new(ErrorKind::NotFound)/> }
}

/// Stands in for a page whose data could not be had; also sets the HTTP status.
///
/// A viewer whose session has ended is led to the sign-in page, and back afterwards.
#[component]
pub fn ErrorPage(error: AppError) -> impl IntoView {
    let i18n = use_i18n();
    if error.kind == ErrorKind::Unauthenticated {
        let here = use_location().pathname.get_untracked();
        return view! { <Redirect path=routes::login(Some(&here))/> }.at_once();
    }
    #[cfg(feature = "ssr")]
    crate::ssr::set_page_status(error.kind);
    let (title, general) = match error.kind {
        ErrorKind::NotFound => {
            (tu_string!(i18n, common.not_found_title), tu_string!(i18n, common.not_found_text))
        }
        ErrorKind::Forbidden => {
            (tu_string!(i18n, common.forbidden_title), tu_string!(i18n, common.forbidden_text))
        }
        _ => (tu_string!(i18n, common.failed_title), tu_string!(i18n, common.failed_text)),
    };
    let exact = error.message.as_ref().map(|message| sentence(i18n.get_locale_untracked(), message));
    let request = error.request_id.clone().or_else(|| use_visit().request_id);
    view! {
        <div class="page">
            <PageTitle title/>
            <div class="empty">
                <p>{exact.unwrap_or_else(|| general.to_owned())}</p>
                {request.map(|id| view! {
                    <p class="muted">{tu_string!(i18n, common.request)} " " <code class="mono">{id}</code></p>
                })}
                <p>
                    <LinkButton href=routes::home() weight=Weight::Secondary>
                        {tu_string!(i18n, common.to_home)}
                    </LinkButton>
                </p>
            </div>
        </div>
    }
    .at_once()
}
