//! WeCom's group robots. <https://developer.work.weixin.qq.com/document/path/99110>
//!
//! Markdown of at most 4,096 bytes; people are mentioned by phone number only in a plain text, of at most
//! 2,048 bytes.

use super::message::{Line, Message, fitting};
use super::post::{Post, Receiver, check_code, check_status, without_markup};
use serde_json::json;

const MARKDOWN_BYTES: usize = 4_096;
const TEXT_BYTES: usize = 2_048;

pub fn post(to: &Receiver, message: &Message) -> Post {
    let mentions = &to.mentions;
    let body = if mentions.is_empty() {
        let title = format!("**{}**", without_markup(&message.title));
        let lines = message.lines.iter().map(markdown);
        let content = fitting(std::iter::once(title).chain(lines), MARKDOWN_BYTES);
        json!({ "msgtype": "markdown", "markdown": { "content": content } })
    } else {
        let lines = message.lines.iter().map(plain);
        let content = fitting(std::iter::once(message.title.clone()).chain(lines), TEXT_BYTES);
        let all = mentions.everybody.then(|| "@all".to_owned());
        let ids: Vec<String> = mentions.ids.iter().cloned().chain(all).collect();
        json!({
            "msgtype": "text",
            "text": { "content": content, "mentioned_list": ids, "mentioned_mobile_list": mentions.phones },
        })
    };
    Post::json(to.url.clone(), &body)
}

fn markdown(line: &Line) -> String {
    let text = without_markup(&line.text);
    match &line.link {
        Some(link) => format!("> [{text}]({link})"),
        None => format!("> {text}"),
    }
}

/// A line and, below it, where it leads.
fn plain(line: &Line) -> String {
    match &line.link {
        Some(link) => format!("{}\n{link}", line.text),
        None => line.text.clone(),
    }
}

/// # Errors
/// Why the message was not taken.
pub fn check(status: u16, body: &str) -> Result<(), String> {
    check_status(status, body)?;
    check_code(body, &["errcode"], "errmsg")
}
