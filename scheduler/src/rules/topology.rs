//! Where things stand on the map: namespaces, executors, instances and jobs from left to right, each job to the
//! right of those that start it. Where there are too many, the less important ones fold into one.

use std::collections::{BTreeMap, HashMap, HashSet};

/// Jobs on the map over all executors.
const ROOM: usize = 300;
/// Jobs of one executor at most, and at least while there is not room for all.
const MOST_JOBS: usize = 50;
const FEWEST_JOBS: usize = 3;
/// Instances of one executor at most: they stand in a row.
const MOST_INSTANCES: usize = 6;
/// Columns of jobs: what is started by a longer chain stands in the last one.
const MOST_DEPTH: usize = 4;
/// The column of the jobs that nothing else starts.
const JOBS: f64 = 2.0;
/// An instance is as wide as this part of a column.
const INSTANCE: f64 = 0.5;
/// Rows between two executors.
const GAP: f64 = 0.6;

/// How many jobs of each of so many executors have room.
pub fn room(executors: usize) -> usize {
    (ROOM / executors.max(1)).clamp(FEWEST_JOBS, MOST_JOBS)
}

/// Something that stands on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    Namespace(i32),
    Executor(i32),
    Instance(i32),
    /// The other instances of an executor.
    MoreInstances(i32),
    Job(i32),
    /// The other jobs of an executor.
    MoreJobs(i32),
}

/// Why a job is shown, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Somebody should look at a run of it.
    Wrong,
    UnderWay,
    /// It starts another job, or is started by one.
    Linked,
    Other,
}

/// An executor with what may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub namespace_id: i32,
    pub executor_id: i32,
    /// Those that are shown first stand first.
    pub instances: Vec<i32>,
    pub jobs: Vec<i32>,
    /// Jobs that are not among them.
    pub folded: u64,
}

/// A node's place: both in units of a node, from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub node: Node,
    pub column: f64,
    pub row: f64,
}

/// A line between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: Node,
    pub to: Node,
    /// The success of the one starts the other; else the one has the other.
    pub starts: bool,
}

/// The map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub places: Vec<Place>,
    pub edges: Vec<Edge>,
    /// Rows of the whole.
    pub rows: f64,
}

/// Those of an executor's jobs that are shown, at most `room`: the important ones first, otherwise in the order
/// given. What is left over folds.
pub fn shown(mut jobs: Vec<(Rank, i32)>, room: usize) -> Vec<i32> {
    jobs.sort_by_key(|(rank, _)| *rank);
    jobs.truncate(room);
    jobs.into_iter().map(|(_, id)| id).collect()
}

/// Places the groups, which are sorted by namespace, and draws the `links` between jobs that are shown.
pub fn lay_out(groups: &[Group], links: &[(i32, i32)]) -> Layout {
    let mut map = Map::new(groups, links);
    let mut namespaces: BTreeMap<usize, (i32, Vec<f64>)> = BTreeMap::new();
    for group in groups {
        let row = map.place_group(group);
        let place = namespaces.values().position(|(id, _)| *id == group.namespace_id);
        let number = place.unwrap_or(namespaces.len());
        namespaces.entry(number).or_insert((group.namespace_id, Vec::new())).1.push(row);
        map.edge(Node::Namespace(group.namespace_id), Node::Executor(group.executor_id), false);
    }
    for (id, rows) in namespaces.into_values() {
        map.put(Node::Namespace(id), 0.0, middle(&rows));
    }
    for &(parent, child) in &map.links.clone() {
        map.edge(Node::Job(parent), Node::Job(child), true);
    }
    Layout { rows: map.row, ..map.layout }
}

fn middle(rows: &[f64]) -> f64 {
    let first = rows.first().copied().unwrap_or_default();
    (first + rows.last().copied().unwrap_or(first)) / 2.0
}

/// A map that is being drawn.
struct Map {
    layout: Layout,
    /// The next free row.
    row: f64,
    /// Between jobs that are shown.
    links: Vec<(i32, i32)>,
    depths: HashMap<i32, usize>,
    placed: HashSet<i32>,
}

