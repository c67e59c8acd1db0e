//! The send gate: no request begins unless the lease surely holds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Open until an instant of this machine's monotonic clock. Asked right before each system call that
/// writes a run to an executor.
#[derive(Debug)]
pub struct Gate {
    origin: Instant,
    /// Nanoseconds after `origin`; 0 = shut.
    until: AtomicU64,
    late: AtomicU64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(0), late: AtomicU64::new(0) }
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

    pub fn is_open_at(&self, now: Instant) -> bool {
        now < self.until()
    }

    /// Until when it is open, as it looks now; none when it is shut.
    pub fn end(&self) -> Option<Instant> {
        Some(self.until()).filter(|end| Instant::now() < *end)
    }

    /// Something was written that began while it was open and ended when it no longer was: this process
    /// stood still for longer than the lease, right amid the system call. An executor that knows no fence
    /// may have been sent what another server had sent too.
    pub fn note_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
        tracing::error!("a request may have gone out after this server's lease was over");
    }

    /// How often that happened.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    fn until(&self) -> Instant {
        self.origin + Duration::from_nanos(self.until.load(Ordering::SeqCst))
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
        assert_eq!(gate.end(), Some(end));
        gate.shut();
        assert!(!gate.is_open() && gate.end().is_none());
    }
}
