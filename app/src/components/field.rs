//! Form fields: label above, help under, the error beside the field in words.
//!
//! Inside [`super::form::EditForm`] a field takes its value and its error from the form by its name.

use super::form::{FormContext, use_form};
use super::icon::{Icon, IconName};
use crate::components::at_once::Slotted;
use crate::i18n::*;
use leptos::prelude::*;

/// What all fields share: the frame with label, help and error around a control.
#[component]
fn FieldFrame(
    form: FormContext,
    name: String,
    label: String,
    #[prop(into)] help: MaybeProp<String>,
    optional: bool,
    /// Over both columns of its group.
    span: bool,
    children: Slotted,
) -> impl IntoView {
    let i18n = use_i18n();
    let id = form.control_id(&name);
    let error = form.error_of(&name);
    view! {
        <div class="field" class:span2=span>
            <label for=id.clone()>
                {label}
                {optional.then(|| view! { <span class="opt">{tu_string!(i18n, common.optional)}</span> })}
            </label>
            {children.show()}
            <p class="err-t" id=error_id(&id) hidden=move || error.get().is_none()>
                <Icon name=IconName::CircleAlert size=14/>
                <span>{move || error.get()}</span>
            </p>
            {help
                .get_untracked()
                .is_some()
                .then(|| view! { <p class="help" id=help_id(&id)>{move || help.get()}</p> })}
        </div>
    }
}

fn error_id(control: &str) -> String {
    format!("{control}-error")
}

fn help_id(control: &str) -> String {
    format!("{control}-help")
}

/// The ids of what describes a control: its help and, while there is one, its error.
fn described_by(
    id: &str,
    has_help: bool,
    error: Signal<Option<String>>,
) -> impl Fn() -> Option<String> + Send + 'static {
    let (error_id, help_id) = (error_id(id), help_id(id));
    move || match (error.get().is_some(), has_help) {
        (true, true) => Some(format!("{error_id} {help_id}")),
        (true, false) => Some(error_id.clone()),
        (false, true) => Some(help_id.clone()),
        (false, false) => None,
    }
}

fn invalid(error: Signal<Option<String>>) -> impl Fn() -> Option<&'static str> + Send + 'static {
    move || error.get().is_some().then_some("true")
}

/// One line of text. `kind` is the input's type: `text`, `number`, `email`, `search`, `password`;
/// a password is never filled in again.
#[component]
pub fn TextField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] help: MaybeProp<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    /// What it starts with where the form has no value for it.
    #[prop(optional, into)]
    value: MaybeProp<String>,
    #[prop(optional)] optional: bool,
    #[prop(optional)] span: bool,
    /// Monospace: crons, handlers, addresses.
    #[prop(optional)]
    mono: bool,
    #[prop(optional, into)] autocomplete: Option<&'static str>,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] min: Option<i64>,
    #[prop(optional)] max: Option<i64>,
    #[prop(optional)] maxlength: Option<u32>,
    /// The `id` of a `<datalist>` with suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    /// Called with the text at each keystroke, for previews.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
) -> impl IntoView {
    let form = use_form();
    let id = form.control_id(&name);
    let error = form.error_of(&name);
    let value = if kind == "password" { None } else { form.value(&name).or_else(|| value.get_untracked()) };
    let help = help.get_untracked();
    let described = described_by(&id, help.is_some(), error);
    let inputmode = (kind == "number").then_some("numeric");
    let sent = form.sent_name(&name);
    view! {
        <FieldFrame form name label help optional span>
            <input
                class="in"
                class:mono=mono
                type=kind
                id=id
                name=sent
                value=value
                placeholder=placeholder
                inputmode=inputmode
                autocomplete=autocomplete.unwrap_or("off")
                autofocus=autofocus
                min=min
                max=max
                maxlength=maxlength
                list=list
                required=!optional
                aria-invalid=invalid(error)
                aria-describedby=described
                on:input=move |event| {
                    if let Some(on_input) = on_input {
                        on_input.run(event_target_value(&event));
                    }
                }
            />
        </FieldFrame>
    }
}

/// A whole number.
#[component]
pub fn NumberField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] help: MaybeProp<String>,
    #[prop(optional, into)] value: MaybeProp<String>,
    #[prop(optional)] optional: bool,
    #[prop(optional)] min: Option<i64>,
    #[prop(optional)] max: Option<i64>,
    #[prop(optional, into)] on_input: Option<Callback<String>>,
) -> impl IntoView {
    view! {
        <TextField
            name
            label
            kind="number"
            help=help
            value=value
            optional
            min=min.unwrap_or(0)
            max=max.unwrap_or(i64::from(i32::MAX))
            on_input=on_input.unwrap_or_else(|| Callback::new(|_| ()))
        />
    }
}

