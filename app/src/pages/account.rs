//! `/account`

mod tokens;

use crate::api::account::{AccountView, ChangePassword, PASSWORD_FORM, SignOut, account};
use crate::api::preferences::{SetLocale, SetTheme};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, FactList};
use crate::components::field::PasswordField;
use crate::components::form::PlainForm;
use crate::components::icon::IconName;
use crate::components::page_title::{PageTitle, Section};
use crate::components::resource::resource;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use crate::visit::{Theme, Viewer, use_viewer, use_visit};
use entity::user::UserRole;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_query_map;
use tokens::{TokenState, Tokens};

/// The viewer's account; with a one-time password, nothing but the way to change it.
#[component]
pub fn Account() -> impl IntoView {
    match use_viewer() {
        Some(viewer) if viewer.must_change_password => view! { <FirstPassword viewer/> }.at_once(),
        _ => view! { <OwnAccount/> }.at_once(),
    }
}

#[component]
fn FirstPassword(viewer: Viewer) -> impl IntoView {
    let i18n = use_i18n();
    let next = use_query_map().read_untracked().get("next").unwrap_or_default();
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, account.choose_password)/>
            <p class="mt-1 mb-4 max-w-140 text-muted">
                {tu_string!(i18n, account.one_time, name = viewer.name)}
            </p>
            <PasswordForm next=routes::within_site(&next)/>
        </div>
    }
}

#[component]
fn OwnAccount() -> impl IntoView {
    let i18n = use_i18n();
    let account = resource(|| (), |()| account());
    let tokens = TokenState::new();
    let page = move |account: AccountView| {
        view! {
            <div class="page">
                <PageTitle title=account.name.clone() actions=|| view! { <SignOutButton/> }>
                    <span class="muted t13">{role_word(account.role)}</span>
                </PageTitle>
                <AccountFacts account/>
                <Section title=tu_string!(i18n, account.password) note=tu_string!(i18n, account.password_note)>
                    <PasswordForm next=routes::account()/>
                </Section>
                <Tokens state=tokens/>
                <Section title=tu_string!(i18n, account.appearance) note=tu_string!(i18n, account.appearance_note)>
                    <Preferences/>
                </Section>
            </div>
        }
    };
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match account.await {
                    Ok(account) => page(account).at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

fn role_word(role: UserRole) -> &'static str {
    let i18n = use_i18n();
    match role {
        UserRole::SuperAdmin => tu_string!(i18n, account.super_admin),
        UserRole::Ordinary => tu_string!(i18n, account.ordinary),
    }
}

#[component]
fn AccountFacts(account: AccountView) -> impl IntoView {
    let i18n = use_i18n();
    let since = account.last_sign_in_at.map(|at| view! { <Time at style=TimeStyle::Full/> });
    view! {
        <div class="mt-3">
            <FactList>
                <Fact label=tu_string!(i18n, account.email)>
                    {account.email.unwrap_or_else(|| tu_string!(i18n, common.none).to_owned())}
                </Fact>
                <Fact label=tu_string!(i18n, account.last_sign_in)>{since}</Fact>
                <Fact label=tu_string!(i18n, account.password_changed)>
                    <Time at=account.password_changed_at/>
                </Fact>
                <Fact label=tu_string!(i18n, account.created)>
                    <Time at=account.created_at/>
                </Fact>
                <Fact label=tu_string!(i18n, account.zone)>{use_visit().zone}</Fact>
            </FactList>
        </div>
    }
}

/// Three passwords; each wrong one is named. Sent as a plain form: afterwards the whole page may be
/// open to a viewer to whom it was closed.
#[component]
fn PasswordForm(next: String) -> impl IntoView {
    let i18n = use_i18n();
    let new_help = tu_string!(i18n, account.new_help);
    view! {
        <div class="mt-2 max-w-90">
            <PlainForm id=PASSWORD_FORM action=ChangePassword::url()>
                <input type="hidden" name="next" value=next/>
                <div class="grid gap-4">
                    <PasswordField
                        name="current"
                        label=tu_string!(i18n, account.current)
                        autocomplete="current-password"
                    />
                    <PasswordField
                        name="new"
                        label=tu_string!(i18n, account.new)
                        autocomplete="new-password"
                        help=new_help
                    />
                    <PasswordField name="again" label=tu_string!(i18n, account.again) autocomplete="new-password"/>
                    <div>
                        <Button weight=Weight::Primary>{tu_string!(i18n, account.change_password)}</Button>
                    </div>
                </div>
            </PlainForm>
        </div>
    }
}

/// Language and theme, kept by this browser.
#[component]
fn Preferences() -> impl IntoView {
    let i18n = use_i18n();
    let (locale, theme) = (i18n.get_locale_untracked(), use_visit().theme);
    let languages = [("en", "English", locale == Locale::en), ("zh-CN", "简体中文", locale == Locale::zh_CN)];
    let themes = [
        (Theme::Light, tu_string!(i18n, common.theme_light)),
        (Theme::Dark, tu_string!(i18n, common.theme_dark)),
        (Theme::System, tu_string!(i18n, common.theme_system)),
    ]
    .map(|(choice, word)| (choice.as_str(), word, choice == theme));
    view! {
        <div class="flex flex-wrap gap-x-8 gap-y-4 mt-2">
            <Choices
                action=SetLocale::url()
                name="locale"
                label=tu_string!(i18n, common.language)
                choices=languages.into()
                foreign=true
            />
            <Choices action=SetTheme::url() name="theme" label=tu_string!(i18n, common.theme) choices=themes.into()/>
        </div>
    }
}

/// Buttons beside one another, one of them chosen; each sends a plain form. `foreign` says that the
/// words are in the language that they name.
#[component]
fn Choices(
    #[prop(into)] action: String,
    name: &'static str,
    label: &'static str,
    choices: Vec<(&'static str, &'static str, bool)>,
    #[prop(optional)] foreign: bool,
) -> impl IntoView {
    let choices = choices.into_iter().map(|(value, word, chosen)| {
        let lang = foreign.then_some(value);
        view! {
            <button name=name value=value lang=lang aria-pressed=chosen.to_string()>
                {word}
            </button>
        }
    });
    let choices = choices.collect_view();
    view! {
        <form method="post" action=action class="field">
            <span class="t12 muted strong" aria-hidden="true">{label}</span>
            <div class="seg choices" role="group" aria-label=label>{choices}</div>
        </form>
    }
}

#[component]
fn SignOutButton() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <form method="post" action=SignOut::url()>
            <Button icon=IconName::LogOut>{tu_string!(i18n, common.sign_out)}</Button>
        </form>
    }
}
