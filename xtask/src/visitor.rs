//! A browser's place at the console, as far as measuring and breaking take one: it signs in, fetches and calls.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The password that everybody ends up with.
const PASSWORD: &str = "measured and found wanting";

/// What says that a page is wanted.
const PAGE: &str = "Accept: text/html\r\n";

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Visitor {
    /// `host:port`
    address: String,
    /// `name=value`
    cookie: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// From the first byte asked to the last answered.
    pub took: Duration,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Visitor {
    /// Signs in as the administrator of a server that was never signed in to, whose one-time password this is.
    ///
    /// # Errors
    /// When the server refuses, with its words.
    pub fn sign_in(url: &str, one_time: &str) -> Result<Self> {
        Self::sign_in_as(url, "admin", one_time)
    }

    /// The same as somebody else who was never signed in.
    ///
    /// # Errors
    /// As of [`Visitor::sign_in`].
    pub fn sign_in_as(url: &str, name: &str, one_time: &str) -> Result<Self> {
        let mut visitor = Self { address: address(url)?, cookie: String::new() };
        visitor.begin_session(name, one_time)?;
        let change = format!("current={one_time}&new={PASSWORD}&again={PASSWORD}").replace(' ', "+");
        let changed = visitor.post("/rpc/app/api/account/change_password", &change)?;
        ensure!(changed.status < 400, "the password was not changed: {} {}", changed.status, changed.text());
        visitor.begin_session(name, PASSWORD)?;
        Ok(visitor)
    }

    /// The same browser at another server of the same installation.
    pub fn at(&self, url: &str) -> Result<Self> {
        Ok(Self { address: address(url)?, ..self.clone() })
    }

    fn begin_session(&mut self, name: &str, password: &str) -> Result<()> {
        let form = format!("name={name}&password={password}").replace(' ', "+");
        let answer = self.post("/rpc/app/api/account/sign_in", &form)?;
        let cookie = answer.header("set-cookie").and_then(|value| value.split(';').next());
        let cookie = cookie.with_context(|| format!("no session: {} {}", answer.status, answer.text()))?;
        self.cookie = cookie.to_owned();
        Ok(())
    }

    /// What a browser sends with each request.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Fetches; `accepted` are encodings, such as `br`.
    pub fn get(&self, path: &str, accepted: &str) -> Result<Answer> {
        self.exchange(&format!("GET {path}"), &format!("{PAGE}Accept-Encoding: {accepted}\r\n"), "")
    }

    /// Calls a server function with these arguments, as `jobs/run_job`; returns the status and what it answered.
    pub fn call(&self, function: &str, arguments: &[(&str, &str)]) -> Result<(u16, Value)> {
        let pairs = arguments.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let about = format!("{}Accept: application/json\r\n", self.about(&form));
        let answer = self.exchange(&format!("POST /rpc/app/api/{function}"), &about, &form)?;
        let told = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        Ok((answer.status, told))
    }

    fn post(&self, path: &str, form: &str) -> Result<Answer> {
        self.exchange(&format!("POST {path}"), &format!("{}{PAGE}", self.about(form)), form)
    }

    /// The headers of a form.
    fn about(&self, form: &str) -> String {
        format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nOrigin: http://{}\r\n",
            form.len(),
            self.address
        )
    }

    /// Asks as HTTP/1.0 did: the answer comes whole, in no chunks, and ends with its connection.
    fn exchange(&self, what: &str, headers: &str, body: &str) -> Result<Answer> {
        let Self { address, cookie } = self;
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let request =
            format!("{what} HTTP/1.0\r\nHost: {address}\r\nCookie: {cookie}\r\n{headers}\r\n{body}");
        let begun = Instant::now();
        stream.write_all(request.as_bytes())?;
        let mut all = Vec::new();
        BufReader::new(stream).read_to_end(&mut all)?;
        let took = begun.elapsed();
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without a head")?;
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Ok(Answer {
            status: status.context("an answer without a status")?,
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(),
            body: all.split_off(end + 4),
            took,
        })
    }
}

/// `host:port` of a server.
fn address(url: &str) -> Result<String> {
    url.strip_prefix("http://").map(str::to_owned).context("the address is no http://")
}

/// A text as it stands in a form.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
