//! From what there is to how it is shown.

use super::{ExecutorSpot, InstanceSpot, JobSpot, MapView, TopologyQuery, TopologyView};
use crate::api::executors::NamespaceChoice;
use crate::charts::map::{self, Line, Spot};
use crate::i18n::*;
use crate::ssr::request_locale;
use entity::instance;
use entity::namespace;
use entity::run::RunState;
use scheduler::rules::topology::{Layout, Node};
use scheduler::topology::{ExecutorNode, JobNode, Topology};
use std::collections::HashMap;

/// How a node is called in the page's address.
fn id_of(node: Node) -> String {
    match node {
        Node::Namespace(id) => format!("namespace-{id}"),
        Node::Executor(id) => format!("executor-{id}"),
        Node::Instance(id) => format!("instance-{id}"),
        // What is folded opens what it belongs to.
        Node::MoreInstances(id) => format!("instances-{id}"),
        Node::Job(id) => format!("job-{id}"),
        Node::MoreJobs(id) => format!("jobs-{id}"),
    }
}

/// The sign of a state, and its colour; the signs are those of the console's glyphs, as letters.
fn sign(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Succeeded => ("✓", "ok"),
        RunState::Running => ("◐", "run"),
        RunState::Sending => ("↗", "run"),
        RunState::Waiting => ("○", "idle"),
        RunState::Failed => ("✕", "fail"),
        RunState::TimedOut => ("⧖", "late"),
        RunState::Killed => ("■", "kill"),
        RunState::Skipped => ("⊘", "idle"),
        RunState::Unknown | RunState::Lost => ("?", "unk"),
    }
}

pub(super) fn view(
    query: &TopologyQuery,
    found: Topology,
    namespaces: Vec<namespace::Model>,
) -> TopologyView {
    let titles: HashMap<i32, String> = found.namespaces.iter().map(|one| (one.id, one.title())).collect();
    let title = |id: i32| titles.get(&id).cloned().unwrap_or_default();
    let executors: Vec<_> = found.executors.into_iter().map(|node| executor(node, &title)).collect();
    let names = Names::of(&executors);
    let text = query.q.trim().to_lowercase();
    let matches: Option<Vec<Node>> = (!text.is_empty()).then(|| {
        let nodes = found.layout.places.iter().map(|place| place.node);
        nodes.filter(|node| names.name(*node).to_lowercase().contains(&text)).collect()
    });
    TopologyView {
        namespaces: namespaces.into_iter().map(NamespaceChoice::from).collect(),
        map: drawn(&found.layout, &names, matches.as_deref()),
        found: matches.map(|nodes| nodes.into_iter().map(id_of).collect()),
        more_executors: found.more_executors,
        links: found.links,
        executors,
    }
}

fn executor(node: ExecutorNode, title: &impl Fn(i32) -> String) -> ExecutorSpot {
    ExecutorSpot {
        id: node.executor.id,
        namespace: title(node.executor.namespace_id),
        namespace_id: node.executor.namespace_id,
        app_name: node.executor.app_name,
        title: node.executor.title,
        instances: node.instances.into_iter().map(instance).collect(),
        online: node.online,
        silent: node.silent,
        jobs: node.jobs.into_iter().map(job).collect(),
        jobs_in_all: node.jobs_in_all,
        runs: node.ends.total(),
        not_succeeded: node.ends.not_succeeded(),
        under_way: node.under_way,
        wrong: node.wrong,
    }
}

fn instance(found: instance::Model) -> InstanceSpot {
    let is_online = found.gone_at.is_none();
    InstanceSpot { id: found.id, address: found.address, is_online, seen_at: found.seen_at }
}

fn job(node: JobNode) -> JobSpot {
    let JobNode { job, last, is_wrong } = node;
    JobSpot { id: job.id, name: job.name, state: job.state, last, is_wrong }
}

/// What is known of the nodes.
struct Names<'a> {
    executors: HashMap<i32, &'a ExecutorSpot>,
    namespaces: HashMap<i32, &'a str>,
    instances: HashMap<i32, &'a InstanceSpot>,
    jobs: HashMap<i32, &'a JobSpot>,
}

impl<'a> Names<'a> {
    fn of(executors: &'a [ExecutorSpot]) -> Self {
        let instances = executors.iter().flat_map(|executor| &executor.instances);
        let jobs = executors.iter().flat_map(|executor| &executor.jobs);
        Self {
            executors: executors.iter().map(|executor| (executor.id, executor)).collect(),
            namespaces: executors
                .iter()
                .map(|found| (found.namespace_id, found.namespace.as_str()))
                .collect(),
            instances: instances.map(|instance| (instance.id, instance)).collect(),
            jobs: jobs.map(|job| (job.id, job)).collect(),
        }
    }

