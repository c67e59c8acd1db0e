//! The console: pages, components and server functions, rendered on the server (`ssr`) and brought
//! to life in the browser (`hydrate`).
//!
//! A page is found from its address: `/jobs/:id/edit` is `pages/jobs/edit.rs`, and the route table
//! with the builders of every link is [`routes`].

// Views are types within types: those of the larger pages are deeper than the compiler's usual limit.
#![recursion_limit = "256"]

pub mod api;
#[cfg(feature = "ssr")]
mod charts;
pub mod components;
pub mod error;
pub mod pages;
pub mod parts;
pub mod routes;
#[cfg(feature = "ssr")]
pub mod ssr;
pub mod visit;
pub mod words;
#[cfg(feature = "ssr")]
mod zoned;

// Generated from `locales/` by the build script.
include!(concat!(env!("OUT_DIR"), "/i18n.rs"));

use i18n::I18nContextProvider;
use leptos::prelude::*;
use leptos_i18n::context::UseLocalesOptions;
use leptos_meta::{Title, provide_meta_context};

/// The document around the application. Language and theme are chosen here, on the server, so that
/// nothing flickers when the browser takes over.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions, parts: &ssr::PartFiles) -> impl IntoView + use<> {
    use leptos_i18n::Locale as _;
    use leptos_meta::{HashedStylesheet, MetaTags};
    let theme = match ssr::request_theme() {
        visit::Theme::System => None,
        theme => Some(theme.as_str()),
    };
    let preload = |file: &String| {
        let href = format!("/{}/{file}.wasm", options.site_pkg_dir);
        view! { <link rel="preload" href=href r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/> }
    };
    let preloads = parts.of_request().iter().map(preload).collect_view();
    view! {
        <!DOCTYPE html>
        <html lang=ssr::request_locale().as_str() data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link
                    rel="preload"
                    href="/fonts/inter-latin-wght-normal.woff2"
                    r#as="font"
                    r#type="font/woff2"
                    crossorigin="anonymous"
                />
                <HashedStylesheet options=options.clone() id="orrery"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                {preloads}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The application: language, visit, routes.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    visit::provide_visit();
    visit::start_clock();
    components::time::tell_zone();
    // The locale is decided by `ssr::locale` alone; the browser reads it from `<html lang>`.
    #[cfg(feature = "ssr")]
    let locales = UseLocalesOptions::default()
        .ssr_lang_header_getter(|| Some(leptos_i18n::Locale::as_str(ssr::request_locale()).to_owned()));
    #[cfg(not(feature = "ssr"))]
    let locales = UseLocalesOptions::default();
    view! {
        <I18nContextProvider
            set_lang_attr_on_html=false
            set_dir_attr_on_html=false
            enable_cookie=false
            ssr_lang_header_getter=locales
        >
            <Title formatter=|title: String| if title.is_empty() { "Orrery".to_owned() } else { format!("{title} · Orrery") }/>
            <routes::AppRoutes/>
        </I18nContextProvider>
    }
}
