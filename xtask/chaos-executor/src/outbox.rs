//! Results on their way back to a server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::behaviour::Results;
use crate::disk::{Disk, Finished};
use crate::journal::{Event, Journal, Line};
use crate::{Options, Shared, server};

/// The most results in one request.
const BATCH: usize = 50;
/// How long a result may wait for company, and how long where the order is to be turned round.
const PAUSE: Duration = Duration::from_millis(20);
const COLLECT: Duration = Duration::from_secs(1);
const DELAY: Duration = Duration::from_secs(3);
/// As Java's.
const PATIENCE: Duration = Duration::from_secs(3);
/// Java repeats after 30 s, which a scenario cannot wait for.
const AGAIN: Duration = Duration::from_secs(1);

/// Speaks to the servers.
pub struct Outbox {
    client: Client<HttpConnector, Full<Bytes>>,
    servers: Vec<String>,
    token: String,
    disk: Arc<Disk>,
    journal: Arc<Journal>,
}

impl Outbox {
    /// One for the servers that the options name.
    pub fn new(options: &Options, disk: Arc<Disk>, journal: Arc<Journal>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (servers, token) = (options.servers.clone(), options.token.clone());
        Self { client, servers, token, disk, journal }
    }

    /// Sends what ends until the process does.
    pub async fn send_all(self: Arc<Self>, mut ends: UnboundedReceiver<Finished>, shared: Arc<Shared>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            if ends.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            let results = server::behaviour(&shared).results;
            tokio::spawn(self.clone().hand_over(std::mem::take(&mut batch), results));
            tokio::time::sleep(if results == Results::Reordered { COLLECT } else { PAUSE }).await;
        }
    }

    async fn hand_over(self: Arc<Self>, mut batch: Vec<Finished>, results: Results) {
        match results {
            Results::Prompt => self.insist(&batch).await,
            Results::Lost => batch.iter().for_each(|end| drop(self.disk.forget(end.run))),
            Results::Delayed => {
                tokio::time::sleep(DELAY).await;
                self.insist(&batch).await;
            }
            Results::Doubled => {
                self.insist(&batch).await;
                self.insist(&batch).await;
            }
            Results::Reordered => {
                batch.reverse();
                for end in batch {
                    self.insist(&[end]).await;
                }
            }
        }
    }

    /// Sends until a server has them.
    async fn insist(&self, batch: &[Finished]) {
        while let Err(error) = self.report(batch).await {
            eprintln!("callback: {error:#}");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn report(&self, batch: &[Finished]) -> Result<()> {
        let item = |end: &Finished| json!({"logId": end.run, "logDateTim": end.due, "handleCode": end.code, "handleMsg": ""});
        let items: Value = batch.iter().map(item).collect();
        let server = self.first_that_takes(&items).await?;
        for &Finished { run, job, due, code } in batch {
            self.journal.write(Line { event: Event::Reported, run, job, due, code, server }).await?;
            self.disk.forget(run)?;
        }
        Ok(())
    }

    async fn first_that_takes(&self, items: &Value) -> Result<&str> {
        let mut failed = anyhow::anyhow!("no server");
        for server in &self.servers {
            match self.post(server, "callback", items).await {
                Ok(()) => return Ok(server),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Calls a method of the executor API; fails unless it is answered with success.
    pub async fn post(&self, server: &str, method: &str, body: &Value) -> Result<()> {
        let request = Request::post(format!("{server}/api/{method}"))
            .header("content-type", "application/json;charset=UTF-8")
            .header("xxl-job-access-token", &self.token)
            // What Java's library sends, and by what the server knows how to ask it.
            .header("user-agent", "Java/17.0.9")
            .body(Full::new(Bytes::from(body.to_string())))?;
        let answer = async {
            Ok::<_, anyhow::Error>(self.client.request(request).await?.into_body().collect().await?)
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.context("no answer in time")??;
        let answer: Value = serde_json::from_slice(&answer.to_bytes())?;
        ensure!(answer["code"] == 200, "the server answered {answer}");
        Ok(())
    }
}
