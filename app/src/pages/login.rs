//! `/login`

mod dial;

use crate::api::account::{SIGN_IN_FORM, SignIn};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::field::{PasswordField, TextField};
use crate::components::form::PlainForm;
use crate::components::frame::{LanguageSwitch, Mark, ThemeSwitch};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_viewer;
use dial::Dial;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

/// Who is signed in already is led on to where they wanted.
#[component]
pub fn Login() -> impl IntoView {
    let i18n = use_i18n();
    let next = use_query_map().read_untracked().get("next").unwrap_or_default();
    if use_viewer().is_some() {
        return view! { <Redirect path=routes::within_site(&next)/> }.at_once();
    }
    view! {
        <Title text=tu_string!(i18n, auth.sign_in)/>
        <div class="login">
            <main class="l">
                <a class="brand" href=routes::home()>
                    <Mark size=24/>
                    {tu_string!(i18n, common.product)}
                </a>
                <SignInForm next/>
                <div class="end">
                    <LanguageSwitch/>
                    <ThemeSwitch/>
                    <span class="ml-auto">{env!("CARGO_PKG_VERSION")}</span>
                </div>
            </main>
            <div class="r" aria-hidden="true">
                <Dial/>
            </div>
        </div>
    }
    .at_once()
}

#[component]
fn SignInForm(next: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <PlainForm id=SIGN_IN_FORM action=SignIn::url()>
            <h1>{tu_string!(i18n, auth.sign_in)}</h1>
            <input type="hidden" name="next" value=next/>
            <TextField name="name" label=tu_string!(i18n, auth.name) autocomplete="username" autofocus=true/>
            <PasswordField name="password" label=tu_string!(i18n, auth.password) autocomplete="current-password"/>
            <Button weight=Weight::Primary wide=true>{tu_string!(i18n, auth.sign_in)}</Button>
            <p class="help">{tu_string!(i18n, auth.lost_password)}</p>
        </PlainForm>
    }
}