impl Map {
    fn new(groups: &[Group], links: &[(i32, i32)]) -> Self {
        let jobs: HashSet<i32> = groups.iter().flat_map(|group| &group.jobs).copied().collect();
        let links = links.iter().filter(|(from, to)| jobs.contains(from) && jobs.contains(to));
        let links: Vec<(i32, i32)> = links.copied().collect();
        let depths = depths(&links);
        Self { layout: Layout::default(), row: 0.0, links, depths, placed: HashSet::new() }
    }

    fn put(&mut self, node: Node, column: f64, row: f64) {
        self.layout.places.push(Place { node, column, row });
    }

    fn edge(&mut self, from: Node, to: Node, starts: bool) {
        self.layout.edges.push(Edge { from, to, starts });
    }

    fn depth(&self, job: i32) -> usize {
        self.depths.get(&job).copied().unwrap_or_default()
    }

    /// An executor with its instances in a row and its jobs below; the executor's row.
    fn place_group(&mut self, group: &Group) -> f64 {
        let (top, executor) = (self.row, Node::Executor(group.executor_id));
        self.place_instances(group);
        let own: HashSet<i32> = group.jobs.iter().copied().collect();
        let is_below = |job: &i32| self.links.iter().any(|(from, to)| to == job && own.contains(from));
        let (below, roots): (Vec<i32>, Vec<i32>) = group.jobs.iter().partition(|job| is_below(job));
        // Those of a circle, which there is none of, would have no root.
        for root in roots.into_iter().chain(below) {
            if self.placed.contains(&root) {
                continue;
            }
            self.row = self.place_job(root, self.row, &own);
            self.edge(executor, Node::Job(root), false);
        }
        if group.folded > 0 {
            self.put(Node::MoreJobs(group.executor_id), JOBS, self.row);
            self.edge(executor, Node::MoreJobs(group.executor_id), false);
            self.row += 1.0;
        }
        self.row = self.row.max(top + 1.0);
        let row = (top + self.row - 1.0) / 2.0;
        self.put(executor, 1.0, row);
        self.row += GAP;
        row
    }

    fn place_instances(&mut self, group: &Group) {
        let is_folded = group.instances.len() > MOST_INSTANCES;
        let most = if is_folded { MOST_INSTANCES - 1 } else { MOST_INSTANCES };
        let nodes = group.instances.iter().take(most).map(|id| Node::Instance(*id));
        let nodes = nodes.chain(is_folded.then_some(Node::MoreInstances(group.executor_id)));
        let mut column = JOBS;
        for (number, node) in nodes.enumerate() {
            self.put(node, column, self.row);
            column += INSTANCE;
            // One line leads to the row: the others would cross it.
            if number == 0 {
                self.edge(Node::Executor(group.executor_id), node, false);
            }
        }
        if !group.instances.is_empty() {
            self.row += 1.0;
        }
    }

    /// A job and, to the right of it, those of the same executor that it starts, the first in its row; the next
    /// free row.
    fn place_job(&mut self, job: i32, row: f64, own: &HashSet<i32>) -> f64 {
        if !self.placed.insert(job) {
            return row;
        }
        self.put(Node::Job(job), JOBS + self.depth(job) as f64, row);
        let children = self.links.iter().filter(|(from, to)| *from == job && own.contains(to));
        let children: Vec<i32> = children.map(|(_, to)| *to).collect();
        let mut next = row;
        for child in children {
            // In the last column, what follows stands below.
            let is_beside = self.depth(child) > self.depth(job);
            next = self.place_job(child, if is_beside { next } else { next.max(row + 1.0) }, own);
        }
        next.max(row + 1.0)
    }
}

/// How many jobs stand before each, on the longest way to it; [`MOST_DEPTH`] at most, which also ends a circle.
fn depths(links: &[(i32, i32)]) -> HashMap<i32, usize> {
    let mut depths = HashMap::new();
    for _ in 0..MOST_DEPTH {
        for (from, to) in links {
            let before = depths.get(from).copied().unwrap_or_default();
            let depth: &mut usize = depths.entry(*to).or_default();
            *depth = (*depth).max(before + 1).min(MOST_DEPTH);
        }
    }
    depths
}

#[cfg(test)]
mod tests;
