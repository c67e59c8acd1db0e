//! The fields of a job, shared by the forms that create and edit one, and the next fires beside them.

mod hold;
mod overlap;
mod when;

use super::fires::FireTable;
use super::follow_ups::FollowUpFields;
use super::handler::HandlerField;
use super::words::*;
use crate::api::jobs::{self, ExecutorChoice, JobForm, PREVIEW, Preview, ScheduleForm, word};
use crate::components::at_once::TakenAtOnce;
use crate::components::button::Button;
use crate::components::field::{Choice, NumberField, SelectField, TextArea, TextField};
use crate::components::form::{FieldGroup, FoldedGroup, use_form};
use crate::components::pulse::use_scripts;
use crate::components::resource::resource;
use crate::error::AppError;
use crate::i18n::*;
use crate::routes;
use crate::visit::use_visit;
use crate::words::sentence;
use entity::job::{Blocking, MisfirePolicy, Routing, RunMode, ScheduleKind};
use hold::Holds;
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use overlap::OverlapFields;
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;
use when::{Bounds, WhenItFires};

/// How long somebody must pause typing before the fires are computed anew.
const PAUSE: Duration = Duration::from_millis(250);

/// What the form starts with: as it was typed before it came back, else `stored`.
pub fn starting_form(stored: JobForm) -> JobForm {
    match use_visit().kept.filter(|kept| kept.form == jobs::FORM) {
        Some(kept) => {
            let mut values = stored.values();
            values.extend(kept.values);
            JobForm::from_values(&values)
        }
        None => stored,
    }
}

/// Where the source of a script is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceField {
    /// Here; left empty, the new job begins with a template.
    New,
    /// Here: nothing is stored of it.
    Typed,
    /// On the page of this job's code.
    Elsewhere(i32),
}

/// All fields. `typed` follows what the next fires depend on.
#[component]
pub fn JobFields(
    choices: Vec<ExecutorChoice>,
    source: SourceField,
    form: JobForm,
    typed: RwSignal<ScheduleForm>,
) -> impl IntoView {
    let namespaces = choices.iter().map(|choice| choice.namespace.clone()).collect::<BTreeSet<_>>();
    view! {
        <WhatItIs/>
        <WhenItFires typed/>
        <WhatRuns choices source form=form.clone()/>
        <Bounds form=form.clone() typed/>
        <Holds typed namespaces/>
        <Folded form/>
    }
}

#[component]
fn WhatItIs() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <FieldGroup title=tu_string!(i18n, jobs.what_it_is)>
            <TextField name="name" label=tu_string!(i18n, jobs.name)/>
            <TextField name="owner" label=tu_string!(i18n, jobs.owner) optional=true/>
            <TextField name="description" label=tu_string!(i18n, jobs.description) optional=true span=true/>
        </FieldGroup>
    }
}

#[component]
fn WhatRuns(choices: Vec<ExecutorChoice>, source: SourceField, form: JobForm) -> impl IntoView {
    let i18n = use_i18n();
    let executor = RwSignal::new(form.executor_id);
    let several = choices.iter().any(|choice| choice.namespace != choices[0].namespace);
    let executors = choices.into_iter().map(move |executor| {
        let online = tu_string!(i18n, jobs.online, count = executor.online);
        let namespace = if several { format!("{} · ", executor.namespace) } else { String::new() };
        Choice::new(executor.id.to_string(), format!("{namespace}{} · {online}", executor.app_name))
    });
    let modes = [
        RunMode::Handler,
        RunMode::Shell,
        RunMode::Python,
        RunMode::Node,
        RunMode::Php,
        RunMode::PowerShell,
        RunMode::Python2,
        RunMode::Groovy,
    ];
    let modes = modes.map(|mode| choice(mode, run_mode_word(i18n, mode)));
    view! {
        <FieldGroup title=tu_string!(i18n, jobs.what_runs)>
            <SelectField
                name="executor_id"
                label=tu_string!(i18n, jobs.executor)
                options=executors.collect()
                on_change=move |id: String| executor.set(id)
            />
            <SelectField name="run_mode" label=tu_string!(i18n, jobs.mode) options=modes.to_vec()/>
            <div class="only-handler">
                <HandlerField executor start=form.handler/>
            </div>
            <TextArea
                name="parameter"
                label=tu_string!(i18n, jobs.parameter)
                rows=2
                mono=true
                optional=true
                help=tu_string!(
                    i18n,
                    jobs.parameter_help,
                    result = "{{parent.result}}",
                    code = "{{parent.code}}",
                    run = "{{parent.run_id}}"
                )
            />
            <div class="only-script">
                <Source field=source/>
            </div>
        </FieldGroup>
    }
}

