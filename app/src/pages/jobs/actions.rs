//! What a person does with a job, from its page and from the list.

use crate::api::jobs::{DeleteJob, DisableJob, EnableJob, RunJob, StartJob, StopJob};
use crate::api::may::May;
use crate::components::at_once::TakenAtOnce;
use crate::components::button::{Button, Weight};
use crate::components::confirm::ConfirmForm;
use crate::components::icon::{Icon, IconName};
use crate::components::toast::show_errors;
use crate::i18n::*;
use crate::routes;
use entity::job::JobState;
use leptos::prelude::*;

/// “Run now…”: asks for the parameter, which starts as the job's own. Not for a job that is disabled.
#[component]
pub fn RunNow(id: i32, name: String, parameter: String, state: Signal<JobState>) -> impl IntoView {
    let i18n = use_i18n();
    let run = ServerAction::<RunJob>::new();
    let can_run = Memo::new(move |_| state.get() != JobState::Disabled);
    move || {
        let (name, parameter) = (name.clone(), parameter.clone());
        let fields = vec![("id", id.to_string()), ("shown", parameter.clone())];
        can_run.get().then(|| {
            view! {
                <ConfirmForm
                    action=run
                    fields
                    verb=tu_string!(i18n, jobs.run_now)
                    question=tu_string!(i18n, jobs.run_question, name = name)
                    icon=IconName::Play
                    weight=Weight::Primary
                >
                    <p>{tu_string!(i18n, jobs.run_text)}</p>
                    <div class="field mt-3">
                        <label for="run-parameter">{tu_string!(i18n, jobs.parameter)}</label>
                        <textarea class="in area mono" id="run-parameter" name="parameter" rows="3">
                            {parameter.clone()}
                        </textarea>
                    </div>
                </ConfirmForm>
            }
        })
    }
}

/// “Disable…”, where it is not; the way back is the switch. `open` asks at once.
#[component]
pub fn Disable(
    id: i32,
    name: String,
    state: Signal<JobState>,
    switches: Switches,
    open: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let can_disable = Memo::new(move |_| state.get() != JobState::Disabled);
    move || {
        let name = name.clone();
        can_disable.get().then(|| {
            view! {
                <ConfirmForm
                    action=switches.disable
                    fields=vec![("id", id.to_string())]
                    verb=tu_string!(i18n, jobs.disable)
                    question=tu_string!(i18n, jobs.disable_question, name = name)
                    icon=IconName::Ban
                    open
                >
                    <p>{tu_string!(i18n, jobs.disable_text)}</p>
                </ConfirmForm>
            }
        })
    }
}

/// “Delete…”; `open` asks at once, for links that lead here to delete.
#[component]
pub fn Delete(id: i32, name: String, open: bool) -> impl IntoView {
    let i18n = use_i18n();
    let delete = ServerAction::<DeleteJob>::new();
    view! {
        <ConfirmForm
            action=delete
            fields=vec![("id", id.to_string())]
            verb=tu_string!(i18n, jobs.delete)
            question=tu_string!(i18n, jobs.delete_question, name = name)
            icon=IconName::Trash
            open
        >
            <p>{tu_string!(i18n, jobs.delete_text)}</p>
        </ConfirmForm>
    }
}

/// The actions that start and stop schedules on one page; `done` counts what they did.
#[derive(Clone, Copy)]
pub struct Switches {
    start: ServerAction<StartJob>,
    stop: ServerAction<StopJob>,
    disable: ServerAction<DisableJob>,
    enable: ServerAction<EnableJob>,
    run: ServerAction<RunJob>,
}

impl Switches {
    pub fn new() -> Self {
        let switches = Self {
            start: ServerAction::new(),
            stop: ServerAction::new(),
            disable: ServerAction::new(),
            enable: ServerAction::new(),
            run: ServerAction::new(),
        };
        show_errors(switches.start);
        show_errors(switches.stop);
        show_errors(switches.enable);
        show_errors(switches.run);
        switches
    }

