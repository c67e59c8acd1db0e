//! Connections that write nothing once the gate is shut.

use super::http::CheckedResolver;
use crate::engine::failpoint::{self, Place};
use crate::engine::gate::Gate;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use std::error::Error as StdError;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::net::TcpStream;
use tower_service::Service;

/// Nothing more is written: the gate is shut.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the lease is over")]
struct Shut;

/// Whether a request failed because the gate was shut before all of it was written. Without its end
/// nobody carries it out.
pub fn is_shut(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is_some_and(|inner| inner.is::<Shut>()) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Makes connections, gated ones if it has a gate.
#[derive(Clone)]
pub struct GatedConnector {
    pub tcp: HttpConnector<CheckedResolver>,
    pub gate: Option<Arc<Gate>>,
}

/// A connection whose gate is asked before each system call that writes.
pub struct GatedStream {
    tcp: TokioIo<TcpStream>,
    gate: Option<Arc<Gate>>,
}

impl Service<Uri> for GatedConnector {
    type Response = GatedStream;
    type Error = <HttpConnector<CheckedResolver> as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<GatedStream, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.tcp.call(uri);
        let gate = self.gate.clone();
        Box::pin(async move { Ok(GatedStream { tcp: connecting.await?, gate }) })
    }
}

impl GatedStream {
    fn write(
        &mut self,
        write: impl FnOnce(Pin<&mut TokioIo<TcpStream>>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let tcp = Pin::new(&mut self.tcp);
        let Some(gate) = &self.gate else {
            return write(tcp);
        };
        let Some(end) = gate.end() else {
            return Poll::Ready(Err(io::Error::other(Shut)));
        };
        failpoint::reach(Place::GatePassed);
        let written = write(tcp);
        if matches!(written, Poll::Ready(Ok(_))) && Instant::now() >= end {
            gate.note_late();
        }
        written
    }
}

impl Write for GatedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(|tcp| tcp.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(|tcp| tcp.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl Read for GatedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl Connection for GatedStream {
    fn connected(&self) -> Connected {
        self.tcp.connected()
    }
}
