//! A browser's place at the console, as far as measuring takes one: it signs in, and fetches.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The password that the administrator ends up with.
const PASSWORD: &str = "measured and found wanting";

/// Somebody who is signed in.
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
        let address = url.strip_prefix("http://").context("the address is no http://")?.to_owned();
        let mut visitor = Self { address, cookie: String::new() };
        visitor.begin_session(one_time)?;
        let change = format!("current={one_time}&new={PASSWORD}&again={PASSWORD}").replace(' ', "+");
        let changed = visitor.post("/rpc/app/api/account/change_password", &change)?;
        ensure!(changed.status < 400, "the password was not changed: {} {}", changed.status, changed.text());
        visitor.begin_session(PASSWORD)?;
        Ok(visitor)
    }

    fn begin_session(&mut self, password: &str) -> Result<()> {
        let form = format!("name=admin&password={password}").replace(' ', "+");
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
        self.exchange(&format!("GET {path}"), &format!("Accept-Encoding: {accepted}\r\n"), "")
    }

    fn post(&self, path: &str, form: &str) -> Result<Answer> {
        let about = format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nOrigin: http://{}\r\n",
            form.len(),
            self.address
        );
        self.exchange(&format!("POST {path}"), &about, form)
    }

    /// Asks as HTTP/1.0 did: the answer comes whole, in no chunks, and ends with its connection.
    fn exchange(&self, what: &str, headers: &str, body: &str) -> Result<Answer> {
        let Self { address, cookie } = self;
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let request = format!(
            "{what} HTTP/1.0\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept: text/html\r\n{headers}\r\n{body}"
        );
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
