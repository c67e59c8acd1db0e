//! Who may ask for what, decided in one place before any page or server function runs: nobody who
//! is not signed in, except for what is listed here. What a signed-in person may do with which
//! object is decided by the services.

use crate::state::ServerState;
use app::api::may::May;
use app::error::{AppError, ErrorKind};
use app::routes;
use app::ssr::USER_KEY;
use app::visit::Viewer;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use entity::audit_access::Event;
use http::{HeaderMap, StatusCode, header};
use scheduler::authority::Caller;
use scheduler::{Error, api_tokens, approvals, audit, runs, sessions};
use tower_sessions::Session;

/// Where server functions live; `.cargo/config.toml` says so at build time.
pub const FUNCTIONS: &str = "/rpc/";
/// Pages that everybody may open.
pub const PUBLIC_PAGES: [&str; 1] = ["/login"];
/// Server functions that everybody may call.
pub const PUBLIC_FUNCTIONS: [&str; 3] = [
    "/rpc/app/api/account/sign_in",
    "/rpc/app/api/preferences/set_locale",
    "/rpc/app/api/preferences/set_theme",
];
/// Server functions that take a browser's session: nothing that makes or changes a password or a token is
/// open to a program that calls with an API token.
pub const SESSION_FUNCTIONS: [&str; 12] = [
    "/rpc/app/api/account/sign_in",
    "/rpc/app/api/account/sign_out",
    "/rpc/app/api/account/change_password",
    "/rpc/app/api/executors/new_token",
    "/rpc/app/api/executors/rotate_token",
    "/rpc/app/api/tokens/create_token",
    "/rpc/app/api/tokens/list_tokens",
    "/rpc/app/api/tokens/new_api_token",
    "/rpc/app/api/tokens/revoke_token",
    "/rpc/app/api/users/create_user",
    "/rpc/app/api/users/new_password",
    "/rpc/app/api/users/reset_password",
];
/// What remains to somebody whose password has to be changed first.
const OWN_ACCOUNT: [&str; 3] =
    ["/account", "/rpc/app/api/account/change_password", "/rpc/app/api/account/sign_out"];

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Granted,
    SignInFirst,
    ChangePasswordFirst,
}

/// Finds out who asks and lets the request pass or not. Handlers find the [`Caller`] and the
/// [`Viewer`] in the request's extensions.
pub async fn guard(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let address = app::ssr::client_address(request.extensions());
    let found = match api_token(&request).map(str::to_owned) {
        Some(token) => {
            // Whatever cookie comes along is not looked at.
            request.extensions_mut().remove::<Session>();
            if SESSION_FUNCTIONS.contains(&request.uri().path()) {
                return refusal(&request, ErrorKind::Forbidden);
            }
            api_tokens::caller(&state.services, &token).await.map(Some)
        }
        None => signed_in(&state, request.extensions().get::<Session>().cloned()).await,
    };
    let caller = match found {
        Ok(caller) => caller.map(|caller| Caller { address, ..caller }),
        Err(Error::Unauthenticated) => return refusal(&request, ErrorKind::Unauthenticated),
        Err(error) => {
            tracing::error!(%error, "the session could not be read");
            return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer; try again\n")
                .into_response();
        }
    };
    match decide(request.uri().path(), caller.as_ref()) {
        Access::Granted => {}
        Access::SignInFirst => return sign_in_first(&request),
        Access::ChangePasswordFirst => return change_password_first(&request),
    }
    let Some(caller) = caller else { return next.run(request).await };
    let asked = request.uri().path().to_owned();
    let who = (caller.name.clone(), caller.address.clone());
    // Functions have no menu.
    let (approvals, inbox) = match asked.starts_with(FUNCTIONS) {
        true => (0, 0),
        false => (
            counted("approvals", approvals::waiting_for(&state.services, &caller).await),
            counted("inbox", runs::inbox_count(&state.services, &caller).await),
        ),
    };
    request.extensions_mut().insert(viewer(&caller, approvals, inbox, state.settings.http.api_docs));
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    if response.status() == StatusCode::FORBIDDEN {
        note_refusal(&state, &who, &asked).await;
    }
    response
}

/// That somebody asked for what they may not. Where that cannot be written down they are refused all the same.
async fn note_refusal(state: &ServerState, (name, address): &(String, String), asked: &str) {
    let noted = audit::access(&state.services, Event::Refused, name, address, asked).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "a refusal could not be recorded");
    }
}

