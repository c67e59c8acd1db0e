//! `/namespaces/:id`

use super::members::{GrantActions, GrantPeople, Members, use_members};
use crate::api::namespaces::{DeleteNamespace, EDIT_FORM, EditNamespace, NamespacePage, namespace};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::field::{CheckField, Choice, SelectField, TextField};
use crate::components::form::{ConflictNote, EditForm, FieldGroup, FormFoot, ShownVersion, successes};
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::resource;
use crate::components::time::Time;
use crate::components::toast::show_notices;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn NamespaceDetail() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let actions =
        Actions { edit: ServerAction::new(), delete: ServerAction::new(), grants: GrantActions::new() };
    show_notices(actions.edit);
    let (edited, granted) = (successes(actions.edit), successes(actions.grants.grant));
    let key = move || (id.get(), edited.get(), granted.get());
    let page = resource(key, |(id, ..)| namespace(id));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <Content actions page/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[derive(Clone, Copy)]
struct Actions {
    edit: ServerAction<EditNamespace>,
    delete: ServerAction<DeleteNamespace>,
    grants: GrantActions,
}

#[component]
fn Content(actions: Actions, page: NamespacePage) -> impl IntoView {
    let i18n = use_i18n();
    let id = page.id;
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, namespaces.title), routes::namespaces()),
        Crumb::here(page.title.clone()),
    ];
    let head = page.clone();
    let members = use_members(id, page.members.clone(), actions.grants);
    view! {
        <div class="page">
            <PageTitle
                title=page.title.clone()
                crumbs
                actions=move || view! { <Delete delete=actions.delete page=head.clone()/> }
            />
            <FactLine page=page.clone()/>
            <Section title=tu_string!(i18n, namespaces.people) >
                {move || view! { <Members members=members.get() actions=actions.grants/> }}
                <GrantPeople namespace_id=id grant=actions.grants.grant/>
            </Section>
            <Section title=tu_string!(i18n, namespaces.settings)>
                <Settings edit=actions.edit page=page.clone()/>
            </Section>
        </div>
    }
}

#[component]
fn FactLine(page: NamespacePage) -> impl IntoView {
    let i18n = use_i18n();
    let namespace = page.id.to_string();
    let filter = [("namespace", namespace.as_str())];
    let (executors, jobs) = (routes::executors_where(&filter), routes::jobs_where(&filter));
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, namespaces.executors)>
                <a href=executors>{page.executors}</a>
            </Fact>
            <Fact label=tu_string!(i18n, namespaces.jobs)>
                <a href=jobs>{page.jobs}</a>
            </Fact>
            <Fact label=tu_string!(i18n, namespaces.created)>
                <Time at=page.created_at/>
            </Fact>
        </Facts>
    }
}

#[component]
fn Settings(edit: ServerAction<EditNamespace>, page: NamespacePage) -> impl IntoView {
    let i18n = use_i18n();
    let ticked = |is_ticked: bool| if is_ticked { "true" } else { "" }.to_owned();
    let channel = page.approval_channel_id.map(|id| id.to_string()).unwrap_or_default();
    let values = [
        ("remark".to_owned(), page.remark),
        ("approve_definitions".to_owned(), ticked(page.approve_definitions)),
        ("approve_switching".to_owned(), ticked(page.approve_switching)),
        ("approve_runs".to_owned(), ticked(page.approve_runs)),
        ("approval_channel_id".to_owned(), channel),
    ]
    .into();
    let mut channels = vec![Choice::new("", tu_string!(i18n, namespaces.no_approval_channel))];
    channels.extend(page.channels.into_iter().map(|(id, name)| Choice::new(id.to_string(), name)));
    let is_approved = page.approve_definitions || page.approve_switching || page.approve_runs;
    let note = is_approved.then(|| {
        view! { <p class="muted t13">{tu_string!(i18n, namespaces.approval_covers_this)}</p> }
    });
    view! {
        <EditForm id=EDIT_FORM action=edit prefix="form" values>
            <ConflictNote
                action=edit
                form=EDIT_FORM
                text=tu_string!(i18n, namespaces.conflict_text)
                reload=tu_string!(i18n, namespaces.conflict_reload)
                href=routes::namespace(page.id)
            />
            <input type="hidden" name="id" value=page.id/>
            <ShownVersion version=page.version/>
            <TextField name="remark" label=tu_string!(i18n, namespaces.remark) maxlength=512 optional=true/>
            <FieldGroup title=tu_string!(i18n, namespaces.approval)>
                <CheckField
                    name="approve_definitions"
                    label=tu_string!(i18n, namespaces.approve_definitions)
                    help=tu_string!(i18n, namespaces.approve_definitions_help)
                    span=true
                />
                <CheckField
                    name="approve_switching"
                    label=tu_string!(i18n, namespaces.approve_switching)
                    help=tu_string!(i18n, namespaces.approve_switching_help)
                    span=true
                />
                <CheckField
                    name="approve_runs"
                    label=tu_string!(i18n, namespaces.approve_runs)
                    help=tu_string!(i18n, namespaces.approve_runs_help)
                    span=true
                />
                <SelectField
                    name="approval_channel_id"
                    label=tu_string!(i18n, namespaces.approval_channel)
                    help=tu_string!(i18n, namespaces.approval_channel_help)
                    options=channels
                    optional=true
                    span=true
                />
            </FieldGroup>
            {note}
            <FormFoot>
                <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
            </FormFoot>
        </EditForm>
    }
}

#[component]
fn Delete(delete: ServerAction<DeleteNamespace>, page: NamespacePage) -> impl IntoView {
    let i18n = use_i18n();
    let NamespacePage { id, title, executors, jobs, .. } = page;
    let touched = move || match executors + jobs {
        0 => tu_string!(i18n, namespaces.delete_text).to_owned(),
        _ => tu_string!(i18n, namespaces.delete_refused, executors = executors, jobs = jobs),
    };
    view! {
        <ConfirmForm
            action=delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, namespaces.delete)
            question=tu_string!(i18n, namespaces.delete_question, name = title)
            icon=IconName::Trash
        >
            {touched}
        </ConfirmForm>
    }
}
