//! What is frozen, and what was.
//!
//! While a namespace is frozen nothing of it goes out: its schedules stand still and what waits goes on
//! waiting. Afterwards the times that passed are handled as misfires are, by the policy of each job, and
//! those that are not made up for say that it was the freeze.

use entity::Millis;
use entity::freeze::{EVERYWHERE, Model};
use std::collections::BTreeSet;

/// The freezes that last, and those that ended lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freezes(Vec<Model>);

impl Freezes {
    pub fn new(freezes: Vec<Model>) -> Self {
        Self(freezes)
    }

    pub fn is_frozen(&self, namespace_id: i32) -> bool {
        self.lasting().any(|freeze| concerns(freeze, namespace_id))
    }

    /// Whether everything of this namespace was frozen at this time.
    pub fn covered(&self, namespace_id: i32, at: Millis) -> bool {
        let lasted = |freeze: &Model| freeze.frozen_at <= at && freeze.thawed_at.is_none_or(|end| at < end);
        self.0.iter().any(|freeze| concerns(freeze, namespace_id) && lasted(freeze))
    }

    /// The ids of those that last.
    pub fn ids(&self) -> BTreeSet<i32> {
        self.lasting().map(|freeze| freeze.id).collect()
    }

    /// The namespaces that are frozen; none = all of them.
    pub fn frozen(&self) -> Option<Vec<i32>> {
        let namespaces: BTreeSet<i32> = self.lasting().map(|freeze| freeze.namespace_id).collect();
        (!namespaces.contains(&EVERYWHERE)).then(|| namespaces.into_iter().collect())
    }

    fn lasting(&self) -> impl Iterator<Item = &Model> {
        self.0.iter().filter(|freeze| freeze.thawed_at.is_none())
    }
}

fn concerns(freeze: &Model, namespace_id: i32) -> bool {
    freeze.namespace_id == EVERYWHERE || freeze.namespace_id == namespace_id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freeze(id: i32, namespace_id: i32, frozen_at: Millis, thawed_at: Option<Millis>) -> Model {
        Model {
            id,
            namespace_id,
            reason: "audit".to_owned(),
            frozen_by: None,
            frozen_at,
            thawed_by: None,
            thawed_at,
        }
    }

    #[test]
    fn a_namespace_is_frozen_by_its_own_freeze_or_by_one_of_everything_while_they_last() {
        let own = Freezes::new(vec![freeze(1, 7, 100, None), freeze(2, 8, 100, Some(200))]);
        assert_eq!([7, 8, 9].map(|id| own.is_frozen(id)), [true, false, false]);
        assert_eq!((own.ids(), own.frozen()), (BTreeSet::from([1]), Some(vec![7])));
        let all = Freezes::new(vec![freeze(3, EVERYWHERE, 100, None)]);
        assert!(all.is_frozen(7) && all.is_frozen(9));
        assert_eq!(all.frozen(), None);
        assert_eq!(Freezes::default().frozen(), Some(Vec::new()));
    }

    #[test]
    fn a_time_is_covered_from_the_freeze_up_to_the_thaw() {
        let freezes = Freezes::new(vec![freeze(1, 7, 100, Some(200)), freeze(2, EVERYWHERE, 300, None)]);
        assert_eq!(
            [99, 100, 199, 200, 299, 300].map(|at| freezes.covered(7, at)),
            [false, true, true, false, false, true]
        );
        assert_eq!([150, 999].map(|at| freezes.covered(8, at)), [false, true]);
    }
}
