//! How entries of the audit seal one another, and how one finds out that somebody altered them.
//!
//! The seal of an entry is an HMAC over the seal before it and every field of its own. Whoever can write to
//! the database but does not have the key, which lies outside of it, can neither alter nor leave out nor add
//! an entry without the chain breaking there. Entries at the end can be cut off together with the head: against
//! that, exports carry the head, and [`Walk`] says whether a head that somebody kept is still on the way.

use super::digest::{hex, hmac};
use entity::{audit_access, audit_entry};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What seals. Not to be printed.
#[derive(Clone)]
pub struct Key {
    id: String,
    secret: [u8; 32],
}

impl Key {
    pub fn new(secret: [u8; 32]) -> Self {
        Self { id: hex(&Sha256::digest(secret)[..8]), secret }
    }

    /// 64 hexadecimal digits, as they stand in a file or in a setting; none for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.trim().as_bytes();
        let mut secret = [0; 32];
        if digits.len() != 2 * secret.len() {
            return None;
        }
        for (byte, pair) in secret.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self::new(secret))
    }

    /// As [`Key::read`] reads it.
    pub fn text(&self) -> String {
        hex(&self.secret)
    }

    /// What entries name it by: 16 hexadecimal digits, from which it cannot be found.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A key for something else, from which this one cannot be found: 32 bytes.
    pub fn derived(&self, label: &str) -> Vec<u8> {
        hmac(&self.secret, label.as_bytes())
    }

    /// The seal of an entry after one whose seal is `before`, which is empty for the first one.
    pub fn seal(&self, before: &str, entry: &audit_entry::Model) -> String {
        let audit_entry::Model {
            seq,
            at,
            actor_id,
            actor,
            address,
            noun,
            verb,
            object_id,
            object,
            namespace_id,
            before: old,
            after: new,
            key_id,
            mac: _,
        } = entry;
        let who = (seq, at, actor_id, actor, address);
        let what = (noun, verb, object_id, object, namespace_id, old, new, key_id);
        // JSON, for in it no two different entries read the same.
        let text = serde_json::json!([before, who, what]).to_string();
        hex(&hmac(&self.secret, text.as_bytes()))
    }
}

/// The digest of accesses, in the order of their ids.
pub fn digest(accesses: &[audit_access::Model]) -> String {
    let mut digest = Sha256::new();
    for access in accesses {
        let audit_access::Model { id, at, actor, address, event, about, sealed_by: _ } = access;
        digest.update(serde_json::json!([id, at, actor, address, event, about]).to_string());
    }
    hex(&digest.finalize())
}

/// Why the audit is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("entry {0} is missing")]
    Missing(i64),
    #[error("entry {0}, or the one before it, is not as it was written")]
    Altered(i64),
    #[error("entry {0} was sealed with another key ({1}): it cannot be checked here")]
    UnknownKey(i64, String),
    #[error("entries after {0} are missing: the last one was another")]
    CutOff(i64),
    #[error("the accesses that entry {0} sealed are not as they were")]
    Accesses(i64),
    #[error("the head {0} that was kept is not on the way")]
    OtherHistory(i64),
}

/// Goes from entry to entry, from the first one on.
pub struct Walk<'a> {
    key: &'a Key,
    seq: i64,
    mac: String,
    /// A head that somebody kept, until it was passed.
    kept: Option<(i64, String)>,
}

impl<'a> Walk<'a> {
    pub fn new(key: &'a Key, kept: Option<(i64, String)>) -> Self {
        Self { key, seq: 0, mac: String::new(), kept }
    }

    /// The last entry that was passed: its number, 0 for none, and its seal.
    pub fn head(&self) -> (i64, &str) {
        (self.seq, &self.mac)
    }

    /// # Errors
    /// What is wrong with this entry.
    pub fn pass(&mut self, entry: &audit_entry::Model) -> Result<(), Break> {
        let next = self.seq + 1;
        if entry.seq != next {
            return Err(Break::Missing(next));
        }
        if entry.key_id != self.key.id {
            return Err(Break::UnknownKey(next, entry.key_id.clone()));
        }
        if self.key.seal(&self.mac, entry) != entry.mac {
            return Err(Break::Altered(next));
        }
        if self.kept.as_ref().is_some_and(|(seq, _)| *seq == next)
            && let Some((_, mac)) = self.kept.take()
            && mac != entry.mac
        {
            return Err(Break::OtherHistory(next));
        }
        (self.seq, self.mac) = (next, entry.mac.clone());
        Ok(())
    }

    /// Whether this was all: the head as it is stored must be the last entry, and the kept one passed.
    ///
    /// # Errors
    /// What is missing at the end.
    pub fn finish(&self, stored: (i64, &str)) -> Result<(), Break> {
        if let Some((seq, _)) = &self.kept {
            return Err(Break::OtherHistory(*seq));
        }
        if self.head() == stored { Ok(()) } else { Err(Break::CutOff(self.seq)) }
    }
}