/// The API token with which a program calls a server function. On pages there is no such thing.
pub(super) fn api_token(request: &Request) -> Option<&str> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(api_tokens::PREFIX);
    (is_token && request.uri().path().starts_with(FUNCTIONS)).then_some(token)
}

fn decide(path: &str, caller: Option<&Caller>) -> Access {
    let public = PUBLIC_PAGES.contains(&path) || PUBLIC_FUNCTIONS.contains(&path);
    match caller {
        _ if public => Access::Granted,
        None => Access::SignInFirst,
        Some(caller) if caller.must_change_password && !OWN_ACCOUNT.contains(&path) => {
            Access::ChangePasswordFirst
        }
        Some(_) => Access::Granted,
    }
}

/// Whoever is signed in, as stored now; a session whose account is gone is nobody's.
async fn signed_in(state: &ServerState, session: Option<Session>) -> Result<Option<Caller>, Error> {
    let Some(session) = session.filter(|session| session.id().is_some()) else { return Ok(None) };
    let user = session.get::<i32>(USER_KEY).await;
    let Some(user) = user.map_err(|error| Error::Unavailable(error.to_string()))? else { return Ok(None) };
    match sessions::caller(&state.services, user).await {
        Ok(caller) => Ok(Some(caller)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A number of the menu; the page is more important than it.
fn counted(what: &str, found: scheduler::Result<u64>) -> u64 {
    found.unwrap_or_else(|error| {
        if !matches!(error, Error::PasswordChangeRequired) {
            tracing::warn!(%error, what, "a number of the menu could not be counted");
        }
        0
    })
}

fn viewer(caller: &Caller, approvals: u64, inbox: u64, api_docs: bool) -> Viewer {
    Viewer {
        id: caller.user_id,
        name: caller.name.clone(),
        role: caller.role,
        must_change_password: caller.must_change_password,
        may: May::somewhere(caller),
        approvals,
        inbox,
        api_docs,
    }
}

fn sign_in_first(request: &Request) -> Response {
    let is_function = request.uri().path().starts_with(FUNCTIONS);
    if is_function && !is_plain_form(request.headers()) {
        return refusal(request, ErrorKind::Unauthenticated);
    }
    let page = request.uri().path_and_query().map(|address| address.as_str());
    // The home page is where signing in leads anyway.
    let next = page.filter(|address| !is_function && *address != "/");
    Redirect::to(&routes::login(next)).into_response()
}

fn change_password_first(request: &Request) -> Response {
    if request.uri().path().starts_with(FUNCTIONS) && !is_plain_form(request.headers()) {
        return refusal(request, ErrorKind::Forbidden);
    }
    Redirect::to(&routes::account()).into_response()
}

/// The error as a server function's caller reads it.
fn refusal(request: &Request, kind: ErrorKind) -> Response {
    let error = AppError { request_id: app::ssr::request_id(request.headers()), ..AppError::new(kind) };
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::FORBIDDEN);
    (status, axum::Json(error)).into_response()
}

/// A form sent by a browser without JavaScript: it shows whatever it gets.
fn is_plain_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::user::UserRole;

    #[test]
    fn everything_is_closed_unless_it_is_listed() {
        for open in PUBLIC_PAGES.iter().chain(&PUBLIC_FUNCTIONS) {
            assert_eq!(decide(open, None), Access::Granted, "{open}");
        }
        for closed in ["/", "/jobs", "/login/", "/nowhere", "/rpc/app/api/jobs/list", "/rpc/", "//login"] {
            assert_eq!(decide(closed, None), Access::SignInFirst, "{closed}");
        }
    }

    #[test]
    fn with_a_one_time_password_only_the_own_account_is_open() {
        let caller = |must_change_password| Caller {
            user_id: 1,
            name: "ada".to_owned(),
            role: UserRole::SuperAdmin,
            must_change_password,
            ..Caller::operator()
        };
        assert_eq!(decide("/jobs", Some(&caller(true))), Access::ChangePasswordFirst);
        assert_eq!(decide("/account", Some(&caller(true))), Access::Granted);
        assert_eq!(decide("/rpc/app/api/account/sign_out", Some(&caller(true))), Access::Granted);
        assert_eq!(decide("/jobs", Some(&caller(false))), Access::Granted);
    }
}
