//! Forms that name each wrong field beside it and keep what was typed, with and without JavaScript.

use super::icon::{Icon, IconName};
use crate::components::at_once::Slotted;
use crate::error::{AppError, ErrorKind, FieldError, Message};
use crate::i18n::*;
use crate::visit::{KeptForm, Visit, use_visit};
use crate::words::sentence;
use leptos::context::Provider;
use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::PostUrl;
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::{Http, ServerFn};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use web_sys::FormData;

/// What the fields inside a form know of it, and nothing beside it: a page is drawn more than once.
#[derive(Clone, Copy)]
pub struct FormContext {
    form: StoredValue<String>,
    /// `Some("form")`: a field `name` is sent as `form[name]`.
    prefix: Option<&'static str>,
    values: StoredValue<BTreeMap<String, String>>,
    error: Signal<Option<AppError>>,
}

impl FormContext {
    /// The name under which the field is sent.
    pub fn sent_name(self, field: &str) -> String {
        match self.prefix {
            Some(prefix) => format!("{prefix}[{field}]"),
            None => field.to_owned(),
        }
    }

    /// The id of the field's control, unique in the page.
    pub fn control_id(self, field: &str) -> String {
        self.form.with_value(|form| format!("{form}-{field}"))
    }

    /// What the field starts with: as it was typed before the form was refused, else its value.
    pub fn value(self, field: &str) -> Option<String> {
        self.values.with_value(|values| values.get(field).cloned())
    }

    /// What is wrong with the field, as one sentence.
    pub fn error_of(self, field: &str) -> Signal<Option<String>> {
        let field = field.to_owned();
        let locale = use_i18n().get_locale_untracked();
        Signal::derive(move || {
            let error = self.error.get()?;
            let wrong = error.fields.iter().find(|wrong| wrong.field == field)?;
            Some(sentence(locale, &wrong.message))
        })
    }
}

/// The form around the present component; a field outside of any form is sent by its own name.
pub fn use_form() -> FormContext {
    use_context::<FormContext>().unwrap_or_else(|| FormContext {
        form: StoredValue::new("field".to_owned()),
        prefix: None,
        values: StoredValue::default(),
        error: Signal::default(),
    })
}

/// A form that sends `action` and shows what was wrong with it.
///
/// The server function ends a failure with `Err(ssr::refuse_form(id, &values, error).await)`, where
/// `id` is this form's. With JavaScript the error arrives as the action's value; without, the server
/// keeps it for the page that the browser is sent back to. Either way [`super::field`]'s components
/// inside show their sentence, and what was typed stays.
#[component]
pub fn EditForm<S, O>(
    /// Unique on the page, the same as the server function uses.
    id: &'static str,
    action: ServerAction<S>,
    /// What the fields start with, by name.
    #[prop(optional)]
    values: BTreeMap<String, String>,
    /// The server function's argument when it takes one struct: fields are sent as `prefix[name]`.
    #[prop(optional)]
    prefix: Option<&'static str>,
    children: Slotted,
) -> impl IntoView
where
    S: ServerFn<Protocol = Http<PostUrl, O>, Error = AppError>,
    S: DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
    O: 'static,
    S::Client: Client<AppError>,
    <<S::Client as Client<AppError>>::Request as ClientReq<AppError>>::FormData: From<FormData>,
{
    let kept = take_kept(id);
    let mut values = values;
    if let Some(kept) = &kept {
        values.extend(kept.values.clone());
    }
    let kept_error = kept.and_then(|kept| kept.error);
    let result = action.value();
    let error = Signal::derive(move || match result.get() {
        Some(Ok(_)) => None,
        Some(Err(error)) => Some(error),
        None => kept_error.clone(),
    });
    let form = FormContext {
        form: StoredValue::new(id.to_owned()),
        prefix,
        values: StoredValue::new(values),
        error,
    };
    view! {
        <Provider value=form>
            <ActionForm action=action attr:class="form" attr:id=id attr:novalidate=true>
                <FormError/>
                {children.show()}
            </ActionForm>
        </Provider>
    }
}

/// A form whose sending loads the next page anew, also where scripts run: for what changes who the
/// page belongs to. `action` is the server function's URL; it fails as that of an [`EditForm`].
#[component]
pub fn PlainForm(id: &'static str, #[prop(into)] action: String, children: Slotted) -> impl IntoView {
    let (values, error) = take_kept(id).map(|kept| (kept.values, kept.error)).unwrap_or_default();
    let form = FormContext {
        form: StoredValue::new(id.to_owned()),
        prefix: None,
        values: StoredValue::new(values),
        error: Signal::stored(error),
    };
    view! {
        <Provider value=form>
            <form method="post" action=action class="form" id=id novalidate=true>
                <FormError/>
                {children.show()}
            </form>
        </Provider>
    }
}

