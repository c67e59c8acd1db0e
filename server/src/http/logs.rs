//! The log of a run outside its page: followed as events, and downloaded as a text. Whoever may see the
//! run may see its log; the services decide that.

use crate::state::ServerState;
use app::error::AppError;
use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use entity::log::Trouble;
use entity::run::RunState;
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use scheduler::authority::Caller;
use scheduler::logs::follow::{Follower, News};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Streams open at the same time; whoever comes then looks at the page without following.
const MOST_STREAMS: usize = 1_000;
/// A stream ends after so long, and the browser comes again from where it was: by then the session may have
/// ended, or the right to see the run.
const LONGEST: Duration = Duration::from_secs(120);
/// Silence that a proxy bears.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a browser comes again.
const AGAIN: Duration = Duration::from_millis(500);

/// One permit for each stream that may be open.
#[derive(Clone)]
pub struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_STREAMS)))
    }
}

pub fn router() -> Router<ServerState> {
    Router::new().route("/runs/{id}/log/events", get(follow)).route("/runs/{id}/log/text", get(download))
}

#[derive(Deserialize)]
struct From {
    /// The line to begin with.
    #[serde(default)]
    from: Option<i32>,
}

/// What the events carry, as JSON; their names are the variants'.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", untagged)]
enum Told {
    Lines { first: i32, lines: Vec<String> },
    Passed { from: i32, to: i32 },
    State { state: RunState },
    Trouble { trouble: Option<Trouble> },
}

async fn follow(
    State(state): State<ServerState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    Query(From { from }): Query<From>,
    headers: HeaderMap,
) -> Response {
    let Ok(permit) = Arc::clone(&state.streams.0).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many follow logs at the moment\n").into_response();
    };
    let from = last_event(&headers).map(|last| last.saturating_add(1)).or(from).unwrap_or(1);
    match state.logs.follow(&caller, id, from).await {
        Ok(follower) => {
            let events = events(follower, state.stopping(), permit);
            let heartbeat = KeepAlive::new().interval(HEARTBEAT);
            let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
            // nginx would gather what is to be seen at once.
            response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
            response
        }
        Err(error) => refusal(error),
    }
}

/// The last line that the browser has had.
fn last_event(headers: &HeaderMap) -> Option<i32> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// What happens, until no more will, the server stops, or it is time to come again.
fn events(
    follower: Follower,
    stopping: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let until = Instant::now() + LONGEST;
    let begin = Event::default().retry(AGAIN).comment("following");
    let state = Some((follower, permit));
    let rest = futures::stream::unfold((state, stopping), move |(state, stopping)| async move {
        let (mut follower, permit) = state?;
        let next = stopping.run_until_cancelled(timeout_at(until, follower.next())).await;
        match next {
            // The browser comes again by itself, to this server or to one that goes on.
            None | Some(Err(_)) => None,
            Some(Ok(None)) => None,
            Some(Ok(Some(news @ News::Over(_)))) => Some((event(news), (None, stopping))),
            Some(Ok(Some(news))) => Some((event(news), (Some((follower, permit)), stopping))),
        }
    });
    futures::stream::iter([begin]).chain(rest.fuse()).map(Ok).fuse()
}

fn event(news: News) -> Event {
    let (name, id, told) = match news {
        News::Lines(lines) => {
            let last = lines.end() - 1;
            ("lines", Some(last), Told::Lines { first: lines.first, lines: lines.lines })
        }
        News::PassedOver(from, to) => ("passed", Some(to), Told::Passed { from, to }),
        News::State(state) => ("state", None, Told::State { state }),
        News::Trouble(trouble) => ("trouble", None, Told::Trouble { trouble }),
        News::Over(trouble) => ("over", None, Told::Trouble { trouble }),
    };
    let event = Event::default().event(name);
    let event = id.into_iter().fold(event, |event, id| event.id(id.to_string()));
    // Numbers, texts and their names always become JSON.
    event.json_data(told).unwrap_or_else(|_| Event::default().comment("lost"))
}

async fn download(
    State(state): State<ServerState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
) -> Response {
    match state.logs.download(&caller, id).await {
        Ok(text) => {
            let name = format!("attachment; filename=\"run-{id}.log\"");
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            // Compressing asks for more after the end, which not every stream takes.
            (headers, Body::from_stream(text.fuse())).into_response()
        }
        Err(error) => refusal(error),
    }
}

fn refusal(error: scheduler::Error) -> Response {
    let error = AppError::from(error);
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(error)).into_response()
}
