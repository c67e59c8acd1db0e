//! The home page of a system in which nothing can happen yet.

use crate::api::home::FirstStep;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{LinkButton, Weight};
use crate::components::empty::Empty;
use crate::components::icon::IconName;
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

/// The one thing to do next.
#[component]
pub fn FirstSteps(step: FirstStep) -> impl IntoView {
    let i18n = use_i18n();
    let (title, text, href, verb) = match step {
        FirstStep::AskForAccess => {
            let (title, text) = (tu_string!(i18n, home.no_access), tu_string!(i18n, home.no_access_text));
            return view! { <div class="sec"><Empty title text/></div> }.at_once();
        }
        FirstStep::EnrolExecutor => (
            tu_string!(i18n, home.no_executor),
            tu_string!(i18n, home.no_executor_text),
            routes::executor_new(),
            tu_string!(i18n, home.enrol),
        ),
        FirstStep::CreateJob => (
            tu_string!(i18n, home.no_job),
            tu_string!(i18n, home.no_job_text),
            routes::job_new(),
            tu_string!(i18n, home.create_job),
        ),
    };
    view! {
        <div class="sec">
            <Empty title text>
                <LinkButton href weight=Weight::Primary icon=IconName::Plus>
                    {verb}
                </LinkButton>
            </Empty>
        </div>
    }
    .at_once()
}
