//! Who may do what in a namespace: the list, and the form that adds to it.

use super::{role_choices, role_word};
use crate::api::namespaces::{
    ChangeGrant, GRANT_FORM, GrantPeople as Grant, MemberLine, RevokeGrant, namespace,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::field::{SelectField, TextArea};
use crate::components::form::{EditForm, FieldGroup};
use crate::components::icon::IconName;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::{show_errors, show_notices};
use crate::i18n::*;
use crate::routes;
use entity::grant::Role;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// What changes the list.
#[derive(Clone, Copy)]
pub struct GrantActions {
    pub grant: ServerAction<Grant>,
    change: ServerAction<ChangeGrant>,
    revoke: ServerAction<RevokeGrant>,
}

impl GrantActions {
    pub fn new() -> Self {
        let actions =
            Self { grant: ServerAction::new(), change: ServerAction::new(), revoke: ServerAction::new() };
        show_notices(actions.grant);
        show_errors(actions.change);
        actions
    }

    /// Grows with each of them, also with those that were refused in part.
    fn done(self) -> usize {
        self.grant.version().get() + self.change.version().get() + self.revoke.version().get()
    }
}

/// The people, read again after each change; what is typed beside them stays.
pub fn use_members(
    namespace_id: i32,
    start: Vec<MemberLine>,
    actions: GrantActions,
) -> ReadSignal<Vec<MemberLine>> {
    let (members, set_members) = signal(start);
    Effect::new(move |before: Option<usize>| {
        let done = actions.done();
        if before.is_some_and(|before| before != done) {
            spawn_local(async move {
                // What cannot be read now is read with the next change, or when the page is opened again.
                if let Ok(page) = namespace(namespace_id).await {
                    set_members.try_set(page.members);
                }
            });
        }
        done
    });
    members
}

#[component]
pub fn Members(members: Vec<MemberLine>, actions: GrantActions) -> impl IntoView {
    let i18n = use_i18n();
    if members.is_empty() {
        return view! { <p class="muted t13 py-2">{tu_string!(i18n, namespaces.no_people)}</p> }.at_once();
    }
    let columns = vec![
        Column::new(tu_string!(i18n, namespaces.person)),
        Column::new(tu_string!(i18n, roles.role)).class("cw-6"),
        Column::new(tu_string!(i18n, namespaces.granted)).class("cw-5").number(),
        Column::new(tu_string!(i18n, namespaces.revoke)).actions().class("cw-4"),
    ];
    view! {
        <DataTable label=tu_string!(i18n, namespaces.people) columns inner=true>
            {members.into_iter().map(|member| row(member, actions)).collect_view()}
        </DataTable>
    }
    .at_once()
}

fn row(member: MemberLine, actions: GrantActions) -> impl IntoView {
    let i18n = use_i18n();
    let by = member.granted_by.unwrap_or_else(|| tu_string!(i18n, namespaces.operator).to_owned());
    view! {
        <tr>
            <td>
                <a class="name" href=routes::user(member.user_id)>{member.name.clone()}</a>
                <span class="sub">{member.email}</span>
            </td>
            <td class="p1">
                <ChangeRole id=member.id name=member.name.clone() role=member.role change=actions.change/>
            </td>
            <td class="num muted">
                <Time at=member.granted_at style=TimeStyle::Relative/>
                {format!(" · {by}")}
            </td>
            <td class="p2 num">
                <ConfirmForm
                    action=actions.revoke
                    fields=vec![("id", member.id.to_string())]
                    verb=tu_string!(i18n, namespaces.revoke)
                    question=tu_string!(i18n, namespaces.revoke_question, name = member.name)
                    icon=IconName::Ban
                    weight=Weight::Ghost
                >
                    {tu_string!(i18n, namespaces.revoke_text)}
                </ConfirmForm>
            </td>
        </tr>
    }
}

/// The role as a choice with its button.
#[component]
fn ChangeRole(id: i32, name: String, role: Role, change: ServerAction<ChangeGrant>) -> impl IntoView {
    let i18n = use_i18n();
    let options = Role::ALL.map(|option| {
        view! { <option value=option.code() selected=option == role>{role_word(option)}</option> }
    });
    view! {
        <ActionForm action=change attr:class="flex items-center gap-2">
            <input type="hidden" name="id" value=id/>
            <select
                class="in select"
                name="role"
                aria-label=tu_string!(i18n, namespaces.role_of, name = name)
            >
                {options.into_iter().collect_view()}
            </select>
            <Button small=true>{tu_string!(i18n, namespaces.change)}</Button>
        </ActionForm>
    }
}

/// Grants a role to one or several people.
#[component]
pub fn GrantPeople(namespace_id: i32, grant: ServerAction<Grant>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="mt-4">
            <EditForm id=GRANT_FORM action=grant prefix="form">
                <input type="hidden" name="namespace_id" value=namespace_id/>
                <FieldGroup title=tu_string!(i18n, namespaces.grant_group)>
                    <TextArea
                        name="people"
                        label=tu_string!(i18n, namespaces.grant_people)
                        help=tu_string!(i18n, namespaces.grant_help)
                        rows=3
                    />
                    <SelectField
                        name="role"
                        label=tu_string!(i18n, roles.role)
                        options=role_choices()
                        help=tu_string!(i18n, roles.help)
                        span=true
                    />
                </FieldGroup>
                <div class="mt-3">
                    <Button icon=IconName::Plus>{tu_string!(i18n, namespaces.grant)}</Button>
                </div>
            </EditForm>
        </div>
    }
}