#[component]
fn Source(field: SourceField) -> impl IntoView {
    let i18n = use_i18n();
    let help = match field {
        SourceField::New => tu_string!(i18n, code.template_help),
        SourceField::Typed => tu_string!(i18n, jobs.source_help),
        SourceField::Elsewhere(id) => {
            return view! {
                <p class="help span2">
                    {tu_string!(i18n, code.elsewhere)} " "
                    <a class="act" href=routes::job_code(id)>{tu_string!(i18n, code.edit_code)}</a>
                </p>
            }
            .at_once();
        }
    };
    view! {
        <TextArea
            name="source"
            label=tu_string!(i18n, jobs.source)
            rows=12
            mono=true
            optional=field == SourceField::New
            help
        />
    }
    .at_once()
}

/// The groups that are rarely changed, each folded into its values in words.
#[component]
fn Folded(form: JobForm) -> impl IntoView {
    let i18n = use_i18n();
    let routings = [
        Routing::Round,
        Routing::Random,
        Routing::First,
        Routing::Last,
        Routing::ConsistentHash,
        Routing::LeastFrequentlyUsed,
        Routing::LeastRecentlyUsed,
        Routing::Failover,
        Routing::Busyover,
        Routing::Broadcast,
    ];
    let routings = routings.map(|routing| choice(routing, routing_word(i18n, routing)));
    let blockings = [Blocking::Serial, Blocking::DiscardLater, Blocking::CoverEarly];
    let blockings = blockings.map(|blocking| choice(blocking, blocking_word(i18n, blocking)));
    let misfires = [MisfirePolicy::FireOnce, MisfirePolicy::FireAll, MisfirePolicy::Skip];
    let misfires = misfires.map(|policy| choice(policy, misfire_word(i18n, policy)));
    let values = RwSignal::new(form);
    let change = move |write: fn(&mut JobForm, String)| {
        Callback::new(move |text: String| values.update(|form| write(form, text)))
    };
    let start = values.get_untracked();
    let ways = summary_of(&routings, &blockings, values, |form| (&form.routing, &form.blocking));
    let ways = Signal::derive(move || match values.read().only_on.trim() {
        "" => ways.get(),
        _ => format!("{} · {}", ways.get(), tu_string!(i18n, jobs.only_on_some)),
    });
    let missed = Signal::derive(move || {
        let form = values.read();
        let policy = serde_json::from_value(form.misfire_policy.as_str().into());
        misfire_summary(i18n, policy.unwrap_or(MisfirePolicy::Skip), form.catch_up_ms.clone())
    });
    let routing_line = Signal::derive(move || {
        let routing = serde_json::from_value(values.read().routing.as_str().into()).ok();
        routing.map(|routing| routing_help(i18n, routing).to_owned())
    });
    let limits = Signal::derive(move || timeout_summary(i18n, &values.read().timeout_s));
    view! {
        <FoldedGroup
            title=tu_string!(i18n, jobs.group_routing)
            summary=ways
            open=any_wrong(&["routing", "only_on", "blocking"])
        >
            <SelectField
                name="routing"
                label=tu_string!(i18n, jobs.routing)
                options=routings.to_vec()
                help=routing_line
                on_change=change(|form, text| form.routing = text)
            />
            <TextArea
                name="only_on"
                label=tu_string!(i18n, jobs.only_on)
                rows=2
                mono=true
                optional=true
                placeholder="zone=a"
                help=tu_string!(i18n, jobs.only_on_help)
            />
            <SelectField
                name="blocking"
                label=tu_string!(i18n, jobs.blocking)
                options=blockings.to_vec()
                help=tu_string!(i18n, jobs.blocking_help)
                on_change=change(|form, text| form.blocking = text)
            />
        </FoldedGroup>
        <OverlapFields form=start.clone()/>
        <FoldedGroup title=tu_string!(i18n, jobs.group_limits) summary=limits open=any_wrong(&["timeout_s"])>
            <NumberField
                name="timeout_s"
                label=tu_string!(i18n, jobs.timeout)
                help=tu_string!(i18n, jobs.timeout_help)
                max=604_800
                on_input=change(|form, text| form.timeout_s = text)
            />
        </FoldedGroup>
        <FoldedGroup
            title=tu_string!(i18n, jobs.group_missed)
            summary=missed
            open=any_wrong(&["misfire_policy", "catch_up_ms"])
        >
            <SelectField
                name="misfire_policy"
                label=tu_string!(i18n, jobs.misfire)
                options=misfires.to_vec()
                on_change=change(|form, text| form.misfire_policy = text)
            />
            <NumberField
                name="catch_up_ms"
                label=tu_string!(i18n, jobs.catch_up)
                help=tu_string!(i18n, jobs.catch_up_help)
                max=10_080
                on_input=change(|form, text| form.catch_up_ms = text)
            />
        </FoldedGroup>
        <FollowUpFields form=start/>
    }
}

