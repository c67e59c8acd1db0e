//! One connection to the server, opened when it is needed.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Options;

/// Where calls go, and as whose.
#[derive(Clone)]
pub struct Address {
    /// `host:port`
    host: String,
    /// Where the executor API begins.
    api: String,
    /// Who we are: names and values.
    headers: Vec<(&'static str, String)>,
}

impl Address {
    /// The API of this server, for the executor that the options name.
    pub fn new(server: &str, options: &Options) -> Result<Self> {
        let host = server.strip_prefix("http://").context("--server must begin with http://")?;
        Ok(Self {
            host: host.trim_end_matches('/').to_owned(),
            api: options.api.clone(),
            headers: vec![
                ("xxl-job-access-token", options.token.clone()),
                ("xxl-job-appname", options.app_name.clone()),
                ("orrery-namespace", options.namespace.clone()),
            ],
        })
    }
}

/// A way to the server.
pub struct Client {
    address: Address,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Connects with the first call.
    pub fn new(address: Address) -> Self {
        Self { address, connection: None }
    }

    /// Fails unless the server says that all is well. A connection that was closed meanwhile is opened
    /// again, once: what the calls of this protocol say may be said twice.
    pub async fn post(&mut self, path: &str, body: &Bytes) -> Result<()> {
        let was_open = self.connection.is_some();
        match self.try_post(path, body).await {
            Err(_) if was_open => self.try_post(path, body).await,
            done => done,
        }
    }

    async fn try_post(&mut self, path: &str, body: &Bytes) -> Result<()> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => connect(&self.address.host).await?,
        };
        let Address { host, api, headers } = &self.address;
        let mut request = Request::post(format!("{api}{path}"))
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json;charset=UTF-8");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        connection.ready().await?;
        let answer = connection.send_request(request.body(Full::new(body.clone()))?).await?;
        let status = answer.status();
        let text = answer.into_body().collect().await?.to_bytes();
        self.connection = Some(connection);
        let is_accepted = status.is_success() && text.windows(10).any(|part| part == br#""code":200"#);
        ensure!(is_accepted, "the server answered {status} {}", String::from_utf8_lossy(&text));
        Ok(())
    }
}

async fn connect(host: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Whoever sends next learns of its end.
    tokio::spawn(connection);
    Ok(sender)
}
