//! Answering requests.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::callbacks::Finished;
use crate::{Shared, now_us, trigger};

/// Everything succeeds.
const ANSWER: &[u8] = br#"{"code":200,"msg":"Success","content":null,"data":null}"#;

/// Serves every connection until the process ends.
pub async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Answers are small and somebody waits for each; without it the socket still works.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &shared));
            // Whoever closes a connection is done with it.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Takes every connection and never answers on one.
pub async fn hang(listener: TcpListener) -> anyhow::Result<()> {
    let mut open = Vec::new();
    loop {
        open.push(listener.accept().await?);
    }
}

/// Only runs do anything.
async fn answer(request: Request<Incoming>, shared: &Shared) -> Result<Response<Full<Bytes>>, Infallible> {
    let received = now_us();
    let carries_runs = matches!(request.uri().path(), "/run" | "/trigger" | "/runs");
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    for run in trigger::find_all(&body).take_while(|_| carries_runs) {
        shared.measurement.received(run, received);
        if let Some(finished) = &shared.finished {
            // The other end lives as long as the process.
            let _ = finished.send(Finished { id: run.id, due: run.due });
        }
    }
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
