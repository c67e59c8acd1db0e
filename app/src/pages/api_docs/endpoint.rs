//! `/api-docs?endpoint=…`: one endpoint, with a form that calls it.

use super::call::{Answer, AnswerView, call};
use super::with_code;
use crate::api::api_docs::{EndpointField, EndpointLine, EndpointView, FieldKind, Reach, endpoint};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyBlock;
use crate::components::error_page::ErrorPage;
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::pulse::use_scripts;
use crate::components::resource::resource;
use crate::i18n::*;
use crate::routes;
use leptos::html;
use leptos::prelude::*;

/// A field's name and what is typed in it, for those that are sent.
pub type Sent = Vec<(String, String)>;

#[component]
pub fn Endpoint(name: String) -> impl IntoView {
    let found = resource(move || name.clone(), endpoint);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match found.await {
                    Ok(found) => view! { <Content found/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

/// What is special about an endpoint.
#[component]
pub fn Marks(line: EndpointLine) -> impl IntoView {
    let i18n = use_i18n();
    let session = (line.reach == Reach::Session).then(|| {
        let title = tu_string!(i18n, api.session_title);
        view! { <span class="chip" title=title>{tu_string!(i18n, api.session)}</span> }
    });
    view! {
        {line.changes.then(|| view! { <span class="chip s-late">{tu_string!(i18n, api.changes)}</span> })}
        {session}
    }
}

#[component]
fn Content(found: EndpointView) -> impl IntoView {
    let i18n = use_i18n();
    let EndpointView { base, line, fields } = found;
    let title = line.name.clone();
    let crumbs =
        vec![Crumb::link(tu_string!(i18n, api.title), routes::api_docs()), Crumb::here(title.clone())];
    let typed: Vec<RwSignal<String>> = fields.iter().map(|_| RwSignal::new(String::new())).collect();
    let parts = StoredValue::new(fields.iter().cloned().zip(typed.iter().copied()).collect::<Vec<_>>());
    let sent = Signal::derive(move || parts.with_value(|parts| sent(parts)));
    let url = format!("{base}{}", line.path);
    let program = match line.reach {
        Reach::Token => {
            let curl = move || view! { <CopyBlock text=curl(&url, &shown(&parts.get_value()))/> };
            view! { <div class="max-w-180">{curl}</div> }.at_once()
        }
        Reach::Session => view! { <p class="muted t13">{tu_string!(i18n, api.session_title)}</p> }.at_once(),
    };
    let EndpointLine { method, path, text, .. } = line.clone();
    let marked = line.clone();
    view! {
        <div class="page">
            <PageTitle title crumbs>
                <Marks line=marked/>
            </PageTitle>
            <p class="mt-1 max-w-140 t13">{with_code(&text)}</p>
            <p class="mt-1 t13"><span class="method">{method}</span> " " <span class="mono">{path}</span></p>
            <p class="mt-1 max-w-140 text-muted t13">{tu_string!(i18n, api.form)}</p>
            <Section title=tu_string!(i18n, api.arguments)>
                <Call line fields typed sent/>
            </Section>
            <Section title=tu_string!(i18n, api.program)>{program}</Section>
        </div>
    }
}

#[component]
fn Call(
    line: EndpointLine,
    fields: Vec<EndpointField>,
    typed: Vec<RwSignal<String>>,
    sent: Signal<Sent>,
) -> impl IntoView {
    let i18n = use_i18n();
    let scripts = use_scripts();
    let answer = RwSignal::new(None::<Answer>);
    let is_calling = RwSignal::new(false);
    let meant = NodeRef::<html::Input>::new();
    let path = line.path.clone();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        is_calling.set(true);
        let path = path.clone();
        leptos::task::spawn_local(async move {
            let said = call(&path, &sent.get_untracked()).await;
            answer.try_set(Some(said));
            is_calling.try_set(false);
            // Each change is meant anew.
            if let Some(meant) = meant.get_untracked() {
                meant.set_checked(false);
            }
        });
    };
    let none =
        fields.is_empty().then(|| view! { <p class="muted t13">{tu_string!(i18n, api.no_arguments)}</p> });
    let inputs = fields.into_iter().zip(typed).map(|(field, typed)| input(field, typed));
    let meant = line.changes.then(|| {
        view! {
            <label class="meant t13">
                <input type="checkbox" required=true node_ref=meant/>
                {tu_string!(i18n, api.meant)}
            </label>
        }
    });
    let weight = if line.changes { Weight::Danger } else { Weight::Primary };
    let is_off = Signal::derive(move || !scripts.get() || is_calling.get());
    view! {
        <form class="call" on:submit=submit>
            {none}
            <div class="g2">{inputs.collect_view()}</div>
            {meant}
            <p class="call-send">
                <Button weight disabled=is_off>{tu_string!(i18n, api.call)}</Button>
                <span class="muted t13">
                    {move || match scripts.get() {
                        true => tu_string!(i18n, api.as_you),
                        false => tu_string!(i18n, api.no_scripts),
                    }}
                </span>
            </p>
        </form>
        <AnswerView answer/>
    }
}

fn input(field: EndpointField, typed: RwSignal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let id = format!("argument-{}", field.name);
    let (word, mode) = match field.kind {
        FieldKind::Text => (tu_string!(i18n, api.kind_text), None),
        FieldKind::Integer => (tu_string!(i18n, api.kind_integer), Some("numeric")),
        FieldKind::Number => (tu_string!(i18n, api.kind_number), Some("decimal")),
        FieldKind::Boolean => (tu_string!(i18n, api.kind_boolean), None),
        FieldKind::Choice => (tu_string!(i18n, api.kind_choice), None),
    };
    let is_secret = ["password", "current", "new", "again", "secret", "token"]
        .iter()
        .any(|word| field.name == *word || field.name.ends_with(&format!("[{word}]")));
    let choices = match field.kind {
        FieldKind::Boolean => vec!["true".to_owned(), "false".to_owned()],
        _ => field.choices.clone(),
    };
    let control = if choices.is_empty() {
        view! {
            <input
                class="in mono"
                type=if is_secret { "password" } else { "text" }
                id=id.clone()
                inputmode=mode
                autocomplete="off"
                spellcheck="false"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
        }
        .at_once()
    } else {
        let options =
            choices.into_iter().map(|word| view! { <option value=word.clone()>{word.clone()}</option> });
        view! {
            <select class="in" id=id.clone() on:change=move |event| typed.set(event_target_value(&event))>
                <option value=""></option>
                {options.collect_view()}
            </select>
        }
        .at_once()
    };
    view! {
        <div class="field">
            <label for=id>
                <span class="mono">{field.name}</span>
                <span class="opt">
                    {word} {(!field.required).then(|| format!(" · {}", tu_string!(i18n, common.optional)))}
                </span>
            </label>
            {control}
        </div>
    }
}

/// What is typed, and what has to be there in any case.
fn sent(parts: &[(EndpointField, RwSignal<String>)]) -> Sent {
    let part = |(field, typed): &(EndpointField, RwSignal<String>)| {
        let value = typed.get();
        (field.required || !value.is_empty()).then(|| (field.name.clone(), value))
    };
    parts.iter().filter_map(part).collect()
}

/// The same, with the kind of value where one is missing.
fn shown(parts: &[(EndpointField, RwSignal<String>)]) -> Sent {
    let fill = |(name, value): (String, String)| {
        let kind = parts.iter().find(|(field, _)| field.name == name).map(|(field, _)| field.kind);
        let value = match kind {
            Some(FieldKind::Integer) if value.is_empty() => "<integer>".to_owned(),
            Some(FieldKind::Number) if value.is_empty() => "<number>".to_owned(),
            Some(FieldKind::Boolean) if value.is_empty() => "<boolean>".to_owned(),
            Some(FieldKind::Choice) if value.is_empty() => "<choice>".to_owned(),
            _ => value,
        };
        (name, value)
    };
    sent(parts).into_iter().map(fill).collect()
}

/// The call as a command, in which nothing that was typed can mean something to the shell.
pub fn curl(url: &str, sent: &[(String, String)]) -> String {
    let mut command = "curl -H \"Authorization: Bearer $ORRERY_TOKEN\" \\\n".to_owned();
    if sent.is_empty() {
        command += "  -d '' \\\n";
    }
    for (name, value) in sent {
        command += &format!("  --data-urlencode {} \\\n", quoted(&format!("{name}={value}")));
    }
    command + "  " + &quoted(url)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_means_nothing_to_the_shell() {
        let sent = [("form[name]".to_owned(), "it's $HOME; `id`".to_owned())];
        let command = curl("https://orrery.example/rpc/app/api/jobs/create_job", &sent);
        assert!(command.contains(r"--data-urlencode 'form[name]=it'\''s $HOME; `id`' \"), "{command}");
        assert!(command.ends_with("\n  'https://orrery.example/rpc/app/api/jobs/create_job'"), "{command}");
        assert!(curl("u", &[]).contains("-d ''"), "a call without arguments is sent, too");
    }
}
