//! A program with all that it started, to be ended together.

use std::collections::{HashMap, HashSet};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::Child;

/// How often is looked for children that came while the others were being ended.
const ROUNDS: usize = 3;

/// The program's process group, and those of its descendants that left the group (`setsid`). It does not
/// outlive the run: dropped while the program runs, all of it is killed.
///
/// Descendants are found in `/proc`; where there is none, as on macOS, only the group is ended. What leaves the
/// group *and* whose parent ends before the run does is nobody's any more, and is not found.
pub(super) struct Tree {
    leader: Option<Pid>,
    /// Descendants outside of the group that were found, still known when their parents are gone.
    strays: HashSet<Member>,
}

/// A process that cannot be mistaken for a later one with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Member {
    pid: i32,
    /// Clock ticks since the machine's start.
    started: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    member: Member,
    parent: i32,
    group: i32,
}

impl Tree {
    pub fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Self { leader, strays: HashSet::new() }
    }

    /// Sends a signal to all of them.
    pub fn signal(&mut self, signal: Signal) {
        let Some(leader) = self.leader else { return };
        self.find_strays(leader);
        // Of each, the only error worth expecting is that nobody is left.
        let _ = killpg(leader, signal);
        for stray in &self.strays {
            let _ = kill(Pid::from_raw(stray.pid), signal);
        }
    }

    /// Ends all of them, those too that come meanwhile.
    pub fn kill(&mut self) {
        for _ in 0..ROUNDS {
            let known = self.strays.len();
            self.signal(Signal::SIGKILL);
            if self.strays.len() == known {
                break;
            }
        }
    }

    /// Leaves them alone: the program has ended by itself.
    pub fn release(&mut self) {
        self.leader = None;
    }

    /// Looks who has left the group, and forgets who has ended.
    fn find_strays(&mut self, leader: Pid) {
        let processes = processes();
        let alive: HashSet<Member> = processes.iter().map(|process| process.member).collect();
        self.strays.retain(|stray| alive.contains(stray));
        let roots = self.strays.iter().map(|stray| stray.pid).chain([leader.as_raw()]);
        let found = descendants(&processes, roots.collect());
        self.strays.extend(
            found.iter().filter(|process| process.group != leader.as_raw()).map(|found| found.member),
        );
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if self.leader.is_some() {
            self.kill();
        }
    }
}

/// All that descend from the roots, without these.
fn descendants(processes: &[Process], roots: Vec<i32>) -> Vec<Process> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in processes {
        children.entry(process.parent).or_default().push(*process);
    }
    let (mut next, mut found) = (roots, Vec::new());
    while let Some(pid) = next.pop() {
        // Each is taken once, for no process has two parents.
        for child in children.remove(&pid).unwrap_or_default() {
            next.push(child.member.pid);
            found.push(child);
        }
    }
    found
}

/// All processes of this machine that can be seen.
fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let read = |pid: i32| parse(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
    entries.filter_map(|entry| read(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// A line of `/proc/<pid>/stat`: the name in parentheses may hold anything, so that fields are counted after it.
fn parse(pid: i32, stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (parent, group, started) = (fields.get(1)?, fields.get(2)?, fields.get(19)?);
    let member = Member { pid, started: started.parse().ok()? };
    Some(Process { member, parent: parent.parse().ok()?, group: group.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> Process {
        Process { member: Member { pid, started: 1 }, parent, group: 1 }
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "77 (a) b (c) S 5 6 7 0 -1 4194560 110 0 0 0 0 0 0 0 20 0 1 0 12345 2289664 262 18446744073709551615";
        let member = Member { pid: 77, started: 12345 };
        assert_eq!(parse(77, stat), Some(Process { member, parent: 5, group: 6 }));
        assert_eq!(parse(77, "77 (cut) S 5"), None);
    }

    #[test]
    fn grandchildren_belong_to_the_tree_and_siblings_do_not() {
        let all = [process(1, 0), process(10, 1), process(11, 10), process(12, 11), process(20, 1)];
        let mut found: Vec<_> = descendants(&all, vec![10]).iter().map(|found| found.member.pid).collect();
        found.sort_unstable();
        assert_eq!(found, [11, 12]);
    }
}