    fn name(&self, node: Node) -> String {
        let executor = |id: i32| self.executors.get(&id);
        match node {
            Node::Namespace(id) => self.namespaces.get(&id).copied().unwrap_or_default().to_owned(),
            Node::Executor(id) => executor(id).map_or_else(String::new, |found| found.app_name.clone()),
            Node::Instance(id) => {
                self.instances.get(&id).map_or_else(String::new, |found| short(&found.address))
            }
            Node::Job(id) => self.jobs.get(&id).map_or_else(String::new, |found| found.name.clone()),
            Node::MoreInstances(_) | Node::MoreJobs(_) => String::new(),
        }
    }

    /// What stands in the box.
    fn words(&self, node: Node) -> String {
        let locale = request_locale();
        match node {
            Node::Executor(id) => {
                let runs = self.executors.get(&id).map_or(0, |found| found.runs);
                format!("{}  {}", self.name(node), compact(runs))
            }
            Node::MoreJobs(id) => {
                let Some(found) = self.executors.get(&id) else { return String::new() };
                let n = found.jobs_in_all.saturating_sub(found.jobs.len() as u64);
                match found.jobs.is_empty() {
                    true => td_string!(locale, topology.more_jobs_all, n = n),
                    false => td_string!(locale, topology.more_jobs, n = n),
                }
            }
            Node::MoreInstances(_) => "…".to_owned(),
            _ => self.name(node),
        }
    }

    fn sign(&self, node: Node) -> Option<(&'static str, &'static str)> {
        match node {
            Node::Job(id) => Some(sign(self.jobs.get(&id)?.last.unwrap_or(RunState::Waiting))),
            Node::Executor(id) => {
                let found = self.executors.get(&id)?;
                Some(sign(match (found.online > 0 && found.wrong == 0, found.under_way > 0) {
                    (false, _) => RunState::Failed,
                    (true, true) => RunState::Running,
                    (true, false) => RunState::Succeeded,
                }))
            }
            Node::Instance(id) => (!self.instances.get(&id)?.is_online).then_some(sign(RunState::Failed)),
            _ => None,
        }
    }

    fn is_wrong(&self, node: Node) -> bool {
        match node {
            Node::Job(id) => self.jobs.get(&id).is_some_and(|job| job.is_wrong),
            Node::Instance(id) => self.instances.get(&id).is_some_and(|instance| !instance.is_online),
            _ => false,
        }
    }

    fn runs(&self, node: Node) -> u64 {
        match node {
            Node::Executor(id) => self.executors.get(&id).map_or(0, |found| found.runs),
            _ => 0,
        }
    }
}

/// The end of an address, which tells the instances of an executor apart: `.23:9999`.
fn short(address: &str) -> String {
    let host = address.split("://").last().unwrap_or(address);
    let is_ip = host.split(':').next().is_some_and(|name| name.parse::<std::net::Ipv4Addr>().is_ok());
    match host.rfind('.').filter(|_| is_ip) {
        Some(dot) => host[dot..].to_owned(),
        None => host.to_owned(),
    }
}

/// A number in few letters: `311`, `9.8k`, `1.2M`.
fn compact(number: u64) -> String {
    let (scaled, unit) = match number {
        0..1_000 => return number.to_string(),
        1_000..1_000_000 => (number as f64 / 1e3, "k"),
        _ => (number as f64 / 1e6, "M"),
    };
    if scaled < 10.0 {
        format!("{:.1}{unit}", (scaled * 10.0).floor() / 10.0)
    } else {
        format!("{:.0}{unit}", scaled.floor())
    }
}

fn drawn(layout: &Layout, names: &Names<'_>, matches: Option<&[Node]>) -> MapView {
    let spot = |place: &scheduler::rules::topology::Place| Spot {
        id: id_of(place.node),
        name: names.words(place.node),
        sign: names.sign(place.node),
        column: place.column,
        row: place.row,
        is_narrow: matches!(place.node, Node::Instance(_) | Node::MoreInstances(_)),
        is_wrong: names.is_wrong(place.node),
        is_dimmed: matches.is_some_and(|found| !found.contains(&place.node)),
    };
    let line = |edge: &scheduler::rules::topology::Edge| Line {
        from: id_of(edge.from),
        to: id_of(edge.to),
        runs: names.runs(edge.to),
        starts: edge.starts,
        is_wrong: names.is_wrong(if edge.starts { edge.from } else { edge.to }),
    };
    let spots: Vec<Spot> = layout.places.iter().map(spot).collect();
    let lines: Vec<Line> = layout.edges.iter().map(line).collect();
    let map::Drawn { option, width, height } = map::draw(&spots, &lines);
    MapView { option, width, height }
}

#[cfg(test)]
mod tests {
    use super::{compact, short};

    #[test]
    fn numbers_and_addresses_are_short() {
        assert_eq!(
            [7, 311, 1_000, 9_870, 16_900, 1_250_000].map(compact),
            ["7", "311", "1.0k", "9.8k", "16k", "1.2M"]
        );
        assert_eq!(short("http://10.8.3.23:9999"), ".23:9999");
        assert_eq!(short("http://worker.example:9999"), "worker.example:9999");
    }
}
