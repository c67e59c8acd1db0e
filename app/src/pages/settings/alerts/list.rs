//! `/settings/alerts`

use super::form::event_word;
use crate::api::alert_rules::{AlertRuleLine, list_alert_rules};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::icon::IconName;
use crate::components::page_title::PageTitle;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use crate::visit::{use_may, use_now};
use leptos::prelude::*;

#[component]
pub fn AlertRuleList() -> impl IntoView {
    let rules = resource(|| (), |()| list_alert_rules());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match rules.await {
                    Ok(lines) => view! { <Content lines/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Content(lines: Vec<AlertRuleLine>) -> impl IntoView {
    let i18n = use_i18n();
    let may_create = use_may().alerts;
    let actions = move || {
        view! {
            <LinkButton href=routes::channels()>{tu_string!(i18n, alerts.channels)}</LinkButton>
            <LinkButton href=routes::deliveries_where(&[])>{tu_string!(i18n, alerts.deliveries)}</LinkButton>
            {may_create.then(|| view! {
                <LinkButton href=routes::alert_rule_new() weight=Weight::Primary icon=IconName::Plus>
                    {tu_string!(i18n, alerts.new_rule)}
                </LinkButton>
            })}
        }
    };
    let body = match lines.is_empty() {
        true => view! {
            <Empty title=tu_string!(i18n, alerts.no_rules) text=tu_string!(i18n, alerts.no_rules_text)>
                {may_create.then(|| view! {
                    <LinkButton href=routes::channel_new() icon=IconName::Plus>
                        {tu_string!(i18n, alerts.new_channel)}
                    </LinkButton>
                })}
            </Empty>
        }
        .at_once(),
        false => view! { <Lines lines/> }.at_once(),
    };
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, alerts.rules) actions/>
            {body}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<AlertRuleLine>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, alerts.name)),
        Column::new(tu_string!(i18n, alerts.channels)).class("cw-6"),
        Column::new(tu_string!(i18n, alerts.namespace)).class("cw-5"),
        Column::new(tu_string!(i18n, alerts.silent_until)).class("cw-4").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, alerts.rules) columns>
            {lines.into_iter().map(row).collect_view()}
        </DataTable>
    }
}

fn row(line: AlertRuleLine) -> impl IntoView {
    let i18n = use_i18n();
    let now = use_now().get_untracked();
    let AlertRuleLine { rule, namespace, channels, .. } = line;
    let events: Vec<&str> = rule.event_list().into_iter().map(event_word).collect();
    let scope = match (rule.job_id, rule.executor_id) {
        (Some(id), _) => tu_string!(i18n, alerts.one_job, id = id),
        (None, Some(id)) => tu_string!(i18n, alerts.one_executor, id = id),
        (None, None) => tu_string!(i18n, alerts.whole_namespace).to_owned(),
    };
    let silent = rule.silent_until.filter(|until| *until > now);
    view! {
        <tr>
            <td>
                <a class="name" href=routes::alert_rule_edit(rule.id)>{rule.name}</a>
                <span class="sub">{scope} " · " {events.join(" · ")}</span>
            </td>
            <td class="p2 muted">{channels.join(" · ")}</td>
            <td class="p2 muted">{namespace}</td>
            <td class="p1 num muted">{silent.map(|at| view! { <Time at style=TimeStyle::Short/> })}</td>
        </tr>
    }
}
