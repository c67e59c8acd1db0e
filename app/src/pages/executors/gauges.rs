//! How the hosts of instances are doing, as gauges: a number, a track with marks at 80 and 90 %, and the details
//! for whoever points at it or comes to it by keyboard.

use crate::api::executors::{HostLine, InstanceLine};
use crate::components::at_once::TakenAtOnce;
use crate::components::quantity::{bytes, exact_percent, percent};
use crate::components::table::Column;
use crate::components::time::{Time, TimeStyle, relative, span};
use crate::i18n::*;
use crate::pages::runs::words::host;
use crate::visit::use_now;
use entity::host_state::{Disk, HostSample};
use entity::instance::Client;
use leptos::prelude::*;

/// What is older is no longer how a host is doing: two reports are missing.
const STALE: i64 = 45_000;
/// Shares from which a gauge warns, and shouts.
const HIGH: f64 = 80.0;
const HIGHEST: f64 = 90.0;
/// Disks that the details name.
const DISKS_NAMED: usize = 8;
const COLUMNS: &str = "4";

/// The heads of the gauges' columns.
pub fn columns() -> [Column; 4] {
    let i18n = use_i18n();
    let column = |label: &'static str| Column::new(label).class("cw-g");
    [
        column(tu_string!(i18n, hosts.cpu)),
        column(tu_string!(i18n, hosts.process_memory)),
        column(tu_string!(i18n, hosts.host_memory)),
        column(tu_string!(i18n, hosts.disk)),
    ]
}

/// The gauges of an instance, as cells of its row; or why there are none.
pub fn cells(instance: &InstanceLine) -> AnyView {
    let i18n = use_i18n();
    let seen_at = instance.seen_at;
    match (instance.gone_at, &instance.host) {
        (Some(_), _) => view! {
            <td class="g-none muted" colspan=COLUMNS>
                {tu_string!(i18n, hosts.last_heard)} " " <Time at=seen_at style=TimeStyle::Short/> ", "
                <Time at=seen_at style=TimeStyle::Relative/>
            </td>
        }
        .at_once(),
        (None, None) => {
            view! { <td class="g-none faint" colspan=COLUMNS>{tu_string!(i18n, hosts.none)}</td> }.at_once()
        }
        (None, Some(reported)) => gauges(instance.id, reported.as_ref()).at_once(),
    }
}

fn gauges(id: i32, HostLine { at, sample }: &HostLine) -> impl IntoView {
    let i18n = use_i18n();
    let now = use_now();
    let at = *at;
    let is_stale = Memo::new(move |_| now.get() - at > STALE);
    let gauge = move |name: &'static str, label: &'static str, share: f64, facts: Vec<Fact>| {
        view! { <Gauge id=format!("{name}-{id}") label share is_stale at facts/> }
    };
    let disk = sample.disks.first();
    let disk = match disk {
        Some(disk) => {
            gauge("disk", tu_string!(i18n, hosts.disk), disk.share(), disk_facts(&sample.disks)).at_once()
        }
        None => view! { <td class="g faint">"–"</td> }.at_once(),
    };
    let (process, memory) = (&sample.process, &sample.memory);
    view! {
        {gauge("cpu", tu_string!(i18n, hosts.cpu), sample.cpu.total, cpu_facts(sample))}
        {gauge("process", tu_string!(i18n, hosts.process_memory), process.memory_share(), process_facts(sample))}
        {gauge("memory", tu_string!(i18n, hosts.host_memory), memory.share(), memory_facts(sample))}
        {disk}
    }
}

/// A name and its value.
type Fact = (String, String);

fn fact(label: impl Into<String>, value: impl Into<String>) -> Fact {
    (label.into(), value.into())
}

fn cpu_facts(sample: &HostSample) -> Vec<Fact> {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let HostSample { cpu, load, network, .. } = sample;
    let mut facts = vec![fact(tu_string!(i18n, hosts.total), exact_percent(cpu.total))];
    facts.extend(cpu.user.map(|share| fact(tu_string!(i18n, hosts.user), exact_percent(share))));
    facts.extend(cpu.system.map(|share| fact(tu_string!(i18n, hosts.system), exact_percent(share))));
    facts.push(fact(tu_string!(i18n, hosts.this_process), exact_percent(sample.process.cpu)));
    facts.push(fact(tu_string!(i18n, hosts.cores), cpu.cores.to_string()));
    let averages = |load: [f64; 3]| load.map(|average| format!("{average:.2}")).join(" · ");
    facts.extend(load.map(|load| fact(tu_string!(i18n, hosts.load), averages(load))));
    let rate = |rate: f64| tu_string!(i18n, hosts.a_second, size = bytes(rate));
    facts.push(fact(tu_string!(i18n, hosts.received), rate(network.received)));
    facts.push(fact(tu_string!(i18n, hosts.sent), rate(network.sent)));
    facts.push(fact(tu_string!(i18n, hosts.host_up), span_of(locale, sample.uptime_s)));
    facts
}

fn process_facts(sample: &HostSample) -> Vec<Fact> {
    let i18n = use_i18n();
    let process = &sample.process;
    vec![
        fact(tu_string!(i18n, hosts.used), bytes(process.memory as f64)),
        fact(tu_string!(i18n, hosts.at_most), bytes(process.memory_limit as f64)),
        fact(tu_string!(i18n, hosts.share), exact_percent(process.memory_share())),
        fact(tu_string!(i18n, hosts.process_up), span_of(i18n.get_locale_untracked(), process.uptime_s)),
    ]
}

