//! Feishu's (Lark's) custom robots. <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>
//!
//! A rich text, in which nothing has to be escaped; people are mentioned by their id. The signature is that of
//! nothing, with `<seconds>\n<secret>` as its key, and stands in the body.

use super::message::{Line, Message, cut};
use super::post::{Post, Receiver, check_code, check_status, hmac_base64};
use entity::Millis;
use serde_json::{Value, json};

/// A request holds 20 KB at most, with what JSON adds.
const LINE_BYTES: usize = 1_500;
const TITLE_BYTES: usize = 1_000;

pub fn post(to: &Receiver, message: &Message, now: Millis) -> Post {
    let mut content: Vec<Value> = message.lines.iter().map(|line| json!([rich(line)])).collect();
    let all = to.mentions.everybody.then_some("all");
    let called = to.mentions.ids.iter().map(String::as_str).chain(all);
    let called: Vec<Value> = called.map(|id| json!({ "tag": "at", "user_id": id })).collect();
    if !called.is_empty() {
        content.push(Value::Array(called));
    }
    let title = cut(&message.title, TITLE_BYTES);
    let mut body = json!({
        "msg_type": "post",
        "content": { "post": { "zh_cn": { "title": title, "content": content } } },
    });
    if !to.secret.is_empty() {
        let seconds = now / 1_000;
        let key = format!("{seconds}\n{}", to.secret);
        body["timestamp"] = json!(seconds.to_string());
        body["sign"] = json!(hmac_base64(key.as_bytes(), b""));
    }
    Post::json(to.url.clone(), &body)
}

fn rich(line: &Line) -> Value {
    let text = cut(&line.text, LINE_BYTES);
    match &line.link {
        Some(link) => json!({ "tag": "a", "text": text, "href": link }),
        None => json!({ "tag": "text", "text": text }),
    }
}

/// # Errors
/// Why the message was not taken.
pub fn check(status: u16, body: &str) -> Result<(), String> {
    check_status(status, body)?;
    check_code(body, &["code", "StatusCode"], "msg")
}
