//! Results sent back to the server: many in one request, or each in its own.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver};

use crate::Shared;
use crate::client::{Address, Client};

/// How long a result waits for company.
const PAUSE: Duration = Duration::from_millis(20);

/// A run that has succeeded.
#[derive(Clone, Copy)]
pub struct Finished {
    pub id: i64,
    /// As the server sent it, ms since 1970.
    pub due: i64,
}

/// Sends results until the process ends: up to `batch` in one request, so many requests at a time. The connections are
/// spread over the servers, as a balancer before them would.
pub async fn send_all(
    servers: Vec<Address>,
    batch: usize,
    connections: usize,
    mut results: UnboundedReceiver<Finished>,
    shared: Arc<Shared>,
) {
    let (full, batches) = mpsc::channel(connections);
    let batches = Arc::new(Mutex::new(batches));
    for server in servers.into_iter().cycle().take(connections) {
        tokio::spawn(send_batches(Client::new(server), batches.clone(), shared.clone()));
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

/// One connection's share of the work.
async fn send_batches(mut client: Client, batches: Arc<Mutex<Receiver<Vec<Finished>>>>, shared: Arc<Shared>) {
    loop {
        let Some(batch) = batches.lock().await.recv().await else { return };
        let sent = match body(&batch) {
            Ok(body) => client.post("/callback", &body).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &sent {
            eprintln!("callback: {error:#}");
        }
        batch.iter().for_each(|run| shared.measurement.answered(run.due, sent.is_ok()));
    }
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