    /// Grows each time a job was started, stopped, disabled or enabled.
    pub fn done(self) -> usize {
        let start_and_stop = self.start.version().get() + self.stop.version().get();
        start_and_stop + self.disable.version().get() + self.enable.version().get()
    }
}

/// Start, stop or enable, by what the job's state is now.
#[component]
pub fn Switch(id: i32, #[prop(into)] state: Signal<JobState>, switches: Switches) -> impl IntoView {
    let i18n = use_i18n();
    move || match state.get() {
        JobState::On => view! {
            <ActionForm action=switches.stop>
                <input type="hidden" name="id" value=id/>
                <Button icon=IconName::Square>{tu_string!(i18n, jobs.stop)}</Button>
            </ActionForm>
        }
        .at_once(),
        JobState::Stopped => view! {
            <ActionForm action=switches.start>
                <input type="hidden" name="id" value=id/>
                <Button icon=IconName::Power>{tu_string!(i18n, jobs.start)}</Button>
            </ActionForm>
        }
        .at_once(),
        JobState::Disabled => view! {
            <ActionForm action=switches.enable>
                <input type="hidden" name="id" value=id/>
                <Button icon=IconName::Power>{tu_string!(i18n, jobs.enable)}</Button>
            </ActionForm>
        }
        .at_once(),
    }
}

/// The menu at the end of a job's row. Opening one closes the others.
#[component]
pub fn RowMenu(
    id: i32,
    name: String,
    may: May,
    #[prop(into)] state: Signal<JobState>,
    switches: Switches,
) -> impl IntoView {
    let i18n = use_i18n();
    let label = tu_string!(i18n, jobs.actions_of, name = name);
    let hidden_id = move || view! { <input type="hidden" name="id" value=id/> };
    let switch = move || match state.get() {
        JobState::On => view! {
            <ActionForm action=switches.stop>
                {hidden_id()} <button><Icon name=IconName::Square/>{tu_string!(i18n, jobs.stop)}</button>
            </ActionForm>
        }
        .at_once(),
        JobState::Stopped => view! {
            <ActionForm action=switches.start>
                {hidden_id()} <button><Icon name=IconName::Power/>{tu_string!(i18n, jobs.start)}</button>
            </ActionForm>
        }
        .at_once(),
        JobState::Disabled => view! {
            <ActionForm action=switches.enable>
                {hidden_id()} <button><Icon name=IconName::Power/>{tu_string!(i18n, jobs.enable)}</button>
            </ActionForm>
        }
        .at_once(),
    };
    let is_disabled = Memo::new(move |_| state.get() == JobState::Disabled);
    let run = move || {
        (!is_disabled.get()).then(|| {
            view! {
                <ActionForm action=switches.run>
                    {hidden_id()} <button><Icon name=IconName::Play/>{tu_string!(i18n, jobs.run_now)}</button>
                </ActionForm>
            }
        })
    };
    let disable = move || {
        (!is_disabled.get()).then(|| {
            view! {
                <a href=routes::link(&routes::job(id), &[("ask", "disable")])>
                    <Icon name=IconName::Ban/>
                    {tu_string!(i18n, jobs.disable)}
                    "…"
                </a>
            }
        })
    };
    view! {
        <details class="popup" name="row-menu">
            <summary class="ib" aria-label=label.clone() title=label><Icon name=IconName::More/></summary>
            <div class="popup-body">
                {may.operate.then(|| view! { {run} {switch} })}
                {may.edit.then(|| view! {
                    <a href=routes::job_edit(id)><Icon name=IconName::Pencil/>{tu_string!(i18n, jobs.edit)}</a>
                })}
                <a href=routes::runs_of_job(id)><Icon name=IconName::Runs/>{tu_string!(i18n, jobs.its_runs)}</a>
                {may.operate.then_some(disable)}
                {may.edit.then(|| view! {
                    <a href=routes::link(&routes::job(id), &[("ask", "delete")])>
                        <Icon name=IconName::Trash/>
                        {tu_string!(i18n, jobs.delete)}
                        "…"
                    </a>
                })}
            </div>
        </details>
    }
}
