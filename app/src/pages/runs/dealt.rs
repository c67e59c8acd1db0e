//! Dealing with one run that went wrong, and what somebody did about it.

use crate::api::runs::{DISMISS, DealWithRuns, DealtView, REPLAY};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::facts::Fact;
use crate::components::icon::IconName;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use leptos::form::ActionForm;
use leptos::prelude::*;

/// Deals with one run.
#[component]
pub fn DealButtons(id: i64, may_replay: bool) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        {may_replay.then(|| view! {
            <Button name="what" value=format!("{REPLAY}:{id}") small=true icon=IconName::Play>
                {tu_string!(i18n, runs.replay)}
            </Button>
            " "
        })}
        <Button name="what" value=format!("{DISMISS}:{id}") small=true weight=Weight::Ghost>
            {tu_string!(i18n, runs.dismiss)}
        </Button>
    }
}

/// The same, where there is no form yet.
#[component]
pub fn DealForm(id: i64, may_replay: bool, deal: ServerAction<DealWithRuns>) -> impl IntoView {
    view! { <ActionForm action=deal><DealButtons id may_replay/></ActionForm> }
}

/// What somebody did about it.
#[component]
pub fn Dealt(dealt: Option<DealtView>) -> impl IntoView {
    let i18n = use_i18n();
    dealt.map(|DealtView { at, by, replay_id }| {
        let what = match replay_id {
            Some(id) => {
                view! { {tu_string!(i18n, runs.replayed)} " " <a class="mono" href=routes::run(id)>{id}</a> }
                    .at_once()
            }
            None => tu_string!(i18n, runs.dismissed).at_once(),
        };
        view! {
            <Fact label=tu_string!(i18n, runs.dealt)>
                {what} {by.map(|name| format!(" · {name}"))} " · " <Time at style=TimeStyle::Short/>
            </Fact>
        }
    })
}
