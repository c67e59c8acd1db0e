//! Names of the tests that ran and passed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Full names: `crate::module::test`, `tests/login.spec.ts › title`, `interop › client › check`.
#[derive(Default)]
pub struct TestNames(BTreeSet<String>);

impl TestNames {
    /// Adds one that passed.
    pub fn add(&mut self, name: impl Into<String>) {
        self.0.insert(name.into());
    }

    /// True when a test of this name ran; the leading parts of its full name may be left out.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|full| {
            full.strip_suffix(name).is_some_and(|front| {
                front.is_empty() || front.ends_with("::") || front.ends_with("› ") || front.ends_with('/')
            })
        })
    }

    /// Writes them as a JSON array.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let names: Vec<&String> = self.0.iter().collect();
        fs::write(file, serde_json::to_string_pretty(&names)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_by_the_end_of_its_name_but_not_in_the_middle_of_a_word() {
        let mut names = TestNames::default();
        names.add("scheduler::rules::cron::tests::never_fires");
        names.add("tests/login.spec.ts › signs in");
        assert!(names.contains("never_fires"));
        assert!(names.contains("cron::tests::never_fires"));
        assert!(names.contains("login.spec.ts › signs in"));
        assert!(names.contains("signs in"));
        assert!(!names.contains("fires"));
        assert!(!names.contains("in"));
    }
}
