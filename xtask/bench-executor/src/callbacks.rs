//! Results sent back to the server: many in one request, or each in its own.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver};

use crate::{Options, Shared};

/// How long a result waits for company.
const PAUSE: Duration = Duration::from_millis(20);

/// A run that has succeeded.
#[derive(Clone, Copy)]
pub struct Finished {
    pub id: i64,
    /// As the server sent it, ms since 1970.
    pub due: i64,
}

/// Where results go, and as whose.
#[derive(Clone)]
pub struct Address {
    /// `host:port`
    host: String,
    path: Uri,
    /// Who we are: names and values.
    headers: Vec<(&'static str, String)>,
}

impl Address {
    /// The callbacks of this server, for the executor that the options name.
    pub fn new(server: &str, options: &Options) -> Result<Self> {
        let host = server.strip_prefix("http://").context("--server must begin with http://")?;
        Ok(Self {
            host: host.trim_end_matches('/').to_owned(),
            path: format!("{}/callback", options.api).parse().context("--api is no path")?,
            headers: vec![
                ("xxl-job-access-token", options.token.clone()),
                ("xxl-job-appname", options.app_name.clone()),
                ("orrery-namespace", options.namespace.clone()),
            ],
        })
    }
}

/// Sends results until the process ends: up to `batch` in one request, so many requests at a time.
pub async fn send_all(
    address: Address,
    batch: usize,
    connections: usize,
    mut results: UnboundedReceiver<Finished>,
    shared: Arc<Shared>,
) {
    let (full, batches) = mpsc::channel(connections);
    let batches = Arc::new(Mutex::new(batches));
    for _ in 0..connections {
        tokio::spawn(send_batches(address.clone(), batches.clone(), shared.clone()));
    }
    let mut waiting = Vec::with_capacity(batch);
    while results.recv_many(&mut waiting, batch).await > 0 {
        if waiting.len() < batch && batch > 1 {
            tokio::time::sleep(PAUSE).await;
            while waiting.len() < batch
                && let Ok(more) = results.try_recv()
            {
                waiting.push(more);
            }
        }
        let taken = std::mem::replace(&mut waiting, Vec::with_capacity(batch));
        if full.send(taken).await.is_err() {
            return;
        }
    }
}

/// One connection's share of the work. A connection that was closed meanwhile is opened again, once.
async fn send_batches(address: Address, batches: Arc<Mutex<Receiver<Vec<Finished>>>>, shared: Arc<Shared>) {
    let mut connection = None;
    loop {
        let Some(batch) = batches.lock().await.recv().await else { return };
        let was_open = connection.is_some();
        let mut sent = send(&address, &mut connection, &batch).await;
        if sent.is_err() && was_open {
            connection = None;
            sent = send(&address, &mut connection, &batch).await;
        }
        if let Err(error) = &sent {
            eprintln!("callback: {error:#}");
            connection = None;
        }
        batch.iter().for_each(|run| shared.measurement.answered(run.due, sent.is_ok()));
    }
}

async fn send(
    address: &Address,
    connection: &mut Option<SendRequest<Full<Bytes>>>,
    batch: &[Finished],
) -> Result<()> {
    let connection = match connection {
        Some(open) => open,
        None => connection.insert(connect(&address.host).await?),
    };
    let mut request = Request::post(address.path.clone())
        .header(HOST, &address.host)
        .header(CONTENT_TYPE, "application/json;charset=UTF-8");
    for (name, value) in &address.headers {
        request = request.header(*name, value);
    }
    connection.ready().await?;
    let answer = connection.send_request(request.body(Full::new(body(batch)?))?).await?;
    let status = answer.status();
    let text = answer.into_body().collect().await?.to_bytes();
    let is_accepted = status.is_success() && text.windows(10).any(|part| part == br#""code":200"#);
    ensure!(is_accepted, "the server answered {status} {}", String::from_utf8_lossy(&text));
    Ok(())
}

async fn connect(host: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Whoever sends next learns of its end.
    tokio::spawn(connection);
    Ok(sender)
}

/// Without a text: a Java handler that just returns sends none either.
fn body(batch: &[Finished]) -> Result<Bytes> {
    let mut text = String::with_capacity(batch.len() * 80);
    for (index, Finished { id, due }) in batch.iter().enumerate() {
        let before = if index == 0 { '[' } else { ',' };
        write!(text, r#"{before}{{"logId":{id},"logDateTim":{due},"handleCode":200}}"#)?;
    }
    text.push(']');
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_travel_as_a_list() {
        let batch = [Finished { id: 1, due: 5 }, Finished { id: 2, due: 6 }];
        let expected =
            r#"[{"logId":1,"logDateTim":5,"handleCode":200},{"logId":2,"logDateTim":6,"handleCode":200}]"#;
        assert_eq!(body(&batch).unwrap(), expected);
    }
}
