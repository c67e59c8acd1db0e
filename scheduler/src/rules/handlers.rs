//! Which handlers an executor has, as far as anybody can know: its instances announce them, or do not, and
//! then the jobs that it has are all there is to go by.

use std::collections::BTreeMap;

/// Instances that are there and announce the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcing {
    /// None = they announce nothing, as XXL-JOB's clients do.
    pub handlers: Option<Vec<String>>,
    /// How many they are.
    pub instances: u64,
}

/// The handlers of an executor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHandlers {
    /// By name.
    pub handlers: Vec<KnownHandler>,
    /// Whether there is no other: there are instances, and each of them announces.
    pub complete: bool,
    /// Instances that announce.
    pub announcing: u64,
}

/// A handler of an executor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHandler {
    pub name: String,
    /// How many instances that are there announce it; 0 = it is only named by a job.
    pub instances: u64,
}

/// What is known from what the instances announce, and from the jobs where not all of them do.
pub fn known(groups: Vec<Announcing>, in_jobs: Vec<String>) -> KnownHandlers {
    let complete = !groups.is_empty() && groups.iter().all(|group| group.handlers.is_some());
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut announcing = 0;
    for Announcing { handlers, instances } in groups {
        let Some(handlers) = handlers else { continue };
        announcing += instances;
        for name in handlers {
            *found.entry(name).or_default() += instances;
        }
    }
    if !complete {
        for name in in_jobs {
            found.entry(name).or_default();
        }
    }
    let handlers = found.into_iter().map(|(name, instances)| KnownHandler { name, instances }).collect();
    KnownHandlers { handlers, complete, announcing }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcing(handlers: &[&str], instances: u64) -> Announcing {
        let handlers = handlers.iter().map(|name| (*name).to_owned()).collect();
        Announcing { handlers: Some(handlers), instances }
    }

    fn names(known: &KnownHandlers) -> Vec<(&str, u64)> {
        known.handlers.iter().map(|handler| (handler.name.as_str(), handler.instances)).collect()
    }

    #[test]
    fn where_all_instances_announce_nothing_else_is_there() {
        let groups = vec![announcing(&["a", "b"], 2), announcing(&["b", "c"], 1)];
        let known = known(groups, vec!["gone".to_owned()]);
        assert_eq!(names(&known), [("a", 2), ("b", 3), ("c", 1)]);
        assert!(known.complete);
        assert_eq!(known.announcing, 3);
    }

    #[test]
    fn where_one_does_not_the_jobs_count_too_and_others_may_exist() {
        let silent = Announcing { handlers: None, instances: 1 };
        let some = known(vec![announcing(&["a"], 1), silent], vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(names(&some), [("a", 1), ("b", 0)]);
        assert!(!some.complete);
        let nobody = known(Vec::new(), vec!["b".to_owned()]);
        assert_eq!(names(&nobody), [("b", 0)]);
        assert!(!nobody.complete, "who is not there may have any");
    }

    #[test]
    fn an_instance_without_handlers_announces_that() {
        let known = known(vec![announcing(&[], 1)], vec!["a".to_owned()]);
        assert_eq!(names(&known), []);
        assert!(known.complete);
    }
}
