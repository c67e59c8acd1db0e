//! What only the server does around rendering: reads the visit from the request, sets status and
//! cookies, and serves forms to browsers without JavaScript.
//!
//! The `server` crate wires it: [`open_visit`] as a middleware inside the session layer, and a
//! [`Viewer`] in the request's extensions when somebody is signed in.

mod api_docs;
mod attempt;
mod domain;
mod part_files;
mod public_url;
mod session;

use crate::error::{AppError, ErrorKind, Message};
use crate::i18n::Locale;
use crate::routes::{percent_decode, percent_encode, within_site};
use crate::visit::{Flash, KeptForm, Theme, Tone, Viewer, Visit};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, HeaderValue, REFERER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use serde::Serialize;
use std::collections::BTreeMap;
use tower_sessions::Session;

pub use api_docs::ApiDocs;
pub use attempt::Attempt;
pub use domain::{alerts, domain, engine, fault_message, logs};
pub use part_files::PartFiles;
pub use public_url::{PublicUrl, public_url};
pub(crate) use session::{SecretOf, keep_secret, session_id, sign_in, take_secret};
pub use session::{USER_KEY, client_address};

pub const LOCALE_COOKIE: &str = "locale";
pub const THEME_COOKIE: &str = "theme";
/// Written by the browser: its IANA time zone.
pub const ZONE_COOKIE: &str = "zone";
const FLASH_COOKIE: &str = "flash";
const KEPT_FORM_KEY: &str = "kept_form";
const YEAR_S: u32 = 365 * 24 * 3600;
/// Long enough for the redirect, too short to surprise later.
const FLASH_S: u32 = 60;

/// When the request arrived, in milliseconds UTC. In every request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct ArrivedAt(pub i64);

/// Prepares a request for rendering: notes `now` (milliseconds UTC) and, for a page, takes the form
/// that was refused just before out of the session, so that it is shown once.
pub async fn open_visit(now: i64, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(ArrivedAt(now));
    let is_page = request.method() == Method::GET && accepts_html(request.headers());
    // Without a session cookie there is nothing to take, and the store need not be asked.
    let session = request.extensions().get::<Session>().filter(|s| is_page && s.id().is_some()).cloned();
    if let Some(session) = session {
        match session.remove::<KeptForm>(KEPT_FORM_KEY).await {
            Ok(Some(form)) => {
                request.extensions_mut().insert(form);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the refused form could not be read from the session"),
        }
    }
    next.run(request).await
}

/// The visit of the present request; a flash is shown by this rendering and therefore expires.
pub(crate) fn visit() -> Visit {
    let Some(parts) = use_context::<Parts>() else { return Visit::default() };
    let flash = cookie(&parts.headers, FLASH_COOKIE)
        .and_then(|text| percent_decode(&text))
        .and_then(|text| serde_json::from_str::<Flash>(&text).ok());
    if flash.is_some() {
        set_cookie(FLASH_COOKIE, "", 0);
    }
    Visit {
        viewer: parts.extensions.get::<Viewer>().cloned(),
        now: parts.extensions.get::<ArrivedAt>().map_or(0, |at| at.0),
        zone: zone(&parts.headers),
        theme: theme(&parts.headers),
        request_id: request_id(&parts.headers),
        flash,
        kept: parts.extensions.get::<KeptForm>().cloned(),
    }
}

/// The viewer's language: the cookie, else the first of `Accept-Language` that we speak.
pub fn locale(headers: &HeaderMap) -> Locale {
    cookie(headers, LOCALE_COOKIE)
        .and_then(|value| parse_locale(&value))
        .or_else(|| headers.get(ACCEPT_LANGUAGE)?.to_str().ok().and_then(accepted_locale))
        .unwrap_or_default()
}

/// The language of the request being answered.
pub fn request_locale() -> Locale {
    use_context::<Parts>().map(|parts| locale(&parts.headers)).unwrap_or_default()
}

/// The theme of the request being answered.
pub fn request_theme() -> Theme {
    use_context::<Parts>().map(|parts| theme(&parts.headers)).unwrap_or_default()
}

/// `en` or any Chinese (`zh`, `zh-CN`, `zh-Hans`, …).
pub fn parse_locale(tag: &str) -> Option<Locale> {
    match tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
        "zh" => Some(Locale::zh_CN),
        "en" => Some(Locale::en),
        _ => None,
    }
}

