//! Carries a server function out again whose transaction was given up for another one's sake.

use app::ssr::Attempt;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use http_body_util::LengthLimitError;
use std::error::Error;
use std::iter::successors;
use std::time::Duration;

/// Attempts before the last, whose answer counts.
const ATTEMPTS: u32 = 4;
/// Before the second one; each later one waits longer. What it met has usually ended by then.
const PAUSE: Duration = Duration::from_millis(10);

/// Keeps what was posted, which a layer around it bounds, and sends it again until the answer says something.
pub async fn until_it_counts(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) if is_too_long(&error) => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "the request is too long\n").into_response();
        }
        Err(_) => return (StatusCode::BAD_REQUEST, "the request did not come to its end\n").into_response(),
    };
    for number in 1..=ATTEMPTS {
        let attempt = Attempt::default();
        let mut request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        request.extensions_mut().insert(attempt.clone());
        let response = next.clone().run(request).await;
        if !attempt.is_given_up() {
            return response;
        }
        tokio::time::sleep(PAUSE * number).await;
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Whether the layer that bounds what is posted cut it off. Of a request that says its length it knows before.
fn is_too_long(error: &axum::Error) -> bool {
    let first: &(dyn Error + 'static) = error;
    successors(Some(first), |&error| error.source()).any(<dyn Error>::is::<LengthLimitError>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::post;
    use axum::{Extension, Router, middleware};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tower::ServiceExt;

    /// What comes of a request whose first attempts are given up, and how often it was carried out.
    async fn asked(given_up: u32) -> (String, u32) {
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        let function = move |attempt: Option<Extension<Attempt>>, body: String| async move {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            match attempt {
                Some(Extension(attempt)) if number <= given_up => attempt.give_up(),
                Some(_) => return format!("{body} was taken"),
                None => {}
            }
            format!("{body} met another")
        };
        let router = Router::new().route("/", post(function)).layer(middleware::from_fn(until_it_counts));
        let response = router.oneshot(Request::post("/").body(Body::from("it")).unwrap()).await.unwrap();
        let text = to_bytes(response.into_body(), 100).await.unwrap();
        (String::from_utf8(text.to_vec()).unwrap(), count.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn what_is_given_up_is_sent_again_whole_and_the_last_answer_counts() {
        assert_eq!(asked(0).await, ("it was taken".to_owned(), 1));
        assert_eq!(asked(2).await, ("it was taken".to_owned(), 3));
        assert_eq!(asked(ATTEMPTS).await, ("it met another".to_owned(), ATTEMPTS + 1));
    }
}
