//! An empty list that does something.

use super::copy_button::CopyBlock;
use crate::components::at_once::Slotted;
use leptos::prelude::*;

/// Says what is missing and offers the way on: `command` to copy, `children` for a button.
#[component]
pub fn Empty(
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(optional, into)] command: Option<String>,
    #[prop(optional)] children: Option<Slotted>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            <p class="muted">{text}</p>
            {command.map(|command| view! { <CopyBlock text=command/> })}
            {children.map(Slotted::show)}
        </div>
    }
}
