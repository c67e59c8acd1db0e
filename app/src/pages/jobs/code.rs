//! `/jobs/:id/code`: the source of a job's script, its versions, and what differs between two of them.
//!
//! `?version=7` shows a version and `?from=6&to=7` a difference, both below the editor, which keeps what is
//! typed meanwhile.

mod difference;
mod editor;
mod versions;

use super::words::run_mode_word;
use crate::api::jobs::{CodeQuery, CodeVersion, CodeView, RevertCode, SaveCode, job_code, shown_code};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::LinkButton;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::components::script_module::ScriptModule;
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_notices;
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use editor::{Editor, ReadOnly};
use entity::job::RunMode;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use versions::{ShownSection, Versions};

/// What changes the code of this page.
#[derive(Clone, Copy)]
struct Changes {
    save: ServerAction<SaveCode>,
    revert: ServerAction<RevertCode>,
}

impl Changes {
    fn new() -> Self {
        let changes = Self { save: ServerAction::new(), revert: ServerAction::new() };
        show_notices(changes.save);
        changes
    }

    /// Grows with each version that was made: then all is read anew. What was refused stays as it is typed.
    fn made(self) -> Memo<u32> {
        Memo::new(move |before: Option<&u32>| {
            let saved = matches!(self.save.value().get(), Some(Ok(())));
            let reverted = matches!(self.revert.value().get(), Some(Ok(())));
            before.copied().unwrap_or(0) + u32::from(saved) + u32::from(reverted)
        })
    }
}

#[component]
pub fn JobCode() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let changes = Changes::new();
    let made = changes.made();
    let code = resource(move || (id.get(), made.get()), |(id, _)| job_code(id));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match code.await {
                    Ok(view) => view! { <Page view changes/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Page(view: CodeView, changes: Changes) -> impl IntoView {
    let i18n = use_i18n();
    let (id, may_edit) = (view.id, view.may.edit);
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, jobs.title), routes::jobs()),
        Crumb::link(view.name.clone(), routes::job(id)),
        Crumb::here(tu_string!(i18n, code.title)),
    ];
    let actions = move || {
        may_edit.then(|| {
            view! {
                <LinkButton href=routes::job_edit(id) icon=IconName::Pencil>{tu_string!(i18n, jobs.edit)}</LinkButton>
            }
        })
    };
    let body = match view.run_mode.has_source() {
        true => view! { <Code view=view.clone() changes/> }.at_once(),
        false => view! { <NoCode handler=view.handler.clone() id may_edit/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, code.title_named, name = view.name.clone()) crumbs actions/>
            <FactLine view/>
            {body}
        </div>
    }
}

#[component]
fn FactLine(view: CodeView) -> impl IntoView {
    let i18n = use_i18n();
    let newest = view.versions.first().filter(|_| view.run_mode.has_source()).cloned();
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, code.run_mode)>{run_mode_word(i18n, view.run_mode)}</Fact>
            <Fact label=tu_string!(i18n, jobs.executor)>
                <a href=routes::executor(view.executor_id)>{view.app_name}</a>
            </Fact>
            {newest.map(|newest| view! {
                <Fact label=tu_string!(i18n, code.version)>
                    {tu_string!(i18n, code.number, n = newest.number)} " · "
                    <Time at=newest.created_at style=TimeStyle::Relative/>
                    {newest.created_by.map(|name| format!(" · {name}"))}
                </Fact>
            })}
        </Facts>
    }
}

/// A job with a handler: says so, and where that is changed.
#[component]
fn NoCode(handler: String, id: i32, may_edit: bool) -> impl IntoView {
    let i18n = use_i18n();
    let text = tu_string!(i18n, code.handler_text, handler = handler);
    view! {
        <Empty title=tu_string!(i18n, code.handler_title) text>
            {may_edit.then(|| view! {
                <LinkButton href=routes::job_edit(id)>{tu_string!(i18n, jobs.edit)}</LinkButton>
            })}
        </Empty>
    }
}

#[component]
fn Code(view: CodeView, changes: Changes) -> impl IntoView {
    let (id, run_mode, versions, may_edit) = (view.id, view.run_mode, view.versions.clone(), view.may.edit);
    let editor = match may_edit {
        true => view! { <Editor view=view.clone() save=changes.save/> }.at_once(),
        false => view! { <ReadOnly mode=run_mode source=view.source.clone()/> }.at_once(),
    };
    view! {
        <ScriptModule name="code-editor"/>
        <Unable view/>
        <div class="split code-split">
            {editor}
            <aside>
                <Versions id versions=versions.clone()/>
            </aside>
        </div>
        <Below id run_mode versions may_edit revert=changes.revert/>
    }
}

/// Warns of instances where the script cannot run.
#[component]
fn Unable(view: CodeView) -> impl IntoView {
    let i18n = use_i18n();
    (view.unable > 0).then(|| {
        let text = tu_string!(
            i18n,
            code.unable,
            unable = view.unable,
            online = view.online,
            executor = view.app_name.clone(),
            mode = run_mode_word(i18n, view.run_mode)
        );
        view! {
            <div class="conflict mt-3" role="alert">
                <Icon name=IconName::AlertTriangle/>
                <p>{text}</p>
            </div>
        }
    })
}

/// What the address asks for besides, read when the address changes.
#[component]
fn Below(
    id: i32,
    run_mode: RunMode,
    versions: Vec<CodeVersion>,
    may_edit: bool,
    revert: ServerAction<RevertCode>,
) -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let text = |name: &str| query.get(name).unwrap_or_default();
        CodeQuery { version: text("version"), from: text("from"), to: text("to") }
    });
    let shown = resource(move || asked.get(), move |asked| shown_code(id, asked));
    view! {
        <div id="shown" class="code-shown">
            <Transition>
                {move || {
                    let versions = versions.clone();
                    Suspend::new(async move {
                        match shown.await {
                            Ok(None) => ().at_once(),
                            Ok(Some(shown)) => {
                                view! { <ShownSection id run_mode versions shown may_edit revert/> }.at_once()
                            }
                            Err(error) => view! { <Missing error/> }.at_once(),
                        }
                    })
                }}
            </Transition>
        </div>
    }
}

/// A version that is not kept any more is no reason to hide the editor.
#[component]
fn Missing(error: AppError) -> impl IntoView {
    let i18n = use_i18n();
    match error.kind {
        ErrorKind::NotFound => {
            view! { <p class="muted t13 mt-4" role="status">{tu_string!(i18n, code.gone)}</p> }.at_once()
        }
        _ => view! { <ErrorPage error/> }.at_once(),
    }
}
