//! How a server shows that it is one of the cluster: its hints are signed with a key that all servers of a database
//! have, for they seal the audit with the same.

use crate::rules::audit;
use crate::rules::digest::{hex, hmac};
use entity::Millis;
use subtle::ConstantTimeEq;

/// What the key is made for. Who has it cannot seal the audit.
const LABEL: &str = "orrery: hints between servers, 1";
/// A hint of another time is none (ms). Clocks are compared that follow the one of the same database.
pub const LASTS_MS: Millis = 30_000;

/// Not to be printed.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    pub fn of(audit: &audit::Key) -> Self {
        Self(audit.derived(LABEL))
    }

    /// What is sent along with hints of this moment (ms UTC): 64 hexadecimal digits.
    pub fn signature(&self, at: Millis, hints: &[u8]) -> String {
        hex(&hmac(&self.0, &[format!("{at}\n").as_bytes(), hints].concat()))
    }

    /// Whether a server of this cluster said this, a moment ago.
    pub fn admits(&self, at: Millis, hints: &[u8], signature: &[u8], now: Millis) -> bool {
        let is_of_now = now.abs_diff(at) <= LASTS_MS.unsigned_abs();
        is_of_now & bool::from(self.signature(at, hints).as_bytes().ct_eq(signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_767_225_600_000;

    fn key(secret: u8) -> Key {
        Key::of(&audit::Key::new([secret; 32]))
    }

    #[test]
    fn only_who_has_the_key_is_heard_and_only_with_what_was_signed() {
        let signature = key(7).signature(NOW, b"run 5\n");
        let admits =
            |key: Key, at, hints: &[u8], signature: &str| key.admits(at, hints, signature.as_bytes(), NOW);
        assert!(admits(key(7), NOW, b"run 5\n", &signature));
        assert!(!admits(key(8), NOW, b"run 5\n", &signature), "another key");
        assert!(!admits(key(7), NOW, b"run 6\n", &signature), "other hints");
        assert!(!admits(key(7), NOW + 1, b"run 5\n", &signature), "another time");
        for wrong in ["", &signature[1..], &signature.to_uppercase(), &signature.replace('a', "b")] {
            assert!(!admits(key(7), NOW, b"run 5\n", wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_hint_is_heard_for_half_a_minute() {
        let heard = |at: Millis| key(7).admits(at, b"", key(7).signature(at, b"").as_bytes(), NOW);
        assert!(heard(NOW - LASTS_MS) && heard(NOW + LASTS_MS));
        assert!(!heard(NOW - LASTS_MS - 1) && !heard(NOW + LASTS_MS + 1));
        assert!(!heard(Millis::MIN) && !heard(Millis::MAX));
    }

    #[test]
    fn the_audits_own_key_signs_no_hints() {
        let audit = audit::Key::new([7; 32]);
        let sealed = hex(&hmac(&[7; 32], format!("{NOW}\nrun 5\n").as_bytes()));
        assert!(!Key::of(&audit).admits(NOW, b"run 5\n", sealed.as_bytes(), NOW));
    }
}
