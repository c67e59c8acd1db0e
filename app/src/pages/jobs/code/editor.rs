//! The form that saves a version.

use crate::api::jobs::{CODE_FORM, CodeForm, CodeView, SaveCode, word};
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::field::{TextArea, TextField};
use crate::components::form::{EditForm, FormFoot, use_form};
use crate::components::icon::{Icon, IconName};
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use entity::job::RunMode;
use leptos::prelude::*;

#[component]
pub fn Editor(view: CodeView, save: ServerAction<SaveCode>) -> impl IntoView {
    let i18n = use_i18n();
    let id = view.id;
    let about = match view.run_mode {
        RunMode::Groovy => tu_string!(i18n, code.arguments_groovy),
        _ => tu_string!(i18n, code.arguments),
    };
    view! {
        <div class="code-form">
            <EditForm id=CODE_FORM action=save prefix="form" values=CodeForm::from(&view).values()>
                <ConflictNote id save/>
                <input type="hidden" name="id" value=id/>
                <Base/>
                <p class="help">{about}</p>
                <code-editor data-mode=word(view.run_mode)>
                    <TextArea
                        name="source"
                        label=tu_string!(i18n, code.source)
                        rows=24
                        mono=true
                        help=tu_string!(i18n, code.source_help)
                    />
                </code-editor>
                <TextField
                    name="remark"
                    label=tu_string!(i18n, code.remark)
                    help=tu_string!(i18n, code.remark_help)
                    maxlength=100
                />
                <FormFoot>
                    <Button weight=Weight::Primary>{tu_string!(i18n, code.save)}</Button>
                    <LinkButton href=routes::job(id) weight=Weight::Ghost>
                        {tu_string!(i18n, common.cancel)}
                    </LinkButton>
                </FormFoot>
            </EditForm>
        </div>
    }
}

/// For whoever may look only.
#[component]
pub fn ReadOnly(mode: RunMode, source: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <code-editor data-mode=word(mode)>
            <textarea class="in area mono" rows="24" readonly=true aria-label=tu_string!(i18n, code.source)>
                {source}
            </textarea>
        </code-editor>
    }
}

/// The version that was opened: the optimistic lock.
#[component]
fn Base() -> impl IntoView {
    let form = use_form();
    view! { <input type="hidden" name=form.sent_name("base") value=form.value("base")/> }
}

/// Somebody else saved first: the way to what is stored now. What was typed stays in the form.
#[component]
fn ConflictNote(id: i32, save: ServerAction<SaveCode>) -> impl IntoView {
    let i18n = use_i18n();
    let is_conflict = |error: &AppError| error.kind == ErrorKind::Conflict && error.message.is_none();
    let kept = use_visit().kept.filter(|kept| kept.form == CODE_FORM).and_then(|kept| kept.error);
    let kept = kept.as_ref().is_some_and(is_conflict);
    let shown = move || match save.value().get() {
        Some(result) => result.as_ref().is_err_and(is_conflict),
        None => kept,
    };
    view! {
        <div class="conflict" hidden=move || !shown()>
            <Icon name=IconName::Info/>
            <p>
                {tu_string!(i18n, code.conflict_text)} " "
                <a class="act" href=routes::job_code(id) target="_blank">
                    {tu_string!(i18n, code.conflict_look)}
                </a>
                " · "
                <a class="act" href=routes::job_code(id) rel="external">
                    {tu_string!(i18n, code.conflict_reload)}
                </a>
            </p>
        </div>
    }
}
