//! On every page while something is frozen: what, why, by whom and since when.

use crate::api::freezes::{FreezeLine, lasting_freezes};
use crate::components::icon::{Icon, IconName};
use crate::components::live::use_polled;
use crate::components::resource::resource;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::freezes::{by_words, scope_words};
use crate::routes;
use leptos::prelude::*;

/// Tells the banner that something has changed, which it sees by itself only some seconds later.
#[derive(Clone, Copy, Default)]
pub struct FreezeNews(RwSignal<usize>);

impl FreezeNews {
    pub fn tell(self) {
        self.0.update(|count| *count += 1);
    }
}

/// That of the frame around.
pub fn use_freeze_news() -> FreezeNews {
    use_context().unwrap_or_default()
}

#[component]
pub fn FreezeBanner() -> impl IntoView {
    let FreezeNews(news) = use_freeze_news();
    let freezes = resource(move || news.get(), |_| lasting_freezes());
    view! {
        <Transition>
            {move || Suspend::new(async move {
                // What cannot be read now is looked for again.
                view! { <Banner lines=freezes.await.unwrap_or_default()/> }
            })}
        </Transition>
    }
}

#[component]
fn Banner(lines: Vec<FreezeLine>) -> impl IntoView {
    let i18n = use_i18n();
    let (present, _) = use_polled(lines, lasting_freezes);
    let line = move |line: FreezeLine| {
        let scope = scope_words(&line);
        view! {
            <p>
                <b>{tu_string!(i18n, freezes.is_frozen, scope = scope)}</b>
                " " {line.reason} " · " {by_words(line.frozen_by)} " · "
                <Time at=line.frozen_at style=TimeStyle::Short/>
            </p>
        }
    };
    move || {
        let lines = present.get();
        (!lines.is_empty()).then(|| {
            view! {
                <div class="frozen" role="status">
                    <Icon name=IconName::Pause/>
                    <div>{lines.into_iter().map(line).collect_view()}</div>
                    <a class="act" href=routes::freezes()>{tu_string!(i18n, freezes.title)}</a>
                </div>
            }
        })
    }
}
