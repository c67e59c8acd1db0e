//! Buttons, and links that look like them.

use super::icon::{Icon, IconName};
use crate::components::at_once::Slotted;
use leptos::prelude::*;

/// How much a button asks to be pressed. One `Primary` a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    Primary,
    #[default]
    Secondary,
    /// Without a border, among others or in running text.
    Ghost,
    /// Destroys something; never the first.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn pri",
            Self::Secondary => "btn",
            Self::Ghost => "btn ghost",
            Self::Danger => "btn bad",
        }
    }
}

/// A button: `submit` unless `kind` says otherwise. `name` and `value` tell a form which of its
/// buttons sent it, with and without JavaScript.
#[component]
pub fn Button(
    #[prop(optional)] weight: Weight,
    #[prop(optional)] icon: Option<IconName>,
    #[prop(default = "submit")] kind: &'static str,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional)] small: bool,
    /// Over the whole width.
    #[prop(optional)]
    wide: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Slotted,
) -> impl IntoView {
    view! {
        <button type=kind name=name value=value class=weight.class() class:sm=small class:wide=wide disabled=disabled>
            {icon.map(|name| view! { <Icon name/> })}
            {children.show()}
        </button>
    }
}

/// A link with the look of a button, for what only leads somewhere.
#[component]
pub fn LinkButton(
    /// From a builder in [`crate::routes`].
    #[prop(into)]
    href: String,
    #[prop(optional)] weight: Weight,
    #[prop(optional)] icon: Option<IconName>,
    #[prop(optional)] small: bool,
    children: Slotted,
) -> impl IntoView {
    view! {
        <a href=href class=weight.class() class:sm=small>
            {icon.map(|name| view! { <Icon name/> })}
            {children.show()}
        </a>
    }
}

/// A button that is only an icon; its label is its accessible name and its tooltip.
#[component]
pub fn IconButton(
    icon: IconName,
    #[prop(into)] label: String,
    #[prop(default = "submit")] kind: &'static str,
    #[prop(optional, into)] name: Option<String>,
    #[prop(optional, into)] value: Option<String>,
) -> impl IntoView {
    view! {
        <button type=kind name=name value=value class="ib" aria-label=label.clone() title=label>
            <Icon name=icon/>
        </button>
    }
}