/// The best of an `Accept-Language` header (RFC 9110 § 12.5.4) by its weights.
fn accepted_locale(header: &str) -> Option<Locale> {
    let mut best: Option<(f32, Locale)> = None;
    for item in header.split(',') {
        let (tag, weight) = match item.split_once(";q=") {
            Some((tag, q)) => (tag, q.trim().parse().unwrap_or(0.0)),
            None => (item, 1.0),
        };
        let Some(locale) = parse_locale(tag) else { continue };
        if weight > 0.0 && best.is_none_or(|(found, _)| weight > found) {
            best = Some((weight, locale));
        }
    }
    best.map(|(_, locale)| locale)
}

fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, THEME_COOKIE).and_then(|value| Theme::parse(&value)).unwrap_or_default()
}

/// The zone the browser told; anything that is no IANA name is UTC.
fn zone(headers: &HeaderMap) -> String {
    cookie(headers, ZONE_COOKIE)
        .and_then(|value| percent_decode(&value))
        .and_then(|name| name.parse::<chrono_tz::Tz>().ok())
        .unwrap_or(chrono_tz::UTC)
        .name()
        .to_owned()
}

/// The viewer's time zone.
pub(crate) fn visit_zone() -> String {
    use_context::<Parts>().map_or_else(|| chrono_tz::UTC.name().to_owned(), |parts| zone(&parts.headers))
}

/// The id given to the request by the outermost layer.
pub fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-id")?.to_str().ok().map(str::to_owned)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// Sets a cookie of ours for the browser's scripts too: none of them is a secret.
fn set_cookie(name: &str, value: &str, max_age_s: u32) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let line = format!("{name}={}; Path=/; Max-Age={max_age_s}; SameSite=Lax", percent_encode(value));
    if let Ok(line) = HeaderValue::from_str(&line) {
        response.append_header(SET_COOKIE, line);
    }
}

/// Remembers the language for a year.
pub(crate) fn remember_locale(locale: &str) {
    set_cookie(LOCALE_COOKIE, locale, YEAR_S);
}

/// Remembers the theme for a year.
pub(crate) fn remember_theme(theme: Theme) {
    set_cookie(THEME_COOKIE, theme.as_str(), YEAR_S);
}

/// Shows one sentence on the next page, or at once where the page stays; `code` is a key of
/// `locales/*/notices.json`.
pub fn flash(message: Message) {
    keep_flash(&Flash { tone: Tone::Good, message });
}

fn keep_flash(flash: &Flash) {
    if let Ok(text) = serde_json::to_string(flash) {
        set_cookie(FLASH_COOKIE, &text, FLASH_S);
    }
}

/// Goes to `address` within this site, after a server function did its work.
pub fn redirect(address: &str) {
    leptos_axum::redirect(&within_site(address));
}

/// Ends a server function that failed: gives the error its request id and the answer its status.
/// A browser without JavaScript returns to where it came from and sees the sentence there.
///
/// `return Err(ssr::refuse(error))`
pub fn refuse(error: impl Into<AppError>) -> AppError {
    let mut error = error.into();
    let Some(parts) = parts_of_last_attempt() else { return error };
    error.request_id = request_id(&parts.headers);
    if let Some(back) = plain_form_origin(&parts) {
        if error.approval.is_none() {
            keep_flash(&Flash { tone: Tone::Bad, message: error.sentence() });
        }
        leave_for_plain_form(&error, &back);
    } else {
        set_status(error.kind);
    }
    error
}

