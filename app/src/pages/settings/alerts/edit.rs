//! `/settings/alerts/:id`

use super::form::{AlertRuleFields, Choices};
use crate::api::alert_rules::{
    AlertRuleLine, DeleteAlertRule, EDIT_FORM, EditAlertRule as EditAlertRuleCall, SilenceAlertRule,
    alert_rule,
};
use crate::api::channels::list_channels;
use crate::api::jobs::executor_choices;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, LinkButton, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::field::{Choice, SelectField};
use crate::components::form::{EditForm, FormFoot};
use crate::components::icon::IconName;
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::resource::resource;
use crate::components::time::{Time, TimeStyle};
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_now;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

#[component]
pub fn EditAlertRule() -> impl IntoView {
    let params = use_params_map();
    // What is no number is nobody's id.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse().ok()).unwrap_or(0));
    let edit = ServerAction::<EditAlertRuleCall>::new();
    let rule = resource(
        move || id.get(),
        |id| async move {
            let rule = alert_rule(id).await?;
            let choices = Choices { channels: list_channels().await?, executors: executor_choices().await? };
            Ok::<_, AppError>((rule, choices))
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match rule.await {
                    Ok((line, choices)) => view! { <Content edit line choices/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(edit: ServerAction<EditAlertRuleCall>, line: AlertRuleLine, choices: Choices) -> impl IntoView {
    let i18n = use_i18n();
    let name = line.rule.name.clone();
    let crumbs =
        vec![Crumb::link(tu_string!(i18n, alerts.rules), routes::alert_rules()), Crumb::here(name.clone())];
    let (id, namespace, values) = (line.rule.id, line.namespace.clone(), line.values());
    let now = use_now().get_untracked();
    let silent = line.rule.silent_until.filter(|until| *until > now);
    let may_edit = line.may.alerts;
    let actions = move || {
        may_edit.then(|| {
            view! {
                <Silence id name=name.clone() is_silent=silent.is_some()/>
                <Delete id name=name.clone()/>
            }
        })
    };
    view! {
        <div class="page">
            <PageTitle title=line.rule.name.clone() crumbs actions>
                <span class="muted t13">
                    {namespace}
                    {silent.map(|until| view! {
                        " · " {tu_string!(i18n, alerts.silent_until)} " "
                        <Time at=until style=TimeStyle::Short/>
                    })}
                </span>
            </PageTitle>
            <div class="mt-4">
                <EditForm id=EDIT_FORM action=edit prefix="form" values>
                    <input type="hidden" name="id" value=id/>
                    <input type="hidden" name="version" value=line.rule.version/>
                    <AlertRuleFields choices/>
                    <FormFoot>
                        {may_edit.then(|| view! {
                            <Button weight=Weight::Primary>{tu_string!(i18n, common.save)}</Button>
                        })}
                        <LinkButton href=routes::alert_rules() weight=Weight::Ghost>
                            {tu_string!(i18n, common.cancel)}
                        </LinkButton>
                    </FormFoot>
                </EditForm>
            </div>
        </div>
    }
}

/// Begins a silence of a chosen length, or ends the one that lasts.
#[component]
fn Silence(id: i32, name: String, is_silent: bool) -> impl IntoView {
    let i18n = use_i18n();
    let silence = ServerAction::<SilenceAlertRule>::new();
    if is_silent {
        return view! {
            <ConfirmForm
                action=silence
                fields=vec![("id", id.to_string()), ("hours", "0".to_owned())]
                verb=tu_string!(i18n, alerts.speak)
                question=tu_string!(i18n, alerts.speak_question, name = name)
                icon=IconName::Bell
                weight=Weight::Secondary
            >
                {tu_string!(i18n, alerts.speak_text)}
            </ConfirmForm>
        }
        .at_once();
    }
    let hours = |n: u32| Choice::new(n.to_string(), tu_string!(i18n, alerts.hours_n, n = n));
    let days = |n: u32| Choice::new((n * 24).to_string(), tu_string!(i18n, alerts.days_n, n = n));
    let lengths =
        StoredValue::new(vec![hours(1), hours(4), hours(12), hours(24), days(3), days(7), days(30)]);
    view! {
        <ConfirmForm
            action=silence
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, alerts.silence)
            question=tu_string!(i18n, alerts.silence_question, name = name)
            icon=IconName::Pause
            weight=Weight::Secondary
        >
            <p>{tu_string!(i18n, alerts.silence_text)}</p>
            <SelectField
                name="hours"
                label=tu_string!(i18n, alerts.silence_for)
                options=lengths.get_value()
            />
        </ConfirmForm>
    }
    .at_once()
}

#[component]
fn Delete(id: i32, name: String) -> impl IntoView {
    let i18n = use_i18n();
    let delete = ServerAction::<DeleteAlertRule>::new();
    view! {
        <ConfirmForm
            action=delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, alerts.delete)
            question=tu_string!(i18n, alerts.delete_rule_question, name = name)
            icon=IconName::Trash
        >
            {tu_string!(i18n, alerts.delete_rule_text)}
        </ConfirmForm>
    }
}