fn memory_facts(sample: &HostSample) -> Vec<Fact> {
    let i18n = use_i18n();
    let memory = &sample.memory;
    let free = memory.total.saturating_sub(memory.used);
    vec![
        fact(tu_string!(i18n, hosts.used), bytes(memory.used as f64)),
        fact(tu_string!(i18n, hosts.available), bytes(free as f64)),
        fact(tu_string!(i18n, hosts.in_all), bytes(memory.total as f64)),
        fact(tu_string!(i18n, hosts.share), exact_percent(memory.share())),
    ]
}

fn disk_facts(disks: &[Disk]) -> Vec<Fact> {
    let i18n = use_i18n();
    let words = |disk: &Disk| {
        let [used, total, free] = [disk.used, disk.total, disk.free].map(|size| bytes(size as f64));
        tu_string!(
            i18n,
            hosts.used_of,
            share = percent(disk.share()),
            used = used,
            total = total,
            free = free
        )
    };
    let mut facts: Vec<Fact> =
        disks.iter().take(DISKS_NAMED).map(|disk| fact(disk.mount.clone(), words(disk))).collect();
    if let Some(more) = disks.len().checked_sub(DISKS_NAMED).filter(|more| *more > 0) {
        facts.push(fact("", tu_string!(i18n, hosts.more_disks, n = more)));
    }
    facts
}

fn span_of(locale: Locale, seconds: u64) -> String {
    span(locale, i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
}

/// How loud a gauge is.
fn loudness(share: f64) -> &'static str {
    match share {
        HIGHEST.. => "gauge max",
        HIGH.. => "gauge hi",
        _ => "gauge",
    }
}

/// One gauge in its cell. What is stale is grey, and says how old it is in the place of its track.
#[component]
fn Gauge(
    id: String,
    label: &'static str,
    share: f64,
    is_stale: Memo<bool>,
    /// When it was reported.
    at: i64,
    facts: Vec<Fact>,
) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let now = use_now();
    let class = move || if is_stale.get() { "gauge stale" } else { loudness(share) };
    let described = id.clone();
    let facts = facts.into_iter().map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> });
    let track = move || match is_stale.get() {
        true => view! { <span class="t12">{move || relative(locale, at - now.get())}</span> }.at_once(),
        false => view! { <Track share/> }.at_once(),
    };
    let words = move || match is_stale.get() {
        true => tu_string!(i18n, hosts.stale, share = percent(share), age = relative(locale, at - now.get())),
        false => percent(share),
    };
    view! {
        <td class="g">
            <div class="g-box">
                <span class="g-name" aria-hidden="true">{label}</span>
                <span
                    class=class
                    role="meter"
                    tabindex="0"
                    aria-label=label
                    aria-valuemin="0"
                    aria-valuemax="100"
                    aria-valuenow=format!("{share:.0}")
                    aria-valuetext=words
                    aria-describedby=described
                >
                    <span class="g-n">{percent(share)}</span>
                    {track}
                </span>
                <div class="g-pop" role="tooltip" id=id>
                    <b>{label}</b>
                    <dl>
                        {facts.collect_view()}
                        <div class="muted">
                            <dt>{tu_string!(i18n, hosts.reported)}</dt>
                            <dd><Time at style=TimeStyle::Relative/></dd>
                        </div>
                    </dl>
                </div>
            </div>
        </td>
    }
}

/// The track: as long as the share, with marks at the two thresholds.
#[component]
fn Track(share: f64) -> impl IntoView {
    view! {
        <svg class="track" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="bed" y="2" width="100" height="4"></rect>
            <rect class="part" y="2" width=format!("{share:.1}") height="4"></rect>
            <path d="M80 0v8M90 0v8"></path>
        </svg>
    }
}

/// Says of clients that report nothing, what helps.
#[component]
pub fn Silent(instances: Signal<Vec<InstanceLine>>) -> impl IntoView {
    let i18n = use_i18n();
    let silent = move || {
        let instances = instances.read();
        // One of our own begins to report within seconds, unless it was told not to.
        let found = instances.iter().filter(|found| {
            found.gone_at.is_none() && found.host.is_none() && found.client != Client::Orrery
        });
        found.map(|instance| host(&instance.address).to_owned()).collect::<Vec<_>>()
    };
    move || {
        let addresses = silent();
        let named = addresses.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let words = match addresses.len() {
            0 => return None,
            1..=3 => tu_string!(i18n, hosts.silent, addresses = named),
            all => tu_string!(i18n, hosts.silent_more, addresses = named, n = all - 3),
        };
        Some(view! {
            <p class="muted t12 mt-3">
                {words}
                " "
                <a class="act" href="#enrol">{tu_string!(i18n, hosts.agent)}</a>
            </p>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::loudness;

    #[test]
    fn a_gauge_warns_from_eighty_and_shouts_from_ninety_on() {
        let classes = [0.0, 79.9, 80.0, 89.9, 90.0, 100.0].map(loudness);
        assert_eq!(classes, ["gauge", "gauge", "gauge hi", "gauge hi", "gauge max", "gauge max"]);
    }
}
