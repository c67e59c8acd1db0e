//! How to connect an instance: a snippet for each client, and whether one has come in.

mod snippets;

use crate::api::executors::{ExecutorPage, InstanceLine};
use crate::components::at_once::TakenAtOnce;
use crate::components::copy_button::CopyBlock;
use crate::components::icon::{Icon, IconName};
use crate::components::page_title::Section;
use crate::components::state::StateGlyph;
use crate::components::time::{Time, TimeStyle};
use crate::i18n::*;
use crate::pages::runs::words::host;
use entity::run::RunState;
use leptos::prelude::*;
use snippets::{Connection, snippets};

/// One snippet at a time, chosen by radio buttons that need no script. `token` fills them in while
/// it is known.
#[component]
pub fn Enrolment(
    page: ExecutorPage,
    token: Option<String>,
    present: Signal<Vec<InstanceLine>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let snippets = snippets(&Connection {
        server: page.server,
        namespace: page.namespace,
        app_name: page.settings.app_name,
        token: token.unwrap_or_else(|| tu_string!(i18n, executors.token_here).to_owned()),
    });
    let choices = snippets.iter().enumerate().map(|(index, snippet)| {
        view! {
            <label>
                <input type="radio" name="client" value=snippet.client checked=index == 0/>
                <span>{snippet.client}</span>
            </label>
        }
    });
    let choices = choices.collect_view();
    let panels = snippets.into_iter().map(|snippet| view! { <div><CopyBlock text=snippet.text/></div> });
    view! {
        <Section title=tu_string!(i18n, executors.add_instance)>
            <div class="enrol" id="enrol">
                <fieldset class="seg">
                    <legend class="sr">{tu_string!(i18n, executors.client)}</legend>
                    {choices}
                </fieldset>
                <div class="panels">{panels.collect_view()}</div>
                <Arrival present/>
                <p class="help">{tu_string!(i18n, executors.token_shown_once)}</p>
            </div>
        </Section>
    }
}

/// Turns green when an instance is there.
#[component]
fn Arrival(present: Signal<Vec<InstanceLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let newest = move || {
        let present = present.read();
        let online = present.iter().filter(|instance| instance.gone_at.is_none());
        online.max_by_key(|instance| instance.registered_at).cloned()
    };
    view! {
        <p class="t13 flex items-center gap-2 flex-wrap" role="status">
            {move || match newest() {
                Some(InstanceLine { manual: true, .. }) => {
                    view! {
                        <span class="muted"><Icon name=IconName::Info/></span>
                        <span class="muted">{tu_string!(i18n, executors.typed_by_hand)}</span>
                    }
                        .at_once()
                }
                Some(instance) => {
                    view! {
                        <StateGlyph state=RunState::Succeeded/>
                        <span>
                            <strong class="mono strong">{host(&instance.address).to_owned()}</strong> " "
                            {tu_string!(i18n, executors.came_in)} " "
                            <Time at=instance.registered_at style=TimeStyle::Short/>
                        </span>
                    }
                        .at_once()
                }
                None => {
                    view! {
                        <StateGlyph state=RunState::Waiting/>
                        <span class="muted">{tu_string!(i18n, executors.listening)}</span>
                    }
                        .at_once()
                }
            }}
        </p>
    }
}
