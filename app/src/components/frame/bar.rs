//! The top bar: mark, namespace, clock, language, theme, the viewer.

use super::Mark;
use super::menu::beyond_tabs;
use super::palette::Palette;
use crate::api::account::SignOut;
use crate::api::preferences::{SetLocale, SetTheme};
use crate::components::at_once::{Slotted, TakenAtOnce};
use crate::components::icon::{Icon, IconName};
use crate::components::time::ZoneClock;
use crate::i18n::*;
use crate::routes;
use crate::visit::{Theme, Viewer, use_visit};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

#[component]
pub fn TopBar(viewer: Viewer) -> impl IntoView {
    let i18n = use_i18n();
    // Whoever has to change the password may see nothing yet.
    let may_search = !viewer.must_change_password;
    view! {
        <header class="bar">
            <a class="brand" href=routes::home()>
                <Mark/>
                {tu_string!(i18n, common.product)}
            </a>
            <span class="ns">
                <Icon name=IconName::Layers/>
                {tu_string!(i18n, common.all_namespaces)}
            </span>
            {match may_search {
                true => view! { <Palette/> }.at_once(),
                false => view! { <span class="grow"></span> }.at_once(),
            }}
            <ZoneClock/>
            <LanguageSwitch/>
            <ThemeSwitch/>
            <ViewerMenu viewer/>
        </header>
    }
}

/// Offers the other language, in that language's own name.
///
/// A plain form: the page is rendered anew, also without JavaScript.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let (other, short, name) = match i18n.get_locale_untracked() {
        Locale::en => ("zh-CN", "中文", "简体中文"),
        Locale::zh_CN => ("en", "EN", "English"),
    };
    let title = format!("{}: {name}", tu_string!(i18n, common.language));
    view! {
        <form method="post" action=SetLocale::url()>
            <button class="ib" name="locale" value=other lang=other title=title.clone() aria-label=title>
                {short}
            </button>
        </form>
    }
}

/// Light, dark, or as the system.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let present = use_visit().theme;
    let label = tu_string!(i18n, common.theme);
    let choices = [
        (Theme::Light, IconName::Sun, tu_string!(i18n, common.theme_light)),
        (Theme::Dark, IconName::Moon, tu_string!(i18n, common.theme_dark)),
        (Theme::System, IconName::Monitor, tu_string!(i18n, common.theme_system)),
    ];
    let choices = choices.map(|(theme, icon, word)| {
        let chosen = (theme == present).then_some("true");
        view! {
            <button name="theme" value=theme.as_str() aria-current=chosen>
                <Icon name=icon/>
                {word}
            </button>
        }
    });
    view! {
        <Popup label=label.to_owned() face=view! { <Icon name=IconName::SunMoon/> }.at_once()>
            <form method="post" action=SetTheme::url()>{choices.into_iter().collect_view()}</form>
        </Popup>
    }
}

/// The viewer's name, leading to the account and out.
#[component]
fn ViewerMenu(viewer: Viewer) -> impl IntoView {
    let i18n = use_i18n();
    let initial = viewer.name.chars().next().map(|first| first.to_uppercase().to_string());
    let face = view! {
        <span class="who"><i aria-hidden="true">{initial}</i><span>{viewer.name.clone()}</span></span>
    };
    view! {
        <Popup label=viewer.name.clone() face=face.at_once()>
            <a href=routes::account()>
                <Icon name=IconName::User/>
                {tu_string!(i18n, common.account)}
            </a>
            {beyond_tabs().into_iter().map(|(href, icon, word, _)| view! {
                <a href=href class="phone-menu"><Icon name=icon/>{word}</a>
            }).collect_view()}
            <form method="post" action=SignOut::url()>
                <button>
                    <Icon name=IconName::LogOut/>
                    {tu_string!(i18n, common.sign_out)}
                </button>
            </form>
        </Popup>
    }
}

/// A small menu under a button. The browser opens it; a click elsewhere or Escape closes it where
/// scripts run.
#[component]
fn Popup(label: String, face: AnyView, children: Slotted) -> impl IntoView {
    let details = NodeRef::<leptos::html::Details>::new();
    let close = move || {
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    Effect::new(move || {
        let click = window_event_listener(leptos::ev::click, move |event| {
            use wasm_bindgen::JsCast;
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            let inside = details.get_untracked().is_some_and(|details| details.contains(target.as_ref()));
            if !inside {
                close();
            }
        });
        let key = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape" {
                close();
            }
        });
        on_cleanup(move || {
            click.remove();
            key.remove();
        });
    });
    view! {
        <details class="popup" node_ref=details>
            <summary class="ib" aria-label=label.clone() title=label>{face}</summary>
            <div class="popup-body" on:click=move |_| close()>{children.show()}</div>
        </details>
    }
}
