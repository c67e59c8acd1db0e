//! The send gate: no request begins unless the lease surely holds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Open until an instant of this machine's monotonic clock. Looked at in the transport, right
/// before the first byte of a request is written.
#[derive(Debug)]
pub struct Gate {
    origin: Instant,
    /// Nanoseconds after `origin`; 0 = shut.
    until: AtomicU64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(0) }
    }
}

impl Gate {
    pub fn open_until(&self, end: Instant) {
        let nanos = end.saturating_duration_since(self.origin).as_nanos();
        self.until.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    pub fn shut(&self) {
        self.until.store(0, Ordering::SeqCst);
    }

    pub fn is_open(&self) -> bool {
        self.is_open_at(Instant::now())
    }

    /// Whether it will still be open after so long: for what cannot be stopped once it has begun.
    pub fn is_open_for(&self, span: Duration) -> bool {
        self.is_open_at(Instant::now() + span)
    }

    pub fn is_open_at(&self, now: Instant) -> bool {
        let until = Duration::from_nanos(self.until.load(Ordering::SeqCst));
        now.saturating_duration_since(self.origin) < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_is_shut_until_a_lease_opens_it_and_again_when_the_lease_ends() {
        let gate = Gate::default();
        assert!(!gate.is_open());
        let end = Instant::now() + Duration::from_secs(5);
        gate.open_until(end);
        assert!(gate.is_open());
        assert!(!gate.is_open_at(end));
        assert!(gate.is_open_for(Duration::from_secs(1)) && !gate.is_open_for(Duration::from_secs(5)));
        gate.shut();
        assert!(!gate.is_open());
    }
}
