//! Which jobs start which, one after another.

use std::collections::{BTreeMap, VecDeque};

/// The shortest way from `job` back to itself if it had these children, each job on it started by the
/// one before; none when it would never start itself. `links` are the (parent, child) pairs among the
/// children and all that they start.
pub fn circle(job: i32, children: &[i32], links: &[(i32, i32)]) -> Option<Vec<i32>> {
    let mut starts: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for (parent, child) in links {
        starts.entry(*parent).or_default().push(*child);
    }
    // What is stored about the job itself is about to be replaced.
    starts.insert(job, children.to_vec());
    let mut started_by: BTreeMap<i32, i32> = BTreeMap::new();
    let mut queue = VecDeque::from([job]);
    while let Some(parent) = queue.pop_front() {
        for &child in starts.get(&parent).into_iter().flatten() {
            if child == job {
                return Some(way(job, parent, &started_by));
            }
            started_by.entry(child).or_insert_with(|| {
                queue.push_back(child);
                parent
            });
        }
    }
    None
}

/// From `job` to `last`, which starts it again.
fn way(job: i32, last: i32, started_by: &BTreeMap<i32, i32>) -> Vec<i32> {
    let mut way: Vec<i32> = std::iter::successors(Some(last), |id| started_by.get(id).copied()).collect();
    way.reverse();
    way.push(job);
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_told_and_it_is_the_shortest() {
        assert_eq!(circle(1, &[1], &[]), Some(vec![1, 1]));
        let links = [(2, 3), (3, 4), (4, 1), (5, 1)];
        assert_eq!(circle(1, &[2], &links), Some(vec![1, 2, 3, 4, 1]));
        assert_eq!(circle(1, &[2, 5], &links), Some(vec![1, 5, 1]));
    }

    #[test]
    fn many_ways_to_one_job_are_no_circle() {
        let diamond = [(2, 4), (3, 4), (4, 5)];
        assert_eq!(circle(1, &[2, 3, 5], &diamond), None);
        assert_eq!(circle(1, &[], &[]), None);
    }

    #[test]
    fn a_link_that_is_being_removed_leads_nowhere_and_a_circle_of_others_ends() {
        assert_eq!(circle(1, &[3], &[(1, 2), (2, 1)]), None);
        assert_eq!(circle(1, &[2], &[(2, 3), (3, 2)]), None, "never saved, and no reason to hang");
    }
}
