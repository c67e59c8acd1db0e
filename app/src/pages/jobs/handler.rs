//! The handler of a job: the known ones of its executor are offered, and an unknown one is warned of. It may
//! be entered all the same, for the program that has it may be installed later.

use crate::api::executors::{HandlersView, handlers};
use crate::components::field::TextField;
use crate::components::icon::{Icon, IconName};
use crate::components::resource::resource;
use crate::i18n::*;
use leptos::prelude::*;

/// The `id` of the list, for the input's `list`.
const HANDLERS: &str = "handlers";

/// The field. `executor` is the id that is chosen beside it, `start` what it starts with.
#[component]
pub fn HandlerField(executor: RwSignal<String>, start: String) -> impl IntoView {
    let i18n = use_i18n();
    let typed = RwSignal::new(start);
    let known = resource(move || executor.get().parse().ok(), known_of);
    view! {
        <TextField
            name="handler"
            label=tu_string!(i18n, jobs.handler)
            mono=true
            span=true
            help=tu_string!(i18n, jobs.handler_help)
            list=HANDLERS
            on_input=move |text: String| typed.set(text)
        />
        <Transition>
            {move || Suspend::new(async move {
                let known = known.await;
                let names = known.handlers.iter().map(|handler| handler.name.clone()).collect::<Vec<_>>();
                let lacking = move || known.lacks(&typed.read());
                view! {
                    <datalist id=HANDLERS>
                        {names.into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
                    </datalist>
                    <p class="warn-t span2" role="status" hidden=move || !lacking()>
                        <Icon name=IconName::AlertTriangle size=14/>
                        <span>{tu_string!(i18n, jobs.handler_unknown)}</span>
                    </p>
                }
            })}
        </Transition>
    }
}

/// Beside the handler of a job that is stored: a warning where its executor has none of that name.
#[component]
pub fn UnknownHandler(executor_id: i32, name: String) -> impl IntoView {
    let i18n = use_i18n();
    let known = resource(move || Some(executor_id), known_of);
    view! {
        <Transition>
            {move || {
                let name = name.clone();
                Suspend::new(async move {
                    known.await.lacks(&name).then(|| view! {
                        <span class="warn-t" role="note">
                            <Icon name=IconName::AlertTriangle size=14/>
                            <span>{tu_string!(i18n, jobs.handler_unknown)}</span>
                        </span>
                    })
                })
            }}
        </Transition>
    }
}

/// What cannot be read is not known: the form works without.
async fn known_of(executor_id: Option<i32>) -> HandlersView {
    match executor_id {
        Some(id) => handlers(id).await.unwrap_or_default(),
        None => HandlersView::default(),
    }
}
