//! Places at which a debug build can be made to die or to stand still, for `cargo xtask chaos`: see
//! `docs/chaos.md`. A release build has none of it.
//!
//! `ORRERY_FAILPOINT=claim.committed:kill:3` kills the process when it comes to that place for the
//! third time; `stop` instead of `kill` stops it there, as SIGSTOP does, until SIGCONT.

/// The steps of a run, between which a server may die. `docs/run-states.md` says what is on disk at
/// each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Cursors moved and rows inserted, not committed.
    ClaimWritten,
    /// Committed, and nothing sent.
    ClaimCommitted,
    /// The request is made; the gate has not been asked.
    RequestReady,
    /// The gate said yes; nothing is written to the executor.
    GatePassed,
    /// The executor has the request, and nothing says so on disk.
    RequestAnswered,
    /// A result is written, not committed.
    ResultWritten,
    /// Committed, and the executor is not answered.
    ResultCommitted,
    /// What follows a run is inserted, not committed.
    EffectsWritten,
    /// Committed, and nobody told of it.
    EffectsCommitted,
}

/// Comes to a place: dies or stops there if that was asked for.
pub fn reach(place: Place) {
    #[cfg(debug_assertions)]
    armed::reach(place);
    #[cfg(not(debug_assertions))]
    let _ = place;
}

/// Whether what the environment asks for can be understood: to be called before anything is relied on.
///
/// # Errors
/// [`Error::Unavailable`](crate::Error::Unavailable) with the text that cannot.
pub fn check() -> crate::Result<()> {
    #[cfg(debug_assertions)]
    return armed::check();
    #[cfg(not(debug_assertions))]
    Ok(())
}

#[cfg(debug_assertions)]
mod armed {
    use super::Place;
    use crate::{Error, Result};
    use nix::sys::signal::{Signal, raise};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    const VARIABLE: &str = "ORRERY_FAILPOINT";

    const NAMES: [(&str, Place); 9] = [
        ("claim.written", Place::ClaimWritten),
        ("claim.committed", Place::ClaimCommitted),
        ("request.ready", Place::RequestReady),
        ("gate.passed", Place::GatePassed),
        ("request.answered", Place::RequestAnswered),
        ("result.written", Place::ResultWritten),
        ("result.committed", Place::ResultCommitted),
        ("effects.written", Place::EffectsWritten),
        ("effects.committed", Place::EffectsCommitted),
    ];

    /// What is to happen, where, and at which time of coming there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Failpoint {
        place: Place,
        signal: Signal,
        hit: u32,
    }

    static ASKED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(VARIABLE).ok());
    static FAILPOINT: LazyLock<Option<Failpoint>> = LazyLock::new(|| ASKED.as_deref().and_then(parse));
    static HITS: AtomicU32 = AtomicU32::new(0);

    pub fn check() -> Result<()> {
        match ASKED.as_deref() {
            Some(text) if FAILPOINT.is_none() => {
                Err(Error::Unavailable(format!("{VARIABLE} cannot be understood: {text}")))
            }
            _ => Ok(()),
        }
    }

    pub fn reach(place: Place) {
        let Some(failpoint) = FAILPOINT.filter(|failpoint| failpoint.place == place) else { return };
        if HITS.fetch_add(1, Ordering::SeqCst) + 1 == failpoint.hit {
            tracing::warn!(?place, signal = %failpoint.signal, "a failpoint is reached");
            // To this thread, so that it goes no step further; both signals take the whole process along.
            if let Err(error) = raise(failpoint.signal) {
                tracing::error!(%error, "a failpoint has no effect");
            }
        }
    }

    /// `<place>:<kill|stop>:<hit from 1>`
    fn parse(text: &str) -> Option<Failpoint> {
        let mut parts = text.split(':');
        let (place, action, hit) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, place) = NAMES.into_iter().find(|(name, _)| *name == place)?;
        let signal = match action {
            "kill" => Signal::SIGKILL,
            "stop" => Signal::SIGSTOP,
            _ => return None,
        };
        let hit = hit.parse().ok().filter(|hit| *hit > 0 && parts.next().is_none())?;
        Some(Failpoint { place, signal, hit })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_failpoint_names_its_place_what_happens_and_when() {
            let read = parse("claim.committed:kill:3");
            let expected = Failpoint { place: Place::ClaimCommitted, signal: Signal::SIGKILL, hit: 3 };
            assert_eq!(read, Some(expected));
            assert_eq!(parse("gate.passed:stop:1").map(|read| read.signal), Some(Signal::SIGSTOP));
            for wrong in
                ["", "claim.committed", "claim:kill:1", "gate.passed:wait:1", "gate.passed:stop:0", "a:b:1:2"]
            {
                assert_eq!(parse(wrong), None, "{wrong}");
            }
        }
    }
}
