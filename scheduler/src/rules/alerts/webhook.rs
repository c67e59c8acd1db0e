//! A receiver of one's own: the alert, or the approval that is wanted, as JSON, in words and as data.
//!
//! With a secret, the header `X-Orrery-Timestamp` holds the milliseconds of the sending, and
//! `X-Orrery-Signature` the HMAC-SHA256 of `<timestamp>.<body>` in hexadecimal: a receiver compares it, and
//! refuses what is old.

use super::content::Content;
use super::message::Message;
use super::post::{Post, Receiver, check_status};
use crate::rules::digest::{hex, hmac};
use entity::Millis;
use serde_json::json;

pub fn post(to: &Receiver, content: &Content, message: &Message, now: Millis) -> Post {
    let lines: Vec<_> = message.lines.iter().map(|line| &line.text).collect();
    let mentions = &to.mentions;
    let body = json!({
        "title": message.title,
        "lines": lines,
        content.word(): content,
        "mentions": { "all": mentions.everybody, "phones": mentions.phones, "ids": mentions.ids },
    });
    let mut post = Post::json(to.url.clone(), &body);
    if !to.secret.is_empty() {
        let mac = hmac(to.secret.as_bytes(), format!("{now}.{}", post.body).as_bytes());
        post.headers = vec![("x-orrery-timestamp", now.to_string()), ("x-orrery-signature", hex(&mac))];
    }
    post
}

/// # Errors
/// Why the message was not taken.
pub fn check(status: u16, body: &str) -> Result<(), String> {
    check_status(status, body)
}
