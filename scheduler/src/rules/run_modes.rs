//! Which client libraries can carry out which run modes.

use entity::instance::Client;
use entity::job::RunMode;

/// Whether an instance with that client can run jobs of the mode; none where nothing is known of it.
///
/// That it *may* is another matter, decided by whoever operates the executor: ours run scripts only where
/// they are allowed to, and a Java executor may have sources switched off. The others know handlers alone
/// (XXL-JOB's protocol, §10): they refuse the mode, or ignore it and look for a handler.
pub fn can_run(client: Client, mode: RunMode) -> Option<bool> {
    match client {
        Client::Other => None,
        Client::TooOld => Some(false),
        _ if !mode.has_source() => Some(true),
        Client::Java | Client::JavaTrigger => Some(true),
        Client::Orrery => Some(mode != RunMode::Groovy),
        Client::Pyxxl | Client::Node | Client::Go | Client::Rust => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_need_java_and_scripts_java_or_our_own_executor() {
        for (client, handler, shell, groovy) in [
            (Client::Java, Some(true), Some(true), Some(true)),
            (Client::JavaTrigger, Some(true), Some(true), Some(true)),
            (Client::Orrery, Some(true), Some(true), Some(false)),
            (Client::Pyxxl, Some(true), Some(false), Some(false)),
            (Client::Go, Some(true), Some(false), Some(false)),
            (Client::TooOld, Some(false), Some(false), Some(false)),
            (Client::Other, None, None, None),
        ] {
            let found = [RunMode::Handler, RunMode::Shell, RunMode::Groovy].map(|mode| can_run(client, mode));
            assert_eq!(found, [handler, shell, groovy], "{client:?}");
        }
    }
}
