//! Asking before something is destroyed: what it will touch, and the verb.

use super::button::{Button, Weight};
use super::icon::{Icon, IconName};
use crate::error::AppError;
use crate::i18n::*;
use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::PostUrl;
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::{Http, ServerFn};
use serde::de::DeserializeOwned;
use web_sys::FormData;

/// A button that unfolds the question, and the form that carries it out.
///
/// Built on `<details>`, so that it asks without JavaScript too: the form is sent only from inside.
/// Where scripts run it is a modal dialog. `fields` are sent along, such as `("id", "7")`; `children`
/// say what will be touched.
#[component]
pub fn ConfirmForm<S, O>(
    action: ServerAction<S>,
    fields: Vec<(&'static str, String)>,
    /// The verb on the button that asks, and on the one that does it.
    #[prop(into)]
    verb: String,
    /// “Delete FX closing rates?”
    #[prop(into)]
    question: String,
    #[prop(optional)] icon: Option<IconName>,
    #[prop(default = Weight::Danger)] weight: Weight,
    /// Already asking when the page opens.
    #[prop(optional)]
    open: bool,
    children: ChildrenFn,
) -> impl IntoView
where
    S: ServerFn<Protocol = Http<PostUrl, O>, Error = AppError>,
    S: DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
    O: 'static,
    S::Client: Client<AppError>,
    <<S::Client as Client<AppError>>::Request as ClientReq<AppError>>::FormData: From<FormData>,
{
    super::toast::show_errors(action);
    let details = NodeRef::<leptos::html::Details>::new();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        if let Some(details) = details.get_untracked() {
            details.set_open(false);
        }
    };
    let ask = move |event: web_sys::MouseEvent| {
        let (Some(details), Some(dialog)) = (details.get_untracked(), dialog.get_untracked()) else { return };
        event.prevent_default();
        details.set_open(true);
        // Not `close()`: its event comes after the dialog is shown, and would close it again.
        dialog.set_open(false);
        // What is not open can be shown.
        drop(dialog.show_modal());
    };
    Effect::new(move || {
        if action.value().get().is_some() {
            close();
        }
    });
    let inputs =
        fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    view! {
        <details class="confirm" node_ref=details open=open>
            <summary class=summary_class(weight) on:click=ask>
                {icon.map(|name| view! { <Icon name/> })}
                {verb.clone()}
                "…"
            </summary>
            <dialog node_ref=dialog open=true on:close=move |_| close()>
                <ActionForm action>
                    {inputs.collect_view()}
                    <h2>{question}</h2>
                    <div class="what">{children()}</div>
                    <div class="acts">
                        <CancelButton close=Callback::new(move |()| close())/>
                        <Button weight=weight>{verb}</Button>
                    </div>
                </ActionForm>
            </dialog>
        </details>
    }
}

fn summary_class(weight: Weight) -> &'static str {
    match weight {
        Weight::Primary => "btn pri",
        Weight::Secondary => "btn",
        Weight::Ghost => "btn ghost",
        Weight::Danger => "btn bad",
    }
}

/// Closes the dialog; without scripts the same is done by a second click on what opened it.
#[component]
fn CancelButton(close: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let live = RwSignal::new(false);
    Effect::new(move || live.set(true));
    view! {
        <button type="button" class="btn ghost" hidden=move || !live.get() on:click=move |_| close.run(())>
            {tu_string!(i18n, common.cancel)}
        </button>
    }
}
