//! Slack's incoming webhooks. <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
//!
//! `&`, `<` and `>` are escaped, <https://docs.slack.dev/messaging/formatting-message-text>; people are
//! mentioned by their id. What was taken is answered with `ok`.

use super::message::{Line, Message, fitting};
use super::post::{Post, Receiver, check_status, unexpected};
use serde_json::json;

/// Longer texts are cut by Slack.
const TEXT_BYTES: usize = 4_000;

pub fn post(to: &Receiver, message: &Message) -> Post {
    let all = to.mentions.everybody.then(|| "<!channel>".to_owned());
    let called: Vec<String> = to.mentions.ids.iter().map(|id| format!("<@{id}>")).chain(all).collect();
    let title = std::iter::once(format!("*{}*", escaped(&message.title).replace('*', "∗")));
    let called = (!called.is_empty()).then(|| called.join(" "));
    let lines = message.lines.iter().map(formatted);
    let text = fitting(title.chain(called).chain(lines), TEXT_BYTES);
    Post::json(to.url.clone(), &json!({ "text": text, "unfurl_links": false }))
}

fn formatted(line: &Line) -> String {
    let text = escaped(&line.text);
    match &line.link {
        Some(link) => format!("<{}|{}>", escaped(link), text.replace('|', "¦")),
        None => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// # Errors
/// Why the message was not taken.
pub fn check(status: u16, body: &str) -> Result<(), String> {
    check_status(status, body)?;
    if body.trim() == "ok" { Ok(()) } else { Err(unexpected(body)) }
}
