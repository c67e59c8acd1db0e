//! `/users/new`

use super::form::UserFields;
use crate::api::users::{CreateUser, NEW_FORM};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;

#[component]
pub fn NewUser() -> impl IntoView {
    let i18n = use_i18n();
    if !use_may().administer {
        return view! { <ErrorPage error=AppError::new(ErrorKind::Forbidden)/> }.at_once();
    }
    let create = ServerAction::<CreateUser>::new();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, users.title), routes::users()),
        Crumb::here(tu_string!(i18n, users.new)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, users.new) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form">
                    <UserFields/>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, users.create)}</Button>
                        <LinkButton href=routes::users() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
    .at_once()
}