/// What the server kept of the form `id`. In the browser it is taken once: the same form, opened
/// later by a link, starts afresh.
fn take_kept(id: &str) -> Option<KeptForm> {
    let kept = use_visit().kept.filter(|kept| kept.form == id)?;
    if let Some(visit) = use_context::<StoredValue<Visit>>() {
        Effect::new(move || visit.update_value(|visit| visit.kept = None));
    }
    Some(kept)
}

/// The sentence for the form as a whole, with links to the fields that need correction.
#[component]
fn FormError() -> impl IntoView {
    let form = use_form();
    let locale = use_i18n().get_locale_untracked();
    move || {
        form.error.get().map(|error| {
            let wrong = error.fields.clone();
            view! {
                <div class="form-error" role="alert">
                    <Icon name=IconName::CircleAlert/>
                    <p>
                        {sentence(locale, &error.sentence())} " "
                        {wrong.into_iter().map(|wrong| field_link(form, locale, wrong)).collect_view()}
                    </p>
                </div>
            }
        })
    }
}

fn field_link(form: FormContext, locale: Locale, wrong: FieldError) -> impl IntoView {
    let href = format!("#{}", form.control_id(&wrong.field));
    view! { <a href=href rel="external">{sentence(locale, &wrong.message)}</a> " " }
}

/// A message as a sentence in the viewer's language.
pub fn sentence_of(message: &Message) -> String {
    sentence(use_i18n().get_locale_untracked(), message)
}

/// Grows each time the action succeeds: what is read anew then. A form that is refused stays as it is typed.
pub fn successes<S>(action: ServerAction<S>) -> Memo<u32>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let value = action.value();
    Memo::new(move |before: Option<&u32>| {
        before.copied().unwrap_or(0) + u32::from(matches!(value.get(), Some(Ok(_))))
    })
}

/// The version that the form showed: it stays with what was typed, however often the form comes back.
#[component]
pub fn ShownVersion(version: i32) -> impl IntoView {
    let shown = use_form().value("version").unwrap_or_else(|| version.to_string());
    view! { <input type="hidden" name="version" value=shown/> }
}

/// Somebody else saved first: the way to what is stored now. What was typed stays in the form.
#[component]
pub fn ConflictNote<S>(
    action: ServerAction<S>,
    /// The `id` of the form.
    form: &'static str,
    text: &'static str,
    reload: &'static str,
    #[prop(into)] href: String,
) -> impl IntoView
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let is_conflict = |error: &AppError| error.kind == ErrorKind::Conflict && error.message.is_none();
    let kept = use_visit().kept.filter(|kept| kept.form == form).and_then(|kept| kept.error);
    let kept = kept.as_ref().is_some_and(is_conflict);
    let shown = move || match action.value().get() {
        Some(result) => result.as_ref().is_err_and(is_conflict),
        None => kept,
    };
    view! {
        <div class="conflict" hidden=move || !shown()>
            <Icon name=IconName::Info/>
            <p>
                {text} " "
                <a class="act" href=href rel="external">{reload}</a>
            </p>
        </div>
    }
}

/// A titled group of related fields in two columns.
#[component]
pub fn FieldGroup(#[prop(into)] title: String, children: Slotted) -> impl IntoView {
    view! {
        <fieldset class="group">
            <legend>{title}</legend>
            <div class="g2">{children.show()}</div>
        </fieldset>
    }
}

/// Rarely used fields, folded into one line that says their values in words.
#[component]
pub fn FoldedGroup(
    #[prop(into)] title: String,
    /// For example “timeout none · no retry”; may follow what is typed.
    #[prop(into)]
    summary: Signal<String>,
    /// Unfolded at first, as when one of its fields is wrong.
    #[prop(optional, into)]
    open: Signal<bool>,
    children: Slotted,
) -> impl IntoView {
    view! {
        <details class="fold" open=move || open.get()>
            <summary>
                <Icon name=IconName::ChevronRight/>
                <b>{title}</b>
                <span class="v">{move || summary.get()}</span>
            </summary>
            <div class="g2">{children.show()}</div>
        </details>
    }
}

/// The buttons at the foot of a form; they stay in sight while it scrolls.
#[component]
pub fn FormFoot(children: Slotted) -> impl IntoView {
    view! { <div class="savebar">{children.show()}</div> }
}
