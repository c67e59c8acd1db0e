//! Receivers of messages on free ports: hooks that answer as they are told, and a mail server.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use scheduler::alerts::Alerts;
use scheduler::mail::{MailSettings, Mailer, Security};
use scheduler::outgoing::Outgoing;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::support::World;

/// What came to a hook.
#[derive(Clone, Debug)]
pub struct Received {
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How a hook answers.
#[derive(Clone, Debug)]
pub enum Behaviour {
    Says(u16, String),
    /// Its answer is the request.
    Echoes,
    Redirects(String),
    Hangs,
}

#[derive(Clone)]
pub struct Hook {
    pub url: String,
    behaviour: Arc<Mutex<Behaviour>>,
    received: Arc<Mutex<Vec<Received>>>,
    arrived: Arc<Notify>,
}

impl Hook {
    /// One that says this with status 200.
    pub async fn saying(text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/robot/send?access_token=k3y", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(Behaviour::Says(200, text.to_owned())));
        let hook = Self { url, behaviour, received: Arc::default(), arrived: Arc::default() };
        let router = Router::new().fallback(answer).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hook
    }

    /// One that takes everything, in the words of WeCom and DingTalk.
    pub async fn new() -> Self {
        Self::saying(r#"{"errcode":0,"errmsg":"ok"}"#).await
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub async fn until(&self, count: usize) {
        while self.received().len() < count {
            self.arrived.notified().await;
        }
    }
}

async fn answer(State(hook): State<Hook>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    hook.received.lock().unwrap().push(Received { uri, headers, body: body.clone() });
    hook.arrived.notify_one();
    let behaviour = hook.behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::Says(status, text) => (StatusCode::from_u16(status).unwrap(), text).into_response(),
        Behaviour::Redirects(to) => Redirect::temporary(&to).into_response(),
        Behaviour::Echoes => body.into_response(),
        Behaviour::Hangs => std::future::pending().await,
    }
}

/// Alerts that may call this machine, and give up soon.
pub fn alerts(world: &World, mailer: Option<Mailer>) -> Alerts {
    let outgoing = Outgoing::new(vec!["127.0.0.0/8".parse().unwrap()]).unwrap();
    let outgoing = outgoing.within(Duration::from_millis(500));
    Alerts::new(world.services.clone(), outgoing, mailer, Some("https://o.example".to_owned()))
}

/// A mail server that takes every letter.
#[derive(Clone, Default)]
pub struct MailServer {
    letters: Arc<Mutex<Vec<String>>>,
    /// Receivers that it refuses.
    pub refused: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// The server, and who sends by it.
    pub async fn start() -> (Self, Mailer) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = MailSettings {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            security: Security::None,
            user: String::new(),
            password: String::new(),
            from: "Orrery <orrery@o.example>".to_owned(),
        };
        let server = Self::default();
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().converse(stream));
            }
        });
        (server, Mailer::new(&settings).unwrap())
    }

    /// Envelopes and letters as they came.
    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }

    /// RFC 5321, as much as a client needs.
    async fn converse(self, mut stream: TcpStream) {
        let (reading, mut writing) = stream.split();
        let mut lines = BufReader::new(reading).lines();
        let (mut letter, mut in_data) = (String::new(), false);
        writing.write_all(b"220 test\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            if in_data && line != "." {
                letter.push_str(&line);
                letter.push('\n');
                continue;
            }
            let is_refused = self.refused.lock().unwrap().iter().any(|refused| line.contains(refused));
            let answer = match line.get(..4).unwrap_or(&line) {
                "." => {
                    in_data = false;
                    self.letters.lock().unwrap().push(std::mem::take(&mut letter));
                    "250 queued as 1"
                }
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "RCPT" if is_refused => "550 nobody of that name",
                "QUIT" => "221 bye",
                "MAIL" | "RCPT" => {
                    letter.push_str(&line);
                    letter.push('\n');
                    "250 ok"
                }
                _ => "250 test",
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
    }
}
