//! DingTalk's custom robots. <https://open.dingtalk.com/document/robots/custom-robot-access>
//!
//! Whoever is mentioned has to stand in the text, too. The signature,
//! <https://open.dingtalk.com/document/robots/customize-robot-security-settings>, is that of
//! `<milliseconds>\n<secret>` with the secret as its key, and stands in the URL.

use super::message::{Line, Message, fitting};
use super::post::{Post, Receiver, check_code, check_status, hmac_base64, with_query, without_markup};
use entity::Millis;
use serde_json::json;

/// A request holds 20,000 bytes at most, with what JSON adds.
const TEXT_BYTES: usize = 12_000;

pub fn post(to: &Receiver, message: &Message, now: Millis) -> Post {
    let mentions = &to.mentions;
    let title = without_markup(&message.title);
    let called = mentions.phones.iter().chain(&mentions.ids).map(|who| format!("@{who}"));
    let called = called.collect::<Vec<_>>().join(" ");
    let heading = std::iter::once(format!("#### {title}"));
    // Paragraphs: a single line feed is none.
    let lines = message.lines.iter().map(|line| format!("\n{}", markdown(line)));
    let called = (!called.is_empty()).then(|| format!("\n{called}"));
    let text = fitting(heading.chain(called).chain(lines), TEXT_BYTES);
    let body = json!({
        "msgtype": "markdown",
        "markdown": { "title": title, "text": text },
        "at": {
            "atMobiles": mentions.phones,
            "atUserIds": mentions.ids,
            "isAtAll": mentions.everybody,
        },
    });
    Post::json(signed(to, now), &body)
}

fn signed(to: &Receiver, now: Millis) -> String {
    if to.secret.is_empty() {
        return to.url.clone();
    }
    let text = format!("{now}\n{}", to.secret);
    let sign = hmac_base64(to.secret.as_bytes(), text.as_bytes());
    with_query(&to.url, &[("timestamp", &now.to_string()), ("sign", &sign)])
}

fn markdown(line: &Line) -> String {
    let text = without_markup(&line.text);
    match &line.link {
        Some(link) => format!("[{text}]({link})"),
        None => text,
    }
}

/// # Errors
/// Why the message was not taken.
pub fn check(status: u16, body: &str) -> Result<(), String> {
    check_status(status, body)?;
    check_code(body, &["errcode"], "errmsg")
}
