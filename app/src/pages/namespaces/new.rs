//! `/namespaces/new`

use crate::api::namespaces::{CreateNamespace, NEW_FORM};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::field::TextField;
use crate::components::form::{EditForm, FieldGroup, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::routes;
use crate::visit::use_may;
use leptos::prelude::*;

#[component]
pub fn NewNamespace() -> impl IntoView {
    let i18n = use_i18n();
    if !use_may().administer {
        return view! { <ErrorPage error=AppError::new(ErrorKind::Forbidden)/> }.at_once();
    }
    let create = ServerAction::<CreateNamespace>::new();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, namespaces.title), routes::namespaces()),
        Crumb::here(tu_string!(i18n, namespaces.new)),
    ];
    let help = tu_string!(i18n, namespaces.part_help);
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, namespaces.new) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form">
                    <FieldGroup title=tu_string!(i18n, namespaces.group)>
                        <TextField name="business" label=tu_string!(i18n, namespaces.business) help maxlength=64/>
                        <TextField name="service" label=tu_string!(i18n, namespaces.service) help maxlength=64/>
                        <TextField
                            name="remark"
                            label=tu_string!(i18n, namespaces.remark)
                            maxlength=512
                            optional=true
                            span=true
                        />
                    </FieldGroup>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, namespaces.create)}</Button>
                        <LinkButton href=routes::namespaces() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
    .at_once()
}
