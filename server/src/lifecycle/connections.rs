//! Accepting connections: a bounded number of them, each with bounded patience, and each finished
//! properly when the server stops.

use crate::config::Http;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// After a failure that is not one connection's, such as no file handles left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled, then finishes the requests that are open.
///
/// HTTP/1.1 only: executors speak nothing else, and TLS with HTTP/2 is the proxy's.
pub async fn serve(listener: TcpListener, router: Router, limits: Http, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let open = TaskTracker::new();
    let accepting = async {
        loop {
            // Without a permit the connection waits in the system's queue.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let connection =
                        connection(stream, peer, router.clone(), limits.idle_timeout(), stop.clone());
                    open.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
    drop(listener);
    open.close();
    open.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Duration,
    stop: CancellationToken,
) {
    // Small answers must not wait for more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended");
    }
}
