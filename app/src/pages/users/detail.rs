//! `/users/:id`

use super::form::{UserFields, role_word};
use crate::api::users::{
    DeleteUser, EDIT_FORM, EditUser, ResetPassword, UserGrant, UserLine, new_password, user,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::copy_button::CopyBlock;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::form::{ConflictNote, EditForm, FormFoot, ShownVersion};
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::namespaces::role_word as grant_word;
use crate::routes;
use entity::user::UserRole;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn UserDetail() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let actions =
        Actions { edit: ServerAction::new(), reset: ServerAction::new(), delete: ServerAction::new() };
    // A reset leads back here: the page is read again, with the new password.
    let key = move || (id.get(), actions.reset.version().get());
    let page = resource(key, |(id, _)| user(id));
    let password = resource(key, |(id, _)| new_password(id));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match (page.await, password.await) {
                    (Ok(user), Ok(password)) => view! { <Content actions user password/> }.at_once(),
                    (Err(error), _) | (_, Err(error)) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[derive(Clone, Copy)]
struct Actions {
    edit: ServerAction<EditUser>,
    reset: ServerAction<ResetPassword>,
    delete: ServerAction<DeleteUser>,
}

#[component]
fn Content(actions: Actions, user: UserLine, password: Option<String>) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs =
        vec![Crumb::link(tu_string!(i18n, users.title), routes::users()), Crumb::here(user.name.clone())];
    let (id, name) = (user.id, user.name.clone());
    let (is_super, grants) = (user.role == UserRole::SuperAdmin, user.grants.clone());
    let (values, version) = (user.values(), user.version);
    view! {
        <div class="page">
            <PageTitle
                title=user.name.clone()
                crumbs
                actions=move || view! { <HeadActions actions id name=name.clone()/> }
            >
                <span class="muted t13">{role_word(user.role)}</span>
            </PageTitle>
            <FactLine user=user.clone()/>
            {password.map(|password| view! { <NewPassword password/> })}
            <Section title=tu_string!(i18n, users.settings)>
                <EditForm id=EDIT_FORM action=actions.edit prefix="form" values>
                    <ConflictNote
                        action=actions.edit
                        form=EDIT_FORM
                        text=tu_string!(i18n, users.conflict_text)
                        reload=tu_string!(i18n, users.conflict_reload)
                        href=routes::user(id)
                    />
                    <input type="hidden" name="id" value=id/>
                    <ShownVersion version/>
                    <UserFields/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        <LinkButton href=routes::users() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </Section>
            <Section title=tu_string!(i18n, users.grants)>
                <Grants grants=grants.clone() is_super/>
            </Section>
        </div>
    }
}

#[component]
fn HeadActions(actions: Actions, id: i32, name: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <ConfirmForm
            action=actions.reset
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, users.reset)
            question=tu_string!(i18n, users.reset_question, name = name.clone())
            icon=IconName::Key
            weight=Weight::Secondary
        >
            {tu_string!(i18n, users.reset_text)}
        </ConfirmForm>
        <ConfirmForm
            action=actions.delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, users.delete)
            question=tu_string!(i18n, users.delete_question, name = name)
            icon=IconName::Trash
        >
            {tu_string!(i18n, users.delete_text)}
        </ConfirmForm>
    }
}

#[component]
fn FactLine(user: UserLine) -> impl IntoView {
    let i18n = use_i18n();
    let signed_in = match user.last_sign_in_at {
        Some(at) => view! { <Time at style=TimeStyle::Short/> }.at_once(),
        None => tu_string!(i18n, users.never).at_once(),
    };
    let by = user.updated_by.unwrap_or_else(|| tu_string!(i18n, users.operator).to_owned());
    let changed = user.updated_at.map(|at| {
        view! {
            <Fact label=tu_string!(i18n, users.changed)>
                <Time at style=TimeStyle::Relative/>
                {format!(" · {by}")}
            </Fact>
        }
    });
    view! {
        <Facts>
            <Fact label=tu_string!(i18n, users.last_sign_in)>{signed_in}</Fact>
            {changed}
            <Fact label=tu_string!(i18n, users.created)>
                <Time at=user.created_at/>
            </Fact>
        </Facts>
    }
}

/// A one-time password, shown by this page once.
#[component]
fn NewPassword(password: String) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="token" aria-label=tu_string!(i18n, users.must_change)>
            <h2>{tu_string!(i18n, users.password_once)}</h2>
            <p class="t13">{tu_string!(i18n, users.password_text)}</p>
            <CopyBlock text=password/>
        </section>
    }
}

#[component]
fn Grants(grants: Vec<UserGrant>, is_super: bool) -> impl IntoView {
    let i18n = use_i18n();
    if is_super {
        return view! { <p class="muted t13 py-2">{tu_string!(i18n, users.all_granted)}</p> }.at_once();
    }
    if grants.is_empty() {
        return view! { <p class="muted t13 py-2">{tu_string!(i18n, users.no_grants)}</p> }.at_once();
    }
    let columns = vec![
        Column::new(tu_string!(i18n, namespaces.namespace)),
        Column::new(tu_string!(i18n, roles.role)).class("cw-4"),
    ];
    let row = |grant: UserGrant| {
        view! {
            <tr>
                <td><a class="name" href=routes::namespace(grant.namespace_id)>{grant.namespace}</a></td>
                <td class="p1">{grant_word(grant.role)}</td>
            </tr>
        }
    };
    view! {
        <DataTable label=tu_string!(i18n, users.grants) columns inner=true>
            {grants.into_iter().map(row).collect_view()}
        </DataTable>
    }
    .at_once()
}
