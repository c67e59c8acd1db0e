//! Why the server stopped a job.

use crate::api::jobs::{FailureStop, Pulse};
use crate::components::icon::{Icon, IconName};
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

/// After how many failures in a row, and since when.
#[component]
pub fn Stopped(pulse: RwSignal<Pulse>) -> impl IntoView {
    let i18n = use_i18n();
    let stop = Memo::new(move |_| pulse.read().stop);
    move || {
        stop.get().map(|FailureStop { at, count, run_id }| {
            let last = run_id.map(|id| view! {
                " " {tu_string!(i18n, jobs.stopped_after_last)} " "
                <a class="mono" href=routes::run(id)>{id}</a> "."
            });
            view! {
                <div class="conflict mt-3" role="alert">
                    <Icon name=IconName::AlertTriangle/>
                    <p>
                        {tu_string!(i18n, jobs.stopped_after, n = count)} " " <Time at style=TimeStyle::Short/> "."
                        {last}
                    </p>
                </div>
            }
        })
    }
}
