//! The viewer's API tokens, on the own account's page.

use crate::api::tokens::{CreateToken, FORM, RevokeToken, TokenLine, TokenLines, list_tokens, new_api_token};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::copy_button::CopyBlock;
use crate::components::error_page::ErrorPage;
use crate::components::field::{Choice, NumberField, SelectField, TextField};
use crate::components::form::{EditForm, successes};
use crate::components::icon::IconName;
use crate::components::page_title::Section;
use crate::components::resource::{Resource, resource};
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_notices;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::namespaces::{role_choices, role_word};
use crate::visit::use_visit;
use leptos::prelude::*;

/// What the section works with. Made once for its page: what stands inside a `Suspense` may be rendered twice, and a
/// new token is told once.
#[derive(Clone, Copy)]
pub struct TokenState {
    create: ServerAction<CreateToken>,
    revoke: ServerAction<RevokeToken>,
    lines: Resource<Result<TokenLines, AppError>>,
    /// The token that was made just before.
    text: Resource<Result<Option<String>, AppError>>,
}

impl TokenState {
    pub fn new() -> Self {
        let create = ServerAction::<CreateToken>::new();
        let revoke = ServerAction::<RevokeToken>::new();
        show_notices(create);
        let made = successes(create);
        let key = move || (made.get(), revoke.version().get());
        let lines = resource(key, |_| list_tokens());
        let text = resource(key, |_| new_api_token());
        Self { create, revoke, lines, text }
    }
}

/// The list, the token that was just made, and the form that makes one.
#[component]
pub fn Tokens(state: TokenState) -> impl IntoView {
    let i18n = use_i18n();
    let TokenState { create, revoke, lines, text } = state;
    view! {
        <Section title=tu_string!(i18n, tokens.title) note=tu_string!(i18n, tokens.note)>
            <Transition>
                {move || Suspend::new(async move {
                    match (lines.await, text.await) {
                        (Ok(lines), Ok(made)) => view! { <Content lines made create revoke/> }.at_once(),
                        (Err(error), _) | (_, Err(error)) => view! { <ErrorPage error/> }.at_once(),
                    }
                })}
            </Transition>
        </Section>
    }
}

#[component]
fn Content(
    lines: TokenLines,
    made: Option<String>,
    create: ServerAction<CreateToken>,
    revoke: ServerAction<RevokeToken>,
) -> impl IntoView {
    let i18n = use_i18n();
    let all = Choice::new("", tu_string!(i18n, tokens.all));
    let namespaces = lines.namespaces.into_iter().map(|found| Choice::new(found.id.to_string(), found.title));
    let scopes: Vec<Choice> = std::iter::once(all).chain(namespaces).collect();
    let table = match lines.lines.is_empty() {
        true => view! { <p class="muted t13 py-2">{tu_string!(i18n, tokens.none)}</p> }.at_once(),
        false => view! { <Lines lines=lines.lines revoke/> }.at_once(),
    };
    view! {
        {made.map(|token| view! { <NewToken token/> })}
        {table}
        <div class="mt-3">
            <EditForm id=FORM action=create prefix="form">
                <div class="g2">
                    <TextField name="name" label=tu_string!(i18n, tokens.name) maxlength=120/>
                    <NumberField
                        name="days"
                        label=tu_string!(i18n, tokens.days)
                        help=tu_string!(i18n, tokens.days_help)
                        value="90"
                        min=1
                        max=365
                    />
                    <SelectField name="role" label=tu_string!(i18n, tokens.scope) options=role_choices()/>
                    <SelectField name="namespaces" label=tu_string!(i18n, tokens.namespaces) options=scopes/>
                </div>
                <div class="mt-3">
                    <Button icon=IconName::Key>{tu_string!(i18n, tokens.create)}</Button>
                </div>
            </EditForm>
        </div>
    }
}

/// A token, shown by this page once.
#[component]
fn NewToken(token: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="token" aria-label=tu_string!(i18n, tokens.token)>
            <h2>{tu_string!(i18n, tokens.once)}</h2>
            <p class="t13">{tu_string!(i18n, tokens.once_text)}</p>
            <CopyBlock text=token/>
        </section>
    }
}

#[component]
fn Lines(lines: Vec<TokenLine>, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, tokens.token)),
        Column::new(tu_string!(i18n, tokens.scope)).class("cw-6"),
        Column::new(tu_string!(i18n, tokens.used)).class("cw-4").number(),
        Column::new(tu_string!(i18n, tokens.expires)).class("cw-4").number(),
        Column::new(tu_string!(i18n, tokens.revoke)).actions().class("cw-4"),
    ];
    view! {
        <DataTable label=tu_string!(i18n, tokens.title) columns inner=true>
            {lines.into_iter().map(|line| row(line, revoke)).collect_view()}
        </DataTable>
    }
}

fn row(line: TokenLine, revoke: ServerAction<RevokeToken>) -> impl IntoView {
    let i18n = use_i18n();
    let is_expired = line.expires_at <= use_visit().now;
    let (is_revoked, name) = (line.revoked_at.is_some(), line.name.clone());
    let scope = match line.namespaces {
        Some(namespaces) => format!("{} · {}", role_word(line.role), namespaces.join(", ")),
        None => role_word(line.role).to_owned(),
    };
    let used = match line.last_used_at {
        Some(at) => view! { <Time at style=TimeStyle::Relative/> }.at_once(),
        None => view! { <span class="faint">{tu_string!(i18n, tokens.never)}</span> }.at_once(),
    };
    let end = match (is_revoked, is_expired) {
        (true, _) => tu_string!(i18n, tokens.revoked).at_once(),
        (false, true) => tu_string!(i18n, tokens.expired).at_once(),
        (false, false) => view! { <Time at=line.expires_at style=TimeStyle::Short/> }.at_once(),
    };
    let revoke = (!is_revoked && !is_expired).then(|| {
        view! {
            <ConfirmForm
                action=revoke
                fields=vec![("id", line.id.to_string())]
                verb=tu_string!(i18n, tokens.revoke)
                question=tu_string!(i18n, tokens.revoke_question, name = name)
                icon=IconName::Ban
                weight=Weight::Ghost
            >
                {tu_string!(i18n, tokens.revoke_text)}
            </ConfirmForm>
        }
    });
    view! {
        <tr>
            <td>
                <span class="name">{line.name}</span>
            </td>
            <td class="muted">{scope}</td>
            <td class="num muted">{used}</td>
            <td class="p1 num muted">{end}</td>
            <td class="p2 num">{revoke}</td>
        </tr>
    }
}
