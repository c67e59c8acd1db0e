//! Tells the server how the host is doing, every fifteen seconds. Servers that do not know the message are left
//! in peace for a long while.

use std::sync::Arc;
use std::time::Duration;

use protocol::metrics::{EVERY_S, NOT_REGISTERED, TOO_SOON};

use crate::client::{Client, NotTaken, Why};
use crate::host::Probe;
use crate::worker::Core;

/// Long enough after the start for the registration to be through, and for a share of a processor to mean
/// something.
const FIRST: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(EVERY_S);
/// After an answer that the process is not registered: that will soon be made up for.
const SOON: Duration = Duration::from_secs(5);
/// After an answer that there is no such message: somebody else's server may become one of ours.
const MUCH_LATER: Duration = Duration::from_secs(3600);

/// Reports for ever, unless the settings say otherwise.
pub(crate) async fn report(core: Arc<Core>, client: Arc<Client>) {
    if !core.settings.host_metrics {
        return;
    }
    let probe = match Probe::start(&core.settings.data_dir) {
        Ok(probe) => probe,
        Err(error) => {
            tracing::warn!(%error, "how this host is doing is not reported");
            return;
        }
    };
    tokio::time::sleep(FIRST).await;
    let mut failing = false;
    while let Some(sample) = probe.sample().await {
        let result = client.metrics(sample).await;
        if let Err(problem) = &result
            && !failing
        {
            tracing::debug!(%problem, "a report of how this host is doing was not taken");
        }
        failing = result.is_err();
        tokio::time::sleep(pause_after(&result)).await;
    }
    tracing::warn!("how this host is doing is not reported any more: measuring it failed");
}

/// When to report next.
fn pause_after(result: &Result<(), NotTaken>) -> Duration {
    match result.as_ref().map_err(NotTaken::why) {
        Ok(()) | Err(Why::Code(TOO_SOON)) => EVERY,
        Err(Why::Code(NOT_REGISTERED)) => SOON,
        Err(Why::Unknown) => MUCH_LATER,
        Err(Why::Unreachable | Why::Code(_)) => EVERY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_know_the_message_is_left_in_peace() {
        let after = |why| pause_after(&Err(NotTaken::because(why)));
        assert_eq!(pause_after(&Ok(())), EVERY);
        assert_eq!(after(Why::Unknown), MUCH_LATER);
        assert_eq!(after(Why::Code(NOT_REGISTERED)), SOON);
        for why in [Why::Unreachable, Why::Code(TOO_SOON), Why::Code(500)] {
            assert_eq!(after(why), EVERY, "{why:?}");
        }
    }
}