/// A field of an object that was changed, with its value as JSON, or bare where it is a text; none where the
/// object had no such field, or was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The fields of an object in which `before` and `after`, both JSON objects, differ, by their names; all
/// fields of the one where there is no other. Nothing of what is no JSON object.
pub fn differences(before: Option<&str>, after: Option<&str>) -> Vec<Difference> {
    let read = |text: Option<&str>| -> Map<String, Value> {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let (before, after) = (read(before), read(after));
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = fields.into_iter().filter(|field| before.get(*field) != after.get(*field));
    let difference = |field: &String| Difference {
        field: field.clone(),
        before: before.get(field).map(plain),
        after: after.get(field).map(plain),
    };
    changed.map(difference).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::audit_entry::{Model, Noun, Verb};

    fn chain(key: &Key, count: i64) -> Vec<Model> {
        let mut before = String::new();
        let entry = |seq| {
            let mut entry = Model {
                seq,
                at: 1_000 * seq,
                actor_id: Some(1),
                actor: "ada".to_owned(),
                address: "10.0.0.7".to_owned(),
                noun: Noun::Job,
                verb: Verb::Edit,
                object_id: 7,
                object: "invoices".to_owned(),
                namespace_id: Some(1),
                before: Some("{}".to_owned()),
                after: None,
                key_id: key.id().to_owned(),
                mac: String::new(),
            };
            entry.mac = key.seal(&before, &entry);
            before.clone_from(&entry.mac);
            entry
        };
        (1..=count).map(entry).collect()
    }

    fn walk(key: &Key, entries: &[Model], kept: Option<(i64, String)>) -> Result<(), Break> {
        let mut walk = Walk::new(key, kept);
        entries.iter().try_for_each(|entry| walk.pass(entry))?;
        let last = entries.last().map(|entry| (entry.seq, entry.mac.as_str()));
        walk.finish(last.unwrap_or_default())
    }

    #[test]
    fn what_was_written_holds() {
        let key = Key::new([7; 32]);
        assert_eq!(walk(&key, &chain(&key, 5), None), Ok(()));
        assert_eq!(walk(&key, &[], None), Ok(()));
    }

    #[test]
    fn every_altered_field_is_found() {
        let key = Key::new([7; 32]);
        let alterations: [fn(&mut Model); 12] = [
            |entry| entry.at += 1,
            |entry| entry.actor_id = None,
            |entry| entry.actor.push('x'),
            |entry| entry.address.clear(),
            |entry| entry.noun = Noun::User,
            |entry| entry.verb = Verb::Delete,
            |entry| entry.object_id = 8,
            |entry| entry.object.clear(),
            |entry| entry.namespace_id = None,
            |entry| entry.before = None,
            |entry| entry.after = Some(String::new()),
            |entry| entry.mac.replace_range(..1, "g"),
        ];
        for (number, alter) in alterations.into_iter().enumerate() {
            let mut entries = chain(&key, 5);
            alter(&mut entries[2]);
            assert_eq!(walk(&key, &entries, None), Err(Break::Altered(3)), "alteration {number}");
        }
    }

    #[test]
    fn what_is_left_out_put_elsewhere_or_cut_off_is_found() {
        let key = Key::new([7; 32]);
        let mut entries = chain(&key, 5);
        entries.remove(2);
        assert_eq!(walk(&key, &entries, None), Err(Break::Missing(3)));
        let mut entries = chain(&key, 5);
        entries.swap(2, 3);
        (entries[2].seq, entries[3].seq) = (3, 4);
        assert_eq!(walk(&key, &entries, None), Err(Break::Altered(3)));
        let entries = chain(&key, 5);
        let mut short = Walk::new(&key, None);
        entries[..4].iter().try_for_each(|entry| short.pass(entry)).unwrap();
        assert_eq!(short.finish((5, &entries[4].mac)), Err(Break::CutOff(4)));
    }

    #[test]
    fn a_head_that_was_kept_shows_that_the_end_was_cut_off_or_rewritten() {
        let key = Key::new([7; 32]);
        let entries = chain(&key, 5);
        let kept = || Some((4, entries[3].mac.clone()));
        assert_eq!(walk(&key, &entries, kept()), Ok(()));
        assert_eq!(walk(&key, &entries[..3], kept()), Err(Break::OtherHistory(4)));
        assert_eq!(walk(&key, &entries, Some((4, "00".to_owned()))), Err(Break::OtherHistory(4)));
    }

    #[test]
    fn another_key_seals_otherwise_and_says_so() {
        let (ours, other) = (Key::new([7; 32]), Key::new([8; 32]));
        let entries = chain(&other, 2);
        assert_eq!(walk(&ours, &entries, None), Err(Break::UnknownKey(1, other.id().to_owned())));
        let claimed: Vec<Model> =
            entries.into_iter().map(|entry| Model { key_id: ours.id().to_owned(), ..entry }).collect();
        assert_eq!(walk(&ours, &claimed, None), Err(Break::Altered(1)));
    }

    #[test]
    fn only_the_fields_that_differ_are_shown() {
        let (before, after) = (r#"{"a":1,"b":"x","c":null}"#, r#"{"a":1,"b":"y","d":[2]}"#);
        let difference = |field: &str, before: Option<&str>, after: Option<&str>| Difference {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let expected = vec![
            difference("b", Some("x"), Some("y")),
            difference("c", Some("null"), None),
            difference("d", None, Some("[2]")),
        ];
        assert_eq!(differences(Some(before), Some(after)), expected);
        assert_eq!(differences(None, Some(r#"{"a":1}"#)), [difference("a", None, Some("1"))]);
        assert_eq!(differences(Some("no JSON"), None), []);
    }

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        let key = Key::new([0xa7; 32]);
        assert_eq!(Key::read(&format!(" {}\n", key.text())).unwrap().id(), key.id());
        for wrong in ["", "a7", &"a7".repeat(31), &"a7".repeat(33), &"zz".repeat(32), &"é".repeat(32)] {
            assert!(Key::read(wrong).is_none(), "{wrong:?}");
        }
    }
}
