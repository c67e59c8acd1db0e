//! Whether the audit is as it was written.

use super::prune::pruned_up_to;
use crate::rules::audit::{Break, Walk, digest};
use crate::store::audit as store;
use crate::{Result, Services};
use entity::audit_entry::{Model, Noun, Verb};
use serde_json::Value;

/// Entries read at once.
const BATCH: u64 = 500;

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that are as they were written, from the first on.
    pub entries: i64,
    /// The seal of the last of them.
    pub mac: String,
    /// Accesses whose digest holds.
    pub accesses: u64,
    /// Accesses that no entry has sealed yet.
    pub unsealed: u64,
    /// The first thing that is wrong, if anything is.
    pub broken: Option<Break>,
}

/// Goes through the whole audit as it is now. `kept` is a head that somebody kept: its number and its seal.
pub async fn verify(services: &Services, kept: Option<(i64, String)>) -> Result<Verdict> {
    let reader = services.db.reader();
    let head = store::head(reader).await?.map(|head| (head.seq, head.mac)).unwrap_or_default();
    // An entry that says so is walked through like any other: a forged one is found.
    let pruned = pruned_up_to(services).await?;
    let mut walk = Walk::new(&services.audit, kept);
    let (mut accesses, mut broken) = (0, None);
    'all: loop {
        let entries = store::after(reader, walk.head().0, BATCH).await?;
        // What came since the head was read is looked at the next time.
        let entries = entries.into_iter().filter(|entry| entry.seq <= head.0);
        let before = walk.head().0;
        for entry in entries {
            let passed = match walk.pass(&entry) {
                Ok(()) if entry.seq <= pruned => Ok(0),
                Ok(()) => check_accesses(services, &entry).await?,
                Err(wrong) => Err(wrong),
            };
            match passed {
                Ok(count) => accesses += count,
                Err(wrong) => {
                    broken = Some(wrong);
                    break 'all;
                }
            }
        }
        if walk.head().0 == before {
            break;
        }
    }
    let broken = broken.or_else(|| walk.finish((head.0, &head.1)).err());
    let unsealed = store::count_unsealed(reader).await?;
    let (entries, mac) = walk.head();
    Ok(Verdict { entries, mac: mac.to_owned(), accesses, unsealed, broken })
}

/// How many accesses the entry sealed, which are as they were then.
async fn check_accesses(services: &Services, entry: &Model) -> Result<Result<u64, Break>> {
    if (entry.noun, entry.verb) != (Noun::Access, Verb::Seal) {
        return Ok(Ok(0));
    }
    let sealed = store::sealed_by(services.db.reader(), entry.seq).await?;
    let said: Value =
        entry.after.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let holds = said["count"] == sealed.len() && said["sha256"] == digest(&sealed);
    Ok(if holds { Ok(sealed.len() as u64) } else { Err(Break::Accesses(entry.seq)) })
}
