//! Connections that are kept open between runs.

use super::http::{dispatcher, run_call, target};
use scheduler::engine::dispatcher::{Dispatcher, HttpDispatcher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"code\":200}";
const CLOSING: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 12\r\n\r\n{\"code\":200}";
const IN_CHUNKS: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"code\"\r\n5\r\n:200}\r\n0\r\n\r\n";

/// An executor that counts its connections.
struct Executor {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Executor {
    /// `answer` is what each request gets; after `requests` of them a connection is closed.
    async fn start(answer: &'static str, requests: usize) -> Self {
        Self::of(move |mut stream| async move {
            for _ in 0..requests {
                if read_request(&mut stream).await.is_none() {
                    return;
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        })
        .await
    }

    async fn of<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, connections }
    }

    async fn is_called_by(&self, dispatcher: &HttpDispatcher) {
        let called = dispatcher.call(&target(&self.address), run_call()).await;
        assert!(called.as_ref().is_ok_and(|reply| reply.is_ok()), "{called:?}");
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads a request to the end of its JSON; none when the connection was closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| length.parse() == Ok(body.len())) {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn runs_after_one_another_share_a_connection_and_runs_at_once_have_their_own() {
    for answer in [OK, IN_CHUNKS] {
        let executor = Executor::start(answer, usize::MAX).await;
        let (dispatcher, _gate) = dispatcher();
        for _ in 0..5 {
            executor.is_called_by(&dispatcher).await;
        }
        assert_eq!(executor.connections(), 1, "{answer}");
        let both = || executor.is_called_by(&dispatcher);
        tokio::join!(both(), both());
        tokio::join!(both(), both());
        assert_eq!(executor.connections(), 2, "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_the_executor_has_closed_costs_no_run() {
    for (answer, requests) in [(OK, 1), (CLOSING, usize::MAX)] {
        let executor = Executor::start(answer, requests).await;
        let (dispatcher, _gate) = dispatcher();
        for _ in 0..20 {
            executor.is_called_by(&dispatcher).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(executor.connections(), 20, "{answer}");
    }
}

#[tokio::test]
async fn the_answer_to_a_request_that_was_given_up_is_nobody_elses() {
    let arrived = Arc::new(Notify::new());
    let seen = arrived.clone();
    let executor = Executor::of(move |mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let answer = match request.starts_with("POST /slow/") {
                    true => "HTTP/1.1 500 No\r\ncontent-length: 21\r\n\r\n{\"code\":500,\"msg\":\"\"}",
                    false => OK,
                };
                seen.notify_one();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let (dispatcher, _gate) = dispatcher();
    executor.is_called_by(&dispatcher).await;
    arrived.notified().await;
    let slow = target(&format!("{}/slow", executor.address));
    tokio::select! {
        biased;
        () = arrived.notified() => {}
        answer = dispatcher.call(&slow, run_call()) => panic!("{answer:?}"),
    }
    executor.is_called_by(&dispatcher).await;
    assert_eq!(executor.connections(), 2);
}
