//! `/approvals/:id`: what would happen, and deciding.

use super::decision::DecisionPanel;
use super::fields::Fields;
use super::plan::Plan;
use super::words::{ApprovalStateBadge, wish_word};
use crate::api::approvals::{
    ApprovalView, Approve, CancelApproval, RejectApproval, SendCode, SourceView, approval,
};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::Weight;
use crate::components::confirm::ConfirmForm;
use crate::components::error_page::ErrorPage;
use crate::components::facts::{Fact, Facts};
use crate::components::page_title::{Crumb, PageTitle, Section};
use crate::components::resource::resource;
use crate::components::source_diff::SourceDiff;
use crate::components::time::{Time, TimeStyle};
use crate::components::toast::show_notices;
use crate::error::{AppError, ErrorKind};
use crate::i18n::*;
use crate::pages::audit::{link, noun_word};
use crate::routes;
use entity::approval::ApprovalState;
use entity::audit_entry::Verb;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// What can be done with one.
#[derive(Clone, Copy)]
pub struct Actions {
    pub approve: ServerAction<Approve>,
    pub reject: ServerAction<RejectApproval>,
    pub cancel: ServerAction<CancelApproval>,
    pub send_code: ServerAction<SendCode>,
}

#[component]
pub fn ApprovalDetail() -> impl IntoView {
    let params = use_params_map();
    let actions = Actions {
        approve: ServerAction::new(),
        reject: ServerAction::new(),
        cancel: ServerAction::new(),
        send_code: ServerAction::new(),
    };
    show_notices(actions.approve);
    show_notices(actions.reject);
    show_notices(actions.cancel);
    show_notices(actions.send_code);
    // Also what was refused may have ended it.
    let versions = move || {
        let decided = (actions.approve.version().get(), actions.reject.version().get());
        (decided, actions.cancel.version().get(), actions.send_code.version().get())
    };
    let view = resource(
        move || (params.read().get("id").unwrap_or_default(), versions()),
        |(id, _)| async move {
            let id = id.parse().map_err(|_| AppError::new(ErrorKind::NotFound))?;
            approval(id).await
        },
    );
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Content view actions/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: ApprovalView, actions: Actions) -> impl IntoView {
    let i18n = use_i18n();
    let line = view.line.clone();
    let title = format!("{} {}", wish_word(line.verb), line.object);
    let crumbs = vec![
        Crumb::link(tu_string!(i18n, approvals.title), routes::approvals_where(&[])),
        Crumb::here(line.namespace.clone()),
    ];
    let (id, may_cancel) = (line.id, view.may_cancel);
    let buttons = move || may_cancel.then(|| view! { <Cancel id cancel=actions.cancel/> });
    let plan = view.plan.clone().map(|plan| view! { <Plan plan/> });
    let source = view.source.clone().map(|source| view! { <Source source/> });
    view! {
        <div class="page">
            <PageTitle title crumbs actions=buttons>
                <ApprovalStateBadge state=line.state pill=true/>
            </PageTitle>
            <FactLine view=view.clone()/>
            <div class="approval">
                <div>
                    <Fields differences=view.differences.clone()/>
                    {plan}
                    {source}
                </div>
                <DecisionPanel view actions/>
            </div>
        </div>
    }
}

#[component]
fn FactLine(view: ApprovalView) -> impl IntoView {
    let i18n = use_i18n();
    let line = view.line;
    let is_there =
        line.object_id != 0 && !(line.verb == Verb::Delete && line.state == ApprovalState::Applied);
    let href = link(line.noun, Verb::Edit, line.object_id).filter(|_| is_there);
    let number = format!("#{}", line.object_id);
    let object = match href {
        Some(href) => view! { <a href=href>{number}</a> }.at_once(),
        None => "–".at_once(),
    };
    let version = (view.object_version != 0).then(|| {
        view! { <Fact label=tu_string!(i18n, approvals.version)>{view.object_version}</Fact> }
    });
    let expires = (line.state == ApprovalState::Waiting).then(|| {
        view! {
            <Fact label=tu_string!(i18n, approvals.expires)>
                <Time at=line.expires_at style=TimeStyle::Relative/>
            </Fact>
        }
    });
    let short: String = view.digest.chars().take(12).collect();
    view! {
        <Facts>
            <Fact label=noun_word(line.noun)>{object}</Fact>
            <Fact label=tu_string!(i18n, approvals.by)>{line.submitter}</Fact>
            <Fact label=tu_string!(i18n, approvals.sent)>
                <Time at=line.submitted_at style=TimeStyle::Relative/>
            </Fact>
            {expires}
            {version}
            <Fact label=tu_string!(i18n, approvals.content) mono=true>
                <span title=view.digest>"sha256 " {short} "…"</span>
            </Fact>
        </Facts>
    }
}

#[component]
fn Source(source: SourceView) -> impl IntoView {
    let i18n = use_i18n();
    let SourceView { hunks, added, removed, is_cut } = source;
    let label = tu_string!(i18n, approvals.code_title);
    view! {
        <Section title=label note=tu_string!(i18n, code.counts, added = added, removed = removed)>
            <SourceDiff label=label.to_owned() hunks/>
            {is_cut.then(|| view! { <p class="muted t13 mt-2">{tu_string!(i18n, code.is_cut)}</p> })}
        </Section>
    }
}

#[component]
fn Cancel(id: i32, cancel: ServerAction<CancelApproval>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <ConfirmForm
            action=cancel
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, approvals.cancel)
            question=tu_string!(i18n, approvals.cancel_question)
            weight=Weight::Secondary
        >
            <p>{tu_string!(i18n, approvals.cancel_text)}</p>
        </ConfirmForm>
    }
}
