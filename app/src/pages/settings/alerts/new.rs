//! `/settings/alerts/new`

use super::form::{AlertRuleFields, Choices};
use crate::api::alert_rules::{CreateAlertRule, NEW_FORM};
use crate::api::channels::{alert_namespaces, list_channels};
use crate::api::executors::NamespaceChoice;
use crate::api::jobs::executor_choices;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::error_page::ErrorPage;
use crate::components::form::{EditForm, FormFoot};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::pages::executors::new::NamespaceField;
use crate::routes;
use crate::visit::use_may;
use entity::grant::Role;
use leptos::prelude::*;
use std::collections::BTreeMap;

#[component]
pub fn NewAlertRule() -> impl IntoView {
    if !use_may().alerts {
        return view! { <ErrorPage error=AppError::for_role(Role::Owner)/> }.at_once();
    }
    let create = ServerAction::<CreateAlertRule>::new();
    let choices = resource(
        || (),
        |()| async move {
            let choices = Choices { channels: list_channels().await?, executors: executor_choices().await? };
            Ok::<_, AppError>((alert_namespaces().await?, choices))
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match choices.await {
                    Ok((namespaces, choices)) => {
                        view! { <Content create namespaces choices/> }.at_once()
                    }
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
    .at_once()
}

/// What most rules are: failures of whatever kind, in one message a minute.
fn usual() -> BTreeMap<String, String> {
    let told = ["failed", "timed_out", "lost", "missed", "offline", "auto_paused", "recovery"]
        .map(|name| (name, "true"));
    let numbers = [
        ("late_s", "300"),
        ("long_s", "3600"),
        ("longer_pct", "200"),
        ("group_s", "60"),
        ("escalate_min", "0"),
    ];
    told.into_iter().chain(numbers).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[component]
fn Content(
    create: ServerAction<CreateAlertRule>,
    namespaces: Vec<NamespaceChoice>,
    choices: Choices,
) -> impl IntoView {
    let i18n = use_i18n();
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, alerts.rules), routes::alert_rules()),
        Crumb::here(tu_string!(i18n, alerts.new_rule)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, alerts.new_rule) crumbs/>
            <div class="mt-4">
                <EditForm id=NEW_FORM action=create prefix="form" values=usual()>
                    <AlertRuleFields choices>
                        <NamespaceField namespaces/>
                    </AlertRuleFields>
                    <FormFoot>
                        <Button weight=Weight::Primary>{tu_string!(i18n, alerts.create_rule)}</Button>
                        <LinkButton href=routes::alert_rules() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}
