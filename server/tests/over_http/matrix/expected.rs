//! The table: what each server function and page needs, and how it is called. What is sent is well-formed
//! enough that rights are looked at, and wrong enough that little is changed: a version that nobody was
//! shown, a name that is missing.

use Needs::{Inside, NobodyElses, Nothing, OnForm, OwnAccount, Platform, SignIn, Somewhere};
use scheduler::authority::Action::{self, ManageExecutors, ManageJobs, OperateJobs, View};

/// What it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// Signed in, also with a one-time password.
    OwnAccount,
    SignIn,
    /// The right to this with the named object.
    Inside(Action),
    /// As `Inside`; an object that may not be seen is a wrong field.
    OnForm(Action),
    /// The right to this in any namespace.
    Somewhere(Action),
    /// A super-administrator.
    Platform,
    /// Nobody may: what is named is somebody else's own.
    NobodyElses,
}

/// Below `/rpc/app/api/`, with what is sent.
pub const FUNCTIONS: [(&str, Needs, &str); 77] = [
    ("account/account", SignIn, ""),
    ("account/change_password", OwnAccount, "current=&new=&again="),
    ("account/sign_in", Nothing, "name=nobody&password=nothing"),
    ("account/sign_out", OwnAccount, ""),
    ("audit/list_accesses", Platform, "after="),
    ("audit/list_audit", Platform, "query[actor]="),
    ("calendars/calendar", Inside(View), "id={calendar}"),
    ("calendars/calendar_choices", SignIn, ""),
    ("calendars/create_calendar", Inside(ManageJobs), "form[namespace_id]={namespace}&form[name]="),
    ("calendars/delete_calendar", Inside(ManageJobs), "id={calendar}"),
    ("calendars/edit_calendar", Inside(ManageJobs), "id={calendar}&version=999&form[name]=x"),
    ("calendars/list_calendars", SignIn, ""),
    (
        "executors/create_executor",
        Inside(ManageExecutors),
        "form[namespace_id]={namespace}&form[app_name]=&form[title]=&form[registration]=automatic",
    ),
    ("executors/delete_executor", Inside(ManageExecutors), "id={executor}"),
    (
        "executors/edit_executor",
        Inside(ManageExecutors),
        "id={executor}&version=999&form[app_name]=a&form[title]=a&form[registration]=automatic",
    ),
    ("executors/executor", Inside(View), "id={executor}"),
    ("executors/handlers", Inside(View), "executor_id={executor}"),
    ("executors/hosts/host_history", Inside(View), "executor_id={executor}&query[instance]="),
    ("executors/instances", Inside(View), "executor_id={executor}"),
    ("executors/list_executors", SignIn, "query[q]="),
    ("executors/move_to_front", Inside(OperateJobs), "run_id={run}"),
    ("executors/namespace_choices", SignIn, ""),
    ("executors/new_token", SignIn, "executor_id={executor}"),
    ("executors/queue", Inside(View), "executor_id={executor}"),
    ("executors/rotate_token", Inside(ManageExecutors), "id={executor}"),
    ("executors/turned_away", Inside(View), "executor_id={executor}"),
    ("freezes/freeze", Inside(OperateJobs), "namespace={namespace}&reason="),
    ("freezes/lasting_freezes", SignIn, ""),
    ("freezes/list_freezes", SignIn, ""),
    ("freezes/thaw", Inside(OperateJobs), "id={freeze}"),
    ("home/read_overview", SignIn, ""),
    ("jobs/backfill/backfill_job", Inside(OperateJobs), "id={job}&form[parallel]=1"),
    ("jobs/backfill/preview_backfill", Inside(OperateJobs), "id={job}&form[parallel]=1"),
    ("jobs/code/job_code", Inside(View), "id={job}"),
    ("jobs/code/revert_code", Inside(ManageJobs), "id={job}&base=999&number=1"),
    ("jobs/code/save_code", Inside(ManageJobs), "id={job}&form[base]=999"),
    ("jobs/code/shown_code", Inside(View), "id={job}&query[version]="),
    ("jobs/create_job", OnForm(ManageJobs), FORM),
    ("jobs/delete_job", Inside(ManageJobs), "id={spare_job}"),
    ("jobs/disable_job", Inside(OperateJobs), "id={job}"),
    ("jobs/enable_job", Inside(OperateJobs), "id={job}"),
    ("jobs/executor_choices", SignIn, ""),
    ("jobs/history/job_history", Inside(View), "id={job}"),
    ("jobs/history/revert_job", Inside(ManageJobs), "id={job}&version=999&seq=1"),
    ("jobs/job", Inside(View), "id={job}"),
    ("jobs/job_pulse", Inside(View), "id={job}"),
    ("jobs/list_jobs", SignIn, "query[q]="),
    ("jobs/preview_fires", SignIn, "typed[schedule]="),
    ("jobs/run_job", Inside(OperateJobs), "id={spare_job}"),
    ("jobs/save_job", Inside(ManageJobs), SAVED),
    ("jobs/start_job", Inside(OperateJobs), "id={job}"),
    ("jobs/stop_job", Inside(OperateJobs), "id={job}"),
    ("logs/run_log", Inside(View), "id={run}&query[line]="),
    ("namespaces/change_grant", Platform, "id={grant}&role=viewer"),
    ("namespaces/create_namespace", Platform, "form[business]=&form[service]="),
    ("namespaces/delete_namespace", Platform, "id={namespace}"),
    ("namespaces/edit_namespace", Platform, "id={namespace}&version=999&form[remark]="),
    ("namespaces/grant_people", Platform, "namespace_id={namespace}&form[people]=&form[role]=viewer"),
    ("namespaces/list_namespaces", SignIn, "query[service]="),
    ("namespaces/namespace", Platform, "id={namespace}"),
    ("namespaces/revoke_grant", Platform, "id={grant}"),
    ("preferences/set_locale", Nothing, "locale=en"),
    ("preferences/set_theme", Nothing, "theme=dark"),
    ("runs/kill_run", Inside(OperateJobs), "id={run}"),
    ("runs/list_runs", SignIn, "query[job]="),
    ("runs/run", Inside(View), "id={run}"),
    ("tokens/create_token", SignIn, "form[name]=&form[role]=viewer&form[days]=1"),
    ("tokens/list_tokens", SignIn, ""),
    ("tokens/new_api_token", SignIn, ""),
    ("tokens/revoke_token", NobodyElses, "id={token}"),
    ("users/create_user", Platform, "form[name]=&form[role]=ordinary"),
    ("users/delete_user", Platform, "id={me}"),
    ("users/edit_user", Platform, "id={user}&version=999&form[name]=x1"),
    ("users/list_users", Platform, "query[name]="),
    ("users/new_password", SignIn, "user_id={user}"),
    ("users/reset_password", Platform, "id={user}"),
    ("users/user", Platform, "id={user}"),
];

