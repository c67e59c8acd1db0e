//! How server functions reach the scheduler's services, and what its errors become on a page.

use super::Attempt;
use crate::components::time::full;
use crate::error::{AppError, ErrorKind, FieldError, Message};
use entity::fault::{CronFault, Fault, FieldFault};
use entity::job::JobState;
use http::request::Parts;
use leptos::prelude::use_context;
use scheduler::alerts::Alerts;
use scheduler::authority::Caller;
use scheduler::engine::EngineHandle;
use scheduler::logs::Logs;
use scheduler::{Error, Refusal, Services};

/// The services, and the person on whose behalf they work.
///
/// # Errors
/// [`ErrorKind::Unauthenticated`] when nobody is signed in.
pub fn domain() -> Result<(Services, Caller), AppError> {
    let services = use_context::<Services>().ok_or_else(|| AppError::new(ErrorKind::Internal))?;
    let caller = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Caller>().cloned());
    Ok((services, caller.ok_or_else(|| AppError::new(ErrorKind::Unauthenticated))?))
}

/// The engine of this server, for what goes through it: ending runs.
pub fn engine() -> Result<EngineHandle, AppError> {
    use_context::<EngineHandle>().ok_or_else(|| AppError::new(ErrorKind::Unavailable))
}

/// The logs of runs, as this server reads and keeps them.
pub fn logs() -> Result<Logs, AppError> {
    use_context::<Logs>().ok_or_else(|| AppError::new(ErrorKind::Unavailable))
}

/// The alerts of this server: its channels' senders.
pub fn alerts() -> Result<Alerts, AppError> {
    use_context::<Alerts>().ok_or_else(|| AppError::new(ErrorKind::Unavailable))
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => Self::invalid(faults.into_iter().map(FieldError::from).collect()),
            Error::NotFound(_) => Self::new(ErrorKind::NotFound),
            Error::Unauthenticated => Self::new(ErrorKind::Unauthenticated),
            Error::Forbidden => Self::new(ErrorKind::Forbidden),
            Error::RoleNeeded(role) => Self::for_role(role),
            Error::WrongCredentials => {
                Self::with_message(ErrorKind::Unauthenticated, Message::new("wrong_credentials"))
            }
            Error::Locked(until) => {
                let until = full(until, &super::visit_zone());
                Self::with_message(ErrorKind::Unauthenticated, Message::new("locked").arg("until", until))
            }
            Error::PasswordChangeRequired => {
                Self::with_message(ErrorKind::Forbidden, Message::new("password_change_required"))
            }
            Error::Conflict(_) => Self::new(ErrorKind::Conflict),
            Error::Held(approval) => Self::held(approval),
            Error::Refused(refusal) => Self::with_message(ErrorKind::Conflict, refused(refusal)),
            Error::Unavailable(_) => logged(error, ErrorKind::Unavailable),
            _ if error.is_aborted() => aborted(error),
            Error::Database(_) | Error::Internal(_) => logged(error, ErrorKind::Internal),
        }
    }
}

/// Somebody else's change of the same rows went first.
fn aborted(error: Error) -> AppError {
    let Some(attempt) = Attempt::current() else { return logged(error, ErrorKind::Unavailable) };
    attempt.give_up();
    AppError::new(ErrorKind::Unavailable)
}

/// What the reader can do nothing about is told to the operator, once.
fn logged(error: Error, kind: ErrorKind) -> AppError {
    tracing::error!(%error, "a server function failed");
    AppError::new(kind)
}

