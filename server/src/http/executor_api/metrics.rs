//! `metrics`: how the host of an executor of ours is doing.

use crate::http::credentials::Credentials;
use crate::state::ServerState;
use protocol::metrics::{MetricsReport, NOT_REGISTERED, TOO_SOON};
use protocol::{Reply, words};
use scheduler::host_metrics::{self, ReportOutcome};
use scheduler::instances::{self, RegisterOutcome, RegistrationCall};

/// Taken once the report is known to be an instance's; it is in the database a moment later, and a report that
/// gets lost with the process is made up for by the next.
pub async fn metrics(
    state: &ServerState,
    credentials: &Credentials<'_>,
    body: &[u8],
) -> scheduler::Result<Reply> {
    let report = match protocol::metrics::parse_metrics(body) {
        Ok(report) => report,
        Err(error) => return Ok(Reply::failure(error.to_string())),
    };
    if credentials.are_incomplete() {
        return Ok(Reply::failure(credentials.refusal()));
    }
    let MetricsReport { registry_key, registry_value, life, sample } = report;
    let call = RegistrationCall {
        group: instances::GROUP.to_owned(),
        app_name: registry_key,
        address: registry_value,
        labels: String::new(),
        life,
        announces: None,
        namespace: credentials.namespace.map(str::to_owned),
        token: credentials.token.map(str::to_owned),
        client: instances::recognise(credentials.hints()),
    };
    let shared = state.settings.executor_api.token.as_deref();
    let outcome = host_metrics::report(&state.services, &state.host_metrics, shared, &call, sample).await?;
    let reply = reply_to(outcome, credentials);
    if reply.code != words::SUCCESS {
        tracing::debug!(
            app_name = call.app_name,
            address = call.address,
            reply.text,
            "refused a report of a host"
        );
    }
    Ok(reply)
}

fn reply_to(outcome: ReportOutcome, credentials: &Credentials<'_>) -> Reply {
    let refuse = |code, text: &str| Reply { code, ..Reply::failure(text) };
    match outcome {
        ReportOutcome::Taken => Reply::ok(),
        ReportOutcome::TooSoon => refuse(TOO_SOON, "The report before came just now; it stands."),
        ReportOutcome::NotRegistered => {
            refuse(NOT_REGISTERED, "This process is not registered; register first.")
        }
        ReportOutcome::Insane(insane) => Reply::failure(format!("{}: {}", insane.field, insane.problem)),
        ReportOutcome::Refused(RegisterOutcome::WrongToken) => Reply::failure(credentials.refusal()),
        ReportOutcome::Refused(RegisterOutcome::UnknownAppName) => {
            Reply::failure("There is no executor with this app name.")
        }
        ReportOutcome::Refused(_) => Reply::failure(words::TEXT_ILLEGAL_ARGUMENT),
    }
}
