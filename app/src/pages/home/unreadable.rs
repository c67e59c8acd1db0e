//! Jobs that do not fire because they cannot be planned.

use crate::api::home::{Overview, UnreadableJob};
use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use crate::routes;
use leptos::prelude::*;

/// How many there are, and the first of them; nothing where every job can be planned.
#[component]
pub fn UnreadableJobs(present: ReadSignal<Overview>) -> impl IntoView {
    let found = Memo::new(move |_| {
        let present = present.read();
        (present.unreadable.clone(), present.unreadable_count)
    });
    move || {
        let (jobs, count) = found.get();
        (count > 0).then(|| notice(jobs, count))
    }
}

fn notice(jobs: Vec<UnreadableJob>, count: usize) -> impl IntoView {
    let i18n = use_i18n();
    let more = count.saturating_sub(jobs.len());
    let link = |(place, UnreadableJob { job_id, job }): (usize, UnreadableJob)| {
        let before = if place == 0 { "" } else { tu_string!(i18n, home.unreadable_join) };
        view! {
            {before}
            <a class="act underline" href=routes::job(job_id)>{job}</a>
        }
    };
    view! {
        <div class="conflict mt-4 mb-0" role="alert">
            <Icon name=IconName::AlertTriangle/>
            <p>
                {tu_string!(i18n, home.unreadable, n = count)}
                {jobs.into_iter().enumerate().map(link).collect_view()}
                {(more > 0).then(|| tu_string!(i18n, home.unreadable_more, n = more))}
            </p>
        </div>
    }
}