/// As [`refuse`], for the form `form`: without JavaScript what was typed and what was wrong are kept
/// in the session, and the page renders from them. `values` is what the server function received,
/// keyed by field name; secrets among them are dropped.
pub async fn refuse_form(form: &str, values: &impl Serialize, error: impl Into<AppError>) -> AppError {
    let mut error = error.into();
    let Some(parts) = parts_of_last_attempt() else { return error };
    error.request_id = request_id(&parts.headers);
    let Some(back) = plain_form_origin(&parts) else {
        set_status(error.kind);
        return error;
    };
    if error.approval.is_none() {
        keep_form(&parts, form, values, Some(error.clone())).await;
    }
    leave_for_plain_form(&error, &back);
    error
}

/// What was asked; none where the answer is thrown away.
fn parts_of_last_attempt() -> Option<Parts> {
    let is_given_up = Attempt::current().is_some_and(|attempt| attempt.is_given_up());
    use_context::<Parts>().filter(|_| !is_given_up)
}

/// Sends a browser without JavaScript back to its form with what was typed and nothing done: for a
/// button that only shows what would happen.
pub async fn return_form(form: &str, values: &impl Serialize) {
    let Some(parts) = use_context::<Parts>() else { return };
    if let Some(back) = plain_form_origin(&parts) {
        keep_form(&parts, form, values, None).await;
        leptos_axum::redirect(&back);
    }
}

async fn keep_form(parts: &Parts, form: &str, values: &impl Serialize, error: Option<AppError>) {
    let Some(session) = parts.extensions.get::<Session>() else { return };
    let kept = KeptForm { form: form.to_owned(), values: flat_values(values), error };
    if let Err(failure) = session.insert(KEPT_FORM_KEY, kept).await {
        tracing::warn!(error = %failure, "the refused form could not be kept in the session");
    }
}

/// Where a form sent without JavaScript came from; `None` for calls by our own WASM and for the
/// rendering of a page.
fn plain_form_origin(parts: &Parts) -> Option<String> {
    if parts.method != Method::POST || !accepts_html(&parts.headers) {
        return None;
    }
    let referer = parts.headers.get(REFERER)?.to_str().ok()?;
    let uri = referer.parse::<http::Uri>().ok()?;
    Some(within_site(uri.path_and_query().map_or("/", |path| path.as_str())))
}

fn leave_for_plain_form(error: &AppError, back: &str) {
    if let Some(approval) = error.approval {
        leptos_axum::redirect(&crate::routes::approval(approval));
        return;
    }
    // A signed-out viewer would only be sent on to the sign-in page: do it with the way back.
    match error.kind {
        ErrorKind::Unauthenticated if !back.starts_with("/login") => {
            leptos_axum::redirect(&crate::routes::login(Some(back)));
        }
        _ => leptos_axum::redirect(back),
    }
}

fn set_status(kind: ErrorKind) {
    if let (Some(response), Ok(status)) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(kind.status()))
    {
        response.set_status(status);
    }
}

/// The status of a page that shows an error instead of itself.
pub(crate) fn set_page_status(kind: ErrorKind) {
    set_status(kind);
}

/// Scalars by name. Nested values have no field of their own and are left out.
fn flat_values(values: &impl Serialize) -> BTreeMap<String, String> {
    let Ok(serde_json::Value::Object(object)) = serde_json::to_value(values) else { return BTreeMap::new() };
    object
        .into_iter()
        .filter(|(name, _)| !is_secret(name))
        .filter_map(|(name, value)| {
            let text = match value {
                serde_json::Value::String(text) => text,
                serde_json::Value::Bool(flag) => flag.to_string(),
                serde_json::Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((name, text))
        })
        .collect()
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "token"].iter().any(|word| name.to_ascii_lowercase().contains(word))
}

#[cfg(test)]
mod tests;
