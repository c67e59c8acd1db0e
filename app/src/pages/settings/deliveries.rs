//! `/settings/deliveries`: what was sent where, and what came of it.

use crate::api::deliveries::{DeliveryLine, DeliveryLines, DeliveryQuery, SendAgain, list_deliveries};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::Weight;
use crate::components::confirm::ConfirmForm;
use crate::components::empty::Empty;
use crate::components::error_page::ErrorPage;
use crate::components::field::Choice;
use crate::components::filter_bar::{FilterBar, SelectFilter};
use crate::components::page_title::{Crumb, PageTitle};
use crate::components::pagination::Pagination;
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use entity::delivery::DeliveryState;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

#[component]
pub fn Deliveries() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_query_map();
    let query = Memo::new(move |_| {
        let value = |name: &str| params.read().get(name).unwrap_or_default();
        DeliveryQuery { state: value("state"), after: value("after") }
    });
    let again = ServerAction::<SendAgain>::new();
    let lines = resource(move || (query.get(), again.version().get()), |(query, _)| list_deliveries(query));
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, alerts.rules), routes::alert_rules()),
        Crumb::here(tu_string!(i18n, alerts.deliveries)),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, alerts.deliveries) crumbs/>
            <Transition>
                {move || Suspend::new(async move {
                    match lines.await {
                        Ok(lines) => view! { <Body lines query=query.get_untracked() again/> }.at_once(),
                        Err(error) => view! { <ErrorPage error/> }.at_once(),
                    }
                })}
            </Transition>
        </div>
    }
}

#[component]
fn Body(lines: DeliveryLines, query: DeliveryQuery, again: ServerAction<SendAgain>) -> impl IntoView {
    let i18n = use_i18n();
    if lines.lines.is_empty() && query == DeliveryQuery::default() {
        return view! {
            <Empty
                title=tu_string!(i18n, alerts.no_deliveries)
                text=tu_string!(i18n, alerts.no_deliveries_text)
            />
        }
        .at_once();
    }
    let newer = (!query.after.is_empty()).then(|| address(&query.state, ""));
    let older = lines.next.map(|next| address(&query.state, &next));
    let rows = match lines.lines.is_empty() {
        true => view! { <p class="muted t13 mt-3">{tu_string!(i18n, alerts.none_match)}</p> }.at_once(),
        false => view! { <Lines lines=lines.lines again/> }.at_once(),
    };
    view! {
        <FilterBar action=routes::deliveries_where(&[])>
            <SelectFilter
                name="state"
                label=tu_string!(i18n, alerts.state)
                any=tu_string!(i18n, alerts.any_state)
                options=state_choices()
            />
        </FilterBar>
        {rows}
        <Pagination newer older/>
    }
    .at_once()
}

fn address(state: &str, after: &str) -> String {
    routes::deliveries_where(&[("state", state), ("after", after)])
}

#[component]
fn Lines(lines: Vec<DeliveryLine>, again: ServerAction<SendAgain>) -> impl IntoView {
    let i18n = use_i18n();
    let columns = vec![
        Column::new(tu_string!(i18n, alerts.delivery)),
        Column::new(tu_string!(i18n, alerts.channel)).class("cw-5"),
        Column::new(tu_string!(i18n, alerts.state)).class("cw-5"),
        Column::new(tu_string!(i18n, alerts.at)).class("cw-4").number(),
    ];
    view! {
        <DataTable label=tu_string!(i18n, alerts.deliveries) columns>
            {lines.into_iter().map(|line| row(line, again)).collect_view()}
        </DataTable>
    }
}

fn row(
    DeliveryLine { may, delivery, channel }: DeliveryLine,
    again: ServerAction<SendAgain>,
) -> impl IntoView {
    let i18n = use_i18n();
    let channel = match channel {
        Some(name) => view! { <a href=routes::channel_edit(delivery.channel_id)>{name}</a> }.at_once(),
        None => tu_string!(i18n, alerts.deleted_channel).at_once(),
    };
    let attempts = (delivery.attempts > 1 || delivery.state != DeliveryState::Sent)
        .then(|| tu_string!(i18n, alerts.attempts_n, n = delivery.attempts));
    let may_send = may.alerts && delivery.state == DeliveryState::Failed;
    let send_again = may_send.then(|| {
        view! {
            <ConfirmForm
                action=again
                fields=vec![("id", delivery.id.to_string())]
                verb=tu_string!(i18n, alerts.send_again)
                question=tu_string!(i18n, alerts.send_again_question)
                weight=Weight::Secondary
            >
                {tu_string!(i18n, alerts.send_again_text)}
            </ConfirmForm>
        }
    });
    view! {
        <tr>
            <td>
                <span class="name">{delivery.title}</span>
                <span class="sub mono" title=delivery.answer.clone()>{delivery.answer.clone()}</span>
            </td>
            <td class="p2 muted">{channel}</td>
            <td class="p1">
                <StateWord state=delivery.state/> {attempts.map(|words| view! { " " <span class="muted t13">{words}</span> })}
                {send_again}
            </td>
            <td class="p2 num muted"><Time at=delivery.created_at style=TimeStyle::Relative/></td>
        </tr>
    }
}

/// The state in the colours of runs: what arrived, what did not, what is on its way.
#[component]
pub fn StateWord(state: DeliveryState) -> impl IntoView {
    use crate::components::state::StateBadge;
    use entity::run::RunState;
    let as_run = match state {
        DeliveryState::Pending => RunState::Sending,
        DeliveryState::Sent => RunState::Succeeded,
        DeliveryState::Failed => RunState::Failed,
    };
    view! { <StateBadge state=as_run words=state_word(state)/> }
}

/// The state's word.
pub fn state_word(state: DeliveryState) -> &'static str {
    let i18n = use_i18n();
    match state {
        DeliveryState::Pending => tu_string!(i18n, alerts.pending),
        DeliveryState::Sent => tu_string!(i18n, alerts.sent),
        DeliveryState::Failed => tu_string!(i18n, alerts.not_sent),
    }
}

/// The states, as a filter offers them.
pub fn state_choices() -> Vec<Choice> {
    let states = [DeliveryState::Pending, DeliveryState::Sent, DeliveryState::Failed];
    states.map(|state| Choice::new(state.as_str(), state_word(state))).to_vec()
}