/// A job without a name.
const FORM: &str = "form[executor_id]={executor}&form[name]=&form[schedule_kind]=manual&form[zone]=UTC&\
                    form[run_mode]=handler&form[handler]=h";
/// A job of a version that nobody was shown.
const SAVED: &str = "id={job}&form[executor_id]={executor}&form[name]=x&form[schedule_kind]=manual&\
                     form[zone]=UTC&form[run_mode]=handler&form[handler]=h&form[version]=999";

/// The pages, and what is served beside them.
pub const PAGES: [(&str, Needs); 31] = [
    ("/login", Nothing),
    ("/", SignIn),
    ("/account", OwnAccount),
    ("/jobs", SignIn),
    ("/jobs/new", Somewhere(ManageJobs)),
    ("/jobs/{job}", Inside(View)),
    ("/jobs/{job}/edit", Inside(ManageJobs)),
    ("/jobs/{job}/code", Inside(View)),
    ("/jobs/{job}/history", Inside(View)),
    ("/jobs/{job}/backfill", Inside(OperateJobs)),
    ("/calendars", SignIn),
    ("/calendars/new", Somewhere(ManageJobs)),
    ("/calendars/{calendar}", Inside(View)),
    ("/runs", SignIn),
    ("/runs/{run}", Inside(View)),
    ("/runs/{run}/log/events", Inside(View)),
    ("/runs/{run}/log/text", Inside(View)),
    ("/executors", SignIn),
    ("/executors/new", Somewhere(ManageExecutors)),
    ("/executors/{executor}", Inside(View)),
    ("/executors/{executor}/edit", Inside(ManageExecutors)),
    ("/audit", Platform),
    ("/audit/export", Platform),
    ("/freezes", SignIn),
    ("/namespaces", SignIn),
    ("/namespaces/new", Platform),
    ("/namespaces/{namespace}", Platform),
    ("/users", Platform),
    ("/users/new", Platform),
    ("/users/{user}", Platform),
    ("/{any}", NobodyElses),
];
