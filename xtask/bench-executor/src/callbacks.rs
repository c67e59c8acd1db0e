//! Results sent back to the server, many in one request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Options;

/// The most results in one request; newer Java executors send as many.
const BATCH: usize = 50;
/// How long a result may wait for company.
const PAUSE: Duration = Duration::from_millis(20);

/// A run that has succeeded.
pub struct Finished {
    pub id: i64,
    /// As the server sent it, ms since 1970.
    pub due: i64,
}

/// Sends results until the process ends.
pub struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    address: Uri,
    /// Who we are: names and values.
    headers: Vec<(&'static str, String)>,
    /// Results that the server did not accept.
    pub refused: Arc<AtomicU64>,
}

impl Sender {
    /// One that speaks for the executor that the options name.
    pub fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address: format!("{}/api/callback", options.server).parse().context("--server is no address")?,
            headers: vec![
                ("xxl-job-access-token", options.token.clone()),
                ("xxl-job-appname", options.app_name.clone()),
                ("orrery-namespace", options.namespace.clone()),
            ],
            refused: Arc::new(AtomicU64::new(0)),
        })
    }

    /// Collects for a moment, sends, repeats.
    pub async fn send_all(self, mut results: UnboundedReceiver<Finished>) {
        let mut batch = Vec::with_capacity(BATCH);
        while results.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(error) = self.send(&batch).await {
                eprintln!("callback: {error:#}");
                self.refused.fetch_add(batch.len() as u64, Ordering::Relaxed);
            }
            let was_full = batch.len() == BATCH;
            batch.clear();
            if !was_full {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn send(&self, batch: &[Finished]) -> Result<()> {
        let items: Vec<Value> = batch
            .iter()
            .map(|run| json!({"logId": run.id, "logDateTim": run.due, "handleCode": 200, "handleMsg": "ok"}))
            .collect();
        let mut request =
            Request::post(self.address.clone()).header("content-type", "application/json;charset=UTF-8");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(Value::from(items).to_string())))?;
        let body = self.client.request(request).await?.into_body().collect().await?.to_bytes();
        let answer: Value = serde_json::from_slice(&body)?;
        ensure!(answer["code"] == 200, "the server answered {answer}");
        Ok(())
    }
}
