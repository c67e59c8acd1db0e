//! The panel beside a change: what speaks for and against it, the code, approving and rejecting.

use super::detail::Actions;
use super::words::state_word;
use crate::api::approvals::{APPROVE_FORM, ApprovalView, Decision, REJECT_FORM, SendCode, TellingLine};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::field::{TextArea, TextField};
use crate::components::form::EditForm;
use crate::components::icon::{Icon, IconName};
use crate::components::time::{Time, TimeStyle};
use crate::error::Message;
use crate::i18n::*;
use crate::words::sentence;
use entity::delivery::DeliveryState;
use leptos::prelude::*;

#[component]
pub fn DecisionPanel(view: ApprovalView, actions: Actions) -> impl IntoView {
    let i18n = use_i18n();
    let (title, body) = match view.decision {
        Decision::Over => (tu_string!(i18n, approvals.decision_over), view! { <Over view/> }.at_once()),
        Decision::Open => (tu_string!(i18n, approvals.decision), view! { <Open view actions/> }.at_once()),
        Decision::Own => {
            (tu_string!(i18n, approvals.decision_over), note(tu_string!(i18n, approvals.own)).at_once())
        }
        Decision::Others => {
            (tu_string!(i18n, approvals.decision_over), note(tu_string!(i18n, approvals.others)).at_once())
        }
    };
    view! {
        <aside class="decision" aria-label=title>
            <h2>{title}</h2>
            {body}
        </aside>
    }
}

fn note(text: &'static str) -> impl IntoView {
    view! { <p class="muted">{text}</p> }
}

/// Who ended it, when, and why.
#[component]
fn Over(view: ApprovalView) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let line = view.line;
    let who = match line.decider.is_empty() {
        true => tu_string!(i18n, approvals.by_itself).to_owned(),
        false => line.decider,
    };
    let void = view.void.map(|void| {
        let why = sentence(locale, &Message::new(format!("approval_void_{}", void.code())));
        view! { <p>{why}</p> }
    });
    let reason = (!view.remark.is_empty()).then(|| {
        view! {
            <p class="reason">
                <span class="muted">{tu_string!(i18n, approvals.rejected_because)}</span>
                " "
                {view.remark}
            </p>
        }
    });
    view! {
        <p>
            {tu_string!(i18n, approvals.ended_by, who = who, state = state_word(line.state))} " "
            {line.decided_at.map(|at| view! { <span class="muted"><Time at style=TimeStyle::Full/></span> })}
        </p>
        {void}
        {reason}
    }
}

#[component]
fn Open(view: ApprovalView, actions: Actions) -> impl IntoView {
    let i18n = use_i18n();
    let id = view.line.id;
    let unchanged = match view.is_unchanged {
        true => check(true, tu_string!(i18n, approvals.unchanged)),
        false => check(false, tu_string!(i18n, approvals.changed)),
    };
    let send_code = view.needs_code.then(|| view! { <SendAgain id send_code=actions.send_code/> });
    let code = view.needs_code.then(|| view! { <Code telling=view.telling tries_left=view.tries_left/> });
    view! {
        <ul class="checks">
            {unchanged}
            {check(true, tu_string!(i18n, approvals.not_submitter))}
        </ul>
        <EditForm id=APPROVE_FORM action=actions.approve>
            <input type="hidden" name="id" value=id/>
            {code}
            <Button weight=Weight::Primary icon=IconName::Check wide=true>
                {tu_string!(i18n, approvals.approve)}
            </Button>
        </EditForm>
        {send_code}
        <EditForm id=REJECT_FORM action=actions.reject>
            <input type="hidden" name="id" value=id/>
            <TextArea
                name="remark"
                label=tu_string!(i18n, approvals.reason)
                placeholder=tu_string!(i18n, approvals.reason_placeholder)
                rows=2
            />
            <Button weight=Weight::Danger wide=true>{tu_string!(i18n, approvals.reject)}</Button>
        </EditForm>
    }
}

fn check(holds: bool, text: &'static str) -> impl IntoView {
    let (class, icon) = if holds { ("good", IconName::Check) } else { ("bad", IconName::AlertTriangle) };
    view! {
        <li class=class>
            <Icon name=icon/>
            <span>{text}</span>
        </li>
    }
}

/// For whom the message did not reach, or who lost it.
#[component]
fn SendAgain(id: i32, send_code: ServerAction<SendCode>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <ConfirmForm
            action=send_code
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, approvals.send_code)
            question=tu_string!(i18n, approvals.send_code_question)
            weight=Weight::Ghost
        >
            <p>{tu_string!(i18n, approvals.send_code_text)}</p>
        </ConfirmForm>
    }
}

/// The field for the code, and whether the channel was told one.
#[component]
fn Code(telling: Option<TellingLine>, tries_left: i32) -> impl IntoView {
    let i18n = use_i18n();
    let channel = telling.as_ref().and_then(|telling| telling.channel.clone());
    let channel = channel.unwrap_or_else(|| tu_string!(i18n, approvals.deleted_channel).to_owned());
    let told = telling.map(|TellingLine { state, answer, .. }| match state {
        DeliveryState::Sent => tu_string!(i18n, approvals.told).to_owned(),
        DeliveryState::Pending => tu_string!(i18n, approvals.telling).to_owned(),
        DeliveryState::Failed => tu_string!(i18n, approvals.not_told, answer = answer),
    });
    let help =
        format!("{} {}", told.unwrap_or_default(), tu_string!(i18n, approvals.tries_left, n = tries_left));
    view! {
        <TextField
            name="code"
            label=tu_string!(i18n, approvals.code, channel = channel)
            help=help
            mono=true
            autocomplete="one-time-code"
        />
    }
}