pub fn choice(value: impl Serialize, label: &str) -> Choice {
    Choice::new(word(value), label)
}

fn label_of(choices: &[Choice], value: &str) -> String {
    let found = choices.iter().find(|choice| choice.value == value);
    found.map(|choice| choice.label.clone()).unwrap_or_default()
}

/// “One after the other · queue behind it”.
fn summary_of(
    first: &[Choice],
    second: &[Choice],
    values: RwSignal<JobForm>,
    pick: fn(&JobForm) -> (&String, &String),
) -> Signal<String> {
    let (first, second) = (first.to_vec(), second.to_vec());
    Signal::derive(move || {
        let form = values.read();
        let (one, other) = pick(&form);
        format!("{} · {}", label_of(&first, one), label_of(&second, other))
    })
}

/// Whether one of the fields needs correction: a folded group shows itself then.
pub fn any_wrong(fields: &[&str]) -> Signal<bool> {
    let form = use_form();
    let errors: Vec<_> = fields.iter().map(|field| form.error_of(field)).collect();
    Signal::derive(move || errors.iter().any(|error| error.get().is_some()))
}

/// The next fires of what is typed, computed anew after a pause.
#[component]
pub fn NextFires(typed: RwSignal<ScheduleForm>) -> impl IntoView {
    let i18n = use_i18n();
    let settled = RwSignal::new(typed.get_untracked());
    Effect::new(move |timer: Option<Option<TimeoutHandle>>| {
        if let Some(Some(timer)) = timer {
            timer.clear();
        }
        let typed = typed.get();
        let changed = typed != settled.get_untracked();
        changed.then(|| set_timeout_with_handle(move || settled.set(typed), PAUSE).ok()).flatten()
    });
    let preview = resource(
        move || settled.get(),
        |typed| async move {
            let zone = typed.zone.clone();
            let is_manual = typed.schedule_kind == word(ScheduleKind::Manual);
            let preview = if is_manual { None } else { Some(jobs::preview_fires(typed).await) };
            (zone, preview)
        },
    );
    view! {
        <aside class="next-fires">
            <div class="sec-h">
                <h2>{tu_string!(i18n, jobs.next_fires)}</h2>
            </div>
            <Transition>
                {move || Suspend::new(async move {
                    let (zone, preview) = preview.await;
                    preview_view(i18n, zone, preview)
                })}
            </Transition>
            <p class="t12 muted mt-3">{tu_string!(i18n, jobs.same_code)}</p>
        </aside>
    }
}

fn preview_view(
    i18n: I18nContext<Locale>,
    zone: String,
    preview: Option<Result<Preview, AppError>>,
) -> AnyView {
    let text = match preview {
        None => tu_string!(i18n, jobs.no_fires).to_owned(),
        Some(Ok(preview)) => match preview.wrong.first() {
            None => return view! { <FireTable fires=preview.fires zone/> }.at_once(),
            Some(wrong) => sentence(i18n.get_locale_untracked(), &wrong.message),
        },
        Some(Err(error)) => sentence(i18n.get_locale_untracked(), &error.sentence()),
    };
    view! { <p class="muted t13">{text}</p> }.at_once()
}

/// For browsers without scripts: shows the next fires of what is typed and does nothing else.
#[component]
pub fn PreviewButton() -> impl IntoView {
    let i18n = use_i18n();
    let scripts = use_scripts();
    view! {
        <span hidden=move || scripts.get()>
            <Button name="intent" value=PREVIEW>{tu_string!(i18n, jobs.preview)}</Button>
        </span>
    }
}
