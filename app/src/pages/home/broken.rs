//! Signs of broken promises that the engine found when it looked at itself.

use crate::api::home::{BrokenPromises, Overview};
use crate::components::icon::{Icon, IconName};
use crate::i18n::*;
use leptos::prelude::*;

/// How many of each kind; nothing while there are none.
#[component]
pub fn BrokenNotice(present: ReadSignal<Overview>) -> impl IntoView {
    let found = Memo::new(move |_| present.read().broken);
    move || found.get().map(notice)
}

fn notice(found: BrokenPromises) -> impl IntoView {
    let BrokenPromises { unplanned, unended, unfollowed, violations, late_requests } = found;
    let i18n = use_i18n();
    let kinds = [
        (unplanned > 0).then(|| tu_string!(i18n, home.broken_unplanned, n = unplanned).to_string()),
        (unended > 0).then(|| tu_string!(i18n, home.broken_unended, n = unended).to_string()),
        (unfollowed > 0).then(|| tu_string!(i18n, home.broken_unfollowed, n = unfollowed).to_string()),
        (violations > 0).then(|| tu_string!(i18n, home.broken_violations, n = violations).to_string()),
        (late_requests > 0).then(|| tu_string!(i18n, home.broken_late, n = late_requests).to_string()),
    ];
    let kinds: Vec<String> = kinds.into_iter().flatten().collect();
    let list = kinds.join(tu_string!(i18n, home.unreadable_join));
    view! {
        <div class="conflict mt-4 mb-0" role="alert">
            <Icon name=IconName::AlertTriangle/>
            <p>{tu_string!(i18n, home.broken, list = list)}</p>
        </div>
    }
}
