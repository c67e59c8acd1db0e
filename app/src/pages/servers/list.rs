//! `/cluster`: the servers, what each has, and how the database keeps what it is given.

use crate::api::servers::{ClusterView, DatabaseSetting, DrainServer, ServerLine, TakeBackServer, cluster};
use crate::components::at_once::TakenAtOnce;
use crate::components::error_page::ErrorPage;
use crate::components::icon::{Icon, IconName};
use crate::components::live::{LiveSwitch, use_polled};
use crate::components::page_title::{PageTitle, Section};
use crate::components::resource::resource;
use crate::components::table::{Column, DataTable};
use crate::components::time::{Time, TimeStyle, duration};
use crate::components::toast::show_errors;
use crate::i18n::*;
use crate::pages::statistics::cards::grouped;
use crate::routes;
use entity::server::ServerState;
use leptos::prelude::*;

/// What can be done with a server.
#[derive(Clone, Copy)]
struct Draining {
    drain: ServerAction<DrainServer>,
    take_back: ServerAction<TakeBackServer>,
}

#[component]
pub fn ServerList() -> impl IntoView {
    let draining = Draining { drain: ServerAction::new(), take_back: ServerAction::new() };
    show_errors(draining.drain);
    show_errors(draining.take_back);
    let done = move || draining.drain.version().get() + draining.take_back.version().get();
    let view = resource(done, |_| cluster());
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Content view draining/> }.at_once(),
                    Err(error) => view! { <ErrorPage error/> }.at_once(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Content(view: ClusterView, draining: Draining) -> impl IntoView {
    let i18n = use_i18n();
    let (database, settings) = (view.database.clone(), view.settings.clone());
    let (view, live) = use_polled(view, cluster);
    let alive = move || view.read().servers.iter().filter(|server| server.state.is_alive()).count();
    let columns = vec![
        Column::new(tu_string!(i18n, servers.address)),
        Column::new(tu_string!(i18n, servers.state)).class("cw-3"),
        Column::new(tu_string!(i18n, servers.buckets)).number().class("cw-2"),
        Column::new(tu_string!(i18n, servers.jobs)).number().class("cw-2"),
        Column::new(tu_string!(i18n, servers.waiting)).number().class("cw-2"),
        Column::new(tu_string!(i18n, servers.lateness)).number().class("cw-2"),
        Column::new(tu_string!(i18n, servers.started)).number().class("cw-3"),
        Column::new(tu_string!(i18n, servers.heartbeat)).number().class("cw-3"),
        Column::new(tu_string!(i18n, servers.drain)).actions().class("cw-2"),
    ];
    view! {
        <div class="page">
            <PageTitle title=tu_string!(i18n, servers.title) actions=move || view! { <LiveSwitch live/> }>
                <span class="muted t13">{move || tu_string!(i18n, servers.count, n = alive())}</span>
            </PageTitle>
            {move || unowned(view.read().unowned_jobs)}
            <DataTable label=tu_string!(i18n, servers.title) columns>
                {move || view.get().servers.into_iter().map(|line| row(line, draining)).collect_view()}
            </DataTable>
            <Database database settings/>
        </div>
    }
}

/// That jobs have no server for a moment, or for longer.
fn unowned(jobs: u64) -> Option<impl IntoView> {
    let i18n = use_i18n();
    let text = tu_string!(i18n, servers.unowned, n = grouped(jobs));
    (jobs > 0).then(|| {
        view! {
            <div class="conflict mt-3" role="status">
                <Icon name=IconName::AlertTriangle/>
                <p>{text}</p>
            </div>
        }
    })
}

/// The word for a state, its icon and its colours.
pub fn state_mark(state: ServerState) -> impl IntoView {
    let i18n = use_i18n();
    let (class, icon, word) = match state {
        ServerState::Live => ("ic s-ok", IconName::Plug, tu_string!(i18n, servers.live)),
        ServerState::Draining => ("ic muted", IconName::LogOut, tu_string!(i18n, servers.draining)),
        ServerState::Dead => ("ic s-fail", IconName::CircleX, tu_string!(i18n, servers.dead)),
    };
    view! { <span class="mark-name"><span class=class><Icon name=icon/></span> {word}</span> }
}

/// The star of the one that has the duties of which there is one each.
pub fn leader_mark(is_leader: bool) -> Option<impl IntoView> {
    let i18n = use_i18n();
    is_leader.then(|| {
        let (word, title) = (tu_string!(i18n, servers.leader), tu_string!(i18n, servers.leader_means));
        view! { " " <span class="tag leader" title=title><Icon name=IconName::Star size=12/> {word}</span> }
    })
}

fn row(line: ServerLine, draining: Draining) -> impl IntoView {
    let is_alive = line.state.is_alive();
    let started = is_alive.then(|| view! { <Time at=line.started_at style=TimeStyle::Relative/> });
    let action = is_alive.then(|| drain(&line, draining));
    view! {
        <tr class:faint=!is_alive>
            <td>
                <a class="name" href=routes::server(line.id, "")>{line.address}</a>
                {leader_mark(line.is_leader)}
                <span class="sub">{format!("#{} · {}", line.id, line.version)}</span>
            </td>
            <td class="p1">{state_mark(line.state)}</td>
            <td class="num">{line.buckets}</td>
            <td class="num">{grouped(line.jobs)}</td>
            <td class="num">{grouped(line.waiting.unsigned_abs())}</td>
            <td class="num">{duration(line.lateness_ms)}</td>
            <td class="num muted">{started}</td>
            <td class="p2 num muted"><Time at=line.beat_at style=TimeStyle::Relative/></td>
            <td class="p2 num">{action}</td>
        </tr>
    }
}

/// The button that lets it drain, or takes it back.
fn drain(line: &ServerLine, draining: Draining) -> AnyView {
    let i18n = use_i18n();
    let (id, address) = (line.id, line.address.clone());
    if line.state == ServerState::Draining {
        let label = tu_string!(i18n, servers.take_back_this, address = address);
        return view! {
            <ActionForm action=draining.take_back>
                <input type="hidden" name="id" value=id/>
                <button class="act" aria-label=label>{tu_string!(i18n, servers.take_back)}</button>
            </ActionForm>
        }
        .at_once();
    }
    let label = tu_string!(i18n, servers.drain_this, address = address);
    view! {
        <ActionForm action=draining.drain>
            <input type="hidden" name="id" value=id/>
            <button class="act" aria-label=label title=tu_string!(i18n, servers.drain_means)>
                {tu_string!(i18n, servers.drain)}
            </button>
        </ActionForm>
    }
    .at_once()
}

/// What the promises rest on.
#[component]
fn Database(database: String, settings: Vec<DatabaseSetting>) -> impl IntoView {
    let i18n = use_i18n();
    let is_weak = settings.iter().any(|setting| setting.is_weak);
    let columns = vec![
        Column::new(tu_string!(i18n, servers.setting)),
        Column::new(tu_string!(i18n, servers.value)).class("cw-5"),
        Column::new(tu_string!(i18n, servers.means)).class("cw-6"),
    ];
    view! {
        <Section title=tu_string!(i18n, servers.database)>
            <p class="t13 muted py-2">{database}</p>
            {is_weak.then(|| view! {
                <div class="conflict mt-1 mb-3" role="alert">
                    <Icon name=IconName::AlertTriangle/>
                    <p>{tu_string!(i18n, servers.weak)}</p>
                </div>
            })}
            <DataTable label=tu_string!(i18n, servers.database) columns inner=true>
                {settings.into_iter().map(setting_row).collect_view()}
            </DataTable>
        </Section>
    }
}

fn setting_row(setting: DatabaseSetting) -> impl IntoView {
    let i18n = use_i18n();
    let word = match setting.is_weak {
        true => tu_string!(i18n, servers.may_lose),
        false => tu_string!(i18n, servers.keeps),
    };
    let value = if setting.value.is_empty() { "–".to_owned() } else { setting.value };
    view! {
        <tr>
            <td class="mono">{setting.name}</td>
            <td class="p1 mono">{value}</td>
            <td class="p2" class:gone=setting.is_weak class:muted=!setting.is_weak>{word}</td>
        </tr>
    }
}
