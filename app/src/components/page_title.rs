//! The head of a page: path, name, state, one primary action, the rest after it.

use super::icon::{Icon, IconName};
use crate::components::at_once::{Slotted, TakenAtOnce};
use crate::i18n::*;
use leptos::prelude::*;
use leptos_meta::Title;

/// One step of the path to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crumb {
    pub label: String,
    /// `None` for the page itself.
    pub href: Option<String>,
}

impl Crumb {
    /// A step above the page, from a builder in [`crate::routes`].
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: Some(href.into()) }
    }

    /// The page itself.
    pub fn here(label: impl Into<String>) -> Self {
        Self { label: label.into(), href: None }
    }
}

/// The page's name, also of the browser's tab. `children` are what stands beside it (a state pill, a
/// count); `actions` stand at the right.
#[component]
pub fn PageTitle(
    #[prop(into)] title: String,
    #[prop(optional)] crumbs: Vec<Crumb>,
    #[prop(optional, into)] actions: ViewFn,
    #[prop(optional)] children: Option<Slotted>,
) -> impl IntoView {
    let i18n = use_i18n();
    let path = (!crumbs.is_empty()).then(|| {
        view! {
            <nav class="crumb" aria-label=tu_string!(i18n, common.breadcrumb)>
                <ol>{crumbs.into_iter().map(crumb).collect_view()}</ol>
            </nav>
        }
    });
    view! {
        <Title text=title.clone()/>
        {path}
        <div class="title">
            <h1>{title}</h1>
            {children.map(Slotted::show)}
            <div class="acts">{actions.run()}</div>
        </div>
    }
}

fn crumb(Crumb { label, href }: Crumb) -> impl IntoView {
    match href {
        Some(href) => {
            view! { <li><a href=href>{label}</a><Icon name=IconName::ChevronRight size=12/></li> }.at_once()
        }
        None => view! { <li aria-current="page">{label}</li> }.at_once(),
    }
}

/// A section of a page under a hairline: heading, a note beside it, links at the right.
#[component]
pub fn Section(
    #[prop(into)] title: String,
    /// Beside the heading, such as a count.
    #[prop(optional, into)]
    note: Option<String>,
    #[prop(optional, into)] actions: ViewFn,
    children: Slotted,
) -> impl IntoView {
    view! {
        <section class="sec">
            <div class="sec-h">
                <h2>{title}</h2>
                {note.map(|note| view! { <span class="n">{note}</span> })}
                <span class="r">{actions.run()}</span>
            </div>
            {children.show()}
        </section>
    }
}