fn refused(refusal: Refusal) -> Message {
    match refusal {
        Refusal::ExecutorHasJobs(jobs) => Message::new("executor_has_jobs").arg("jobs", jobs),
        Refusal::CalendarHasJobs(jobs) => Message::new("calendar_has_jobs").arg("jobs", jobs),
        Refusal::ChannelHasRules(rules) => Message::new("channel_has_rules").arg("n", rules),
        Refusal::DeliveryNotFailed => Message::new("delivery_not_failed"),
        Refusal::JobIs(state) => Message::new(match state {
            JobState::On => "job_is_on",
            JobState::Stopped => "job_is_stopped",
            JobState::Disabled => "job_is_disabled",
        }),
        Refusal::JobHasNoSource => Message::new("job_has_no_source"),
        Refusal::NoPastTimes => Message::new("no_past_times"),
        Refusal::NothingToDeal => Message::new("nothing_to_deal"),
        Refusal::NothingToClean => Message::new("nothing_to_clean"),
        Refusal::RunEnded => Message::new("run_ended"),
        Refusal::NamespaceInUse { executors, jobs } => {
            Message::new("namespace_in_use").arg("executors", executors).arg("jobs", jobs)
        }
        Refusal::LastSuperAdmin => Message::new("last_super_admin"),
        Refusal::OwnAccount => Message::new("own_account"),
        Refusal::OwnApproval => Message::new("own_approval"),
        Refusal::NotOwnApproval => Message::new("not_own_approval"),
        Refusal::ApprovalEnded => Message::new("approval_ended"),
        Refusal::ApprovalExpired => Message::new("approval_expired"),
        Refusal::ApprovalCodeNotTold => Message::new("approval_code_not_told"),
        Refusal::CodeSentLately(seconds) => Message::new("code_sent_lately").arg("seconds", seconds),
        Refusal::ApprovalVoid(void) => Message::new(format!("approval_void_{}", void.code())),
        Refusal::ChannelTellsApprovals => Message::new("channel_tells_approvals"),
        Refusal::Frozen => Message::new("already_frozen"),
        Refusal::FreezeUnheeded(servers) => Message::new("freeze_unheeded").arg("n", servers),
        Refusal::RunNotWaiting => Message::new("run_not_waiting"),
        Refusal::KillNotDelivered(why) => Message::new("kill_not_delivered").arg("why", why),
        Refusal::RunUnderWay(run) => Message::new("run_under_way").arg("run", run),
    }
}

impl From<FieldFault> for FieldError {
    fn from(fault: FieldFault) -> Self {
        Self { field: fault.field, message: fault_message(fault.fault) }
    }
}

/// The sentence of a fault, a key of `locales/*/errors.json`.
pub fn fault_message(fault: Fault) -> Message {
    match fault {
        Fault::Required => Message::new("required"),
        Fault::TooLong { max } => Message::new("too_long").arg("max", max),
        Fault::TooShort { min } => Message::new("too_short").arg("min", min),
        Fault::OutOfRange { min, max } => Message::new("out_of_range").arg("min", min).arg("max", max),
        Fault::Character => Message::new("bad_character"),
        Fault::Unchanged => Message::new("unchanged"),
        Fault::Taken { id: Some(id) } => Message::new("taken_by").arg("id", id),
        Fault::Taken { id: None } => Message::new("taken"),
        Fault::Unknown => Message::new("unknown"),
        Fault::UnknownIds { ids } => {
            let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
            Message::new("unknown_ids").arg("ids", ids.join(", "))
        }
        Fault::Choice => Message::new("choice"),
        Fault::Cycle { path } => Message::new("cycle").arg("path", path.join(" → ")),
        Fault::TooMany { max } => Message::new("too_many").arg("max", max),
        Fault::Cron { position, detail } => cron_message(position, detail),
        Fault::Line { number, text } => Message::new("line").arg("number", number).arg("text", text),
        Fault::NothingLeft => Message::new("nothing_left"),
        Fault::DateTime => Message::new("date_time"),
        Fault::Past => Message::new("past"),
        Fault::Future => Message::new("future"),
        Fault::NoTime => Message::new("no_time"),
        Fault::TimeOfDay => Message::new("time_of_day"),
        Fault::NotLater => Message::new("not_later"),
        Fault::Zone => Message::new("zone"),
        Fault::Address => Message::new("address"),
        Fault::Url => Message::new("url"),
        Fault::NoMailServer => Message::new("no_mail_server"),
        Fault::Label { text } => Message::new("label").arg("text", text),
        Fault::Instance { text } => Message::new("instance").arg("text", text),
        Fault::KnownDefault => Message::new("known_default"),
        Fault::Mismatch => Message::new("mismatch"),
        Fault::WrongPassword => Message::new("wrong_password"),
        Fault::WrongCode { left: 0 } => Message::new("wrong_code_last"),
        Fault::WrongCode { left } => Message::new("wrong_code").arg("n", left),
        Fault::NotKept => Message::new("not_kept"),
        Fault::Reused => Message::new("reused"),
    }
}

fn cron_message(position: Option<u8>, fault: CronFault) -> Message {
    match fault {
        CronFault::FieldCount { found } => Message::new("cron_field_count").arg("found", found),
        CronFault::Range { value, min, max } => {
            // Each field has its own sentence: “Minutes go from 0 to 59 …”.
            let code = match position {
                Some(field @ 1..=7) => format!("cron_range_{field}"),
                _ => "cron_range".to_owned(),
            };
            Message::new(code).arg("value", value).arg("min", min).arg("max", max)
        }
        CronFault::Syntax { value } => {
            let message = Message::new("cron_syntax").arg("value", value);
            position.into_iter().fold(message, |message, field| message.arg("field", field))
        }
        CronFault::DayConflict => Message::new("cron_day_conflict"),
        CronFault::Never => Message::new("cron_never"),
    }
}
