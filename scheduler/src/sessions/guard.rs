//! How many wrong passwords are too many: pure decisions over a guard row.

use entity::Millis;
use entity::sign_in_guard::Model;

const WINDOW: Millis = 15 * 60_000;
const LOCK: Millis = 15 * 60_000;
const FAILURES_OF_NAME: i32 = 5;
/// Many people may share one address.
const FAILURES_OF_ADDRESS: i32 = 50;
/// After this long a guard says nothing any more.
pub(super) const KEPT: Millis = WINDOW + LOCK;
/// Longer names do not exist; the column holds 255 characters.
const LONGEST: usize = 200;

pub(super) fn name_subject(name: &str) -> String {
    format!("name:{}", name.chars().take(LONGEST).collect::<String>())
}

pub(super) fn address_subject(address: &str) -> String {
    format!("from:{}", address.chars().take(LONGEST).collect::<String>())
}

/// Until when no attempt is allowed, if so.
pub(super) fn locked_until(guard: &Model, now: Millis) -> Option<Millis> {
    guard.locked_until.filter(|until| *until > now)
}

/// The guard after one more attempt, which counts as failed until [`forgive`]n. It locks when the
/// limit is reached; the attempt that reaches it is still looked at.
pub(super) fn after_attempt(guard: Model, now: Millis) -> Model {
    let continues = guard.locked_until.is_none() && now - guard.counted_since < WINDOW;
    let (failures, counted_since) =
        if continues { (guard.failures + 1, guard.counted_since) } else { (1, now) };
    let locked_until = (failures >= limit(&guard.subject)).then_some(now + LOCK);
    Model { failures, counted_since, locked_until, ..guard }
}

/// The guard of an address after an attempt turned out right.
pub(super) fn forgive(guard: Model) -> Model {
    let failures = (guard.failures - 1).max(0);
    let locked_until = guard.locked_until.filter(|_| failures >= limit(&guard.subject));
    Model { failures, locked_until, ..guard }
}

fn limit(subject: &str) -> i32 {
    if subject.starts_with("name:") { FAILURES_OF_NAME } else { FAILURES_OF_ADDRESS }
}