/// A password; `autocomplete` is `current-password` or `new-password`.
#[component]
pub fn PasswordField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    autocomplete: &'static str,
    #[prop(optional, into)] help: MaybeProp<String>,
) -> impl IntoView {
    view! { <TextField name label kind="password" help=help autocomplete/> }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(default = 4)] rows: u8,
    #[prop(optional, into)] help: MaybeProp<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional, into)] value: MaybeProp<String>,
    #[prop(optional)] optional: bool,
    #[prop(default = true)] span: bool,
    #[prop(optional)] mono: bool,
    /// Called with the text at each keystroke, for previews.
    #[prop(optional, into)]
    on_input: Option<Callback<String>>,
) -> impl IntoView {
    let form = use_form();
    let id = form.control_id(&name);
    let error = form.error_of(&name);
    let text = form.value(&name).or_else(|| value.get_untracked()).unwrap_or_default();
    let help = help.get_untracked();
    let described = described_by(&id, help.is_some(), error);
    let sent = form.sent_name(&name);
    view! {
        <FieldFrame form name label help optional span>
            <textarea
                class="in area"
                class:mono=mono
                id=id
                name=sent
                rows=rows
                placeholder=placeholder
                required=!optional
                aria-invalid=invalid(error)
                aria-describedby=described
                on:input=move |event| {
                    if let Some(on_input) = on_input {
                        on_input.run(event_target_value(&event));
                    }
                }
            >
                {text}
            </textarea>
        </FieldFrame>
    }
}

/// One choice of a list: what is sent and what is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// A choice out of many.
#[component]
pub fn SelectField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    options: Vec<Choice>,
    /// May follow the choice; whether there is one does not change.
    #[prop(optional, into)]
    help: MaybeProp<String>,
    #[prop(optional, into)] value: MaybeProp<String>,
    #[prop(optional)] optional: bool,
    #[prop(optional)] span: bool,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let form = use_form();
    let id = form.control_id(&name);
    let error = form.error_of(&name);
    let chosen = form.value(&name).or_else(|| value.get_untracked()).unwrap_or_default();
    let described = described_by(&id, help.get_untracked().is_some(), error);
    let sent = form.sent_name(&name);
    let options = options.into_iter().map(|option| {
        let selected = option.value == chosen;
        view! { <option value=option.value selected=selected>{option.label}</option> }
    });
    let options = options.collect_view();
    view! {
        <FieldFrame form name label help optional span>
            <select
                class="in select"
                id=id
                name=sent
                aria-invalid=invalid(error)
                aria-describedby=described
                on:change=move |event| {
                    if let Some(on_change) = on_change {
                        on_change.run(event_target_value(&event));
                    }
                }
            >
                {options}
            </select>
        </FieldFrame>
    }
}

/// A choice out of few, all in sight: radio buttons that look like one segmented control.
#[component]
pub fn SegmentedField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    options: Vec<Choice>,
    /// The first option where neither the form nor this says otherwise.
    #[prop(optional, into)]
    value: MaybeProp<String>,
    #[prop(optional)] span: bool,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let form = use_form();
    let id = form.control_id(&name);
    let error = form.error_of(&name);
    let chosen = form
        .value(&name)
        .or_else(|| value.get_untracked())
        .or_else(|| options.first().map(|first| first.value.clone()));
    let sent = form.sent_name(&name);
    let options = options.into_iter().enumerate().map(|(index, option)| {
        let checked = chosen.as_deref() == Some(option.value.as_str());
        let id = if index == 0 { id.clone() } else { format!("{id}-{index}") };
        let tell = option.value.clone();
        view! {
            <label>
                <input
                    type="radio"
                    id=id
                    name=sent.clone()
                    value=option.value
                    checked=checked
                    on:change=move |_| {
                        if let Some(on_change) = on_change {
                            on_change.run(tell.clone());
                        }
                    }
                />
                <span>{option.label}</span>
            </label>
        }
    });
    view! {
        <fieldset class="field" class:span2=span>
            <legend>{label}</legend>
            <div class="seg">{options.collect_view()}</div>
            <p class="err-t" hidden=move || error.get().is_none()>
                <Icon name=IconName::CircleAlert size=14/>
                <span>{move || error.get()}</span>
            </p>
        </fieldset>
    }
}

/// Yes or no. Sent as `true` when checked and not at all otherwise: the server function's argument
/// has `#[server(default)]`, or the struct's field `#[serde(default)]`.
#[component]
pub fn CheckField(
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] help: MaybeProp<String>,
    #[prop(optional)] checked: bool,
    #[prop(optional)] span: bool,
) -> impl IntoView {
    let form = use_form();
    let id = form.control_id(&name);
    let checked = form.value(&name).map_or(checked, |value| value == "true");
    let help = help.get_untracked();
    let described = help.is_some().then(|| help_id(&id));
    let sent = form.sent_name(&name);
    view! {
        <div class="field check" class:span2=span>
            <label for=id.clone()>
                <input
                    class="cb"
                    type="checkbox"
                    id=id.clone()
                    name=sent
                    value="true"
                    checked=checked
                    aria-describedby=described
                />
                {label}
            </label>
            {help.map(|help| view! { <p class="help" id=help_id(&id)>{help}</p> })}
        </div>
    }
}
