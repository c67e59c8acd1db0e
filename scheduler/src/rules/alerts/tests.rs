//! What all formats have to keep to, whatever stands in the names and errors of others.

use super::content::Content;
use super::mentions::Mentions;
use super::message::{Alert, Item, Message, Purport, Subject, Wording};
use super::post::{Post, Receiver};
use super::{dingtalk, feishu, slack, webhook, wecom};
use entity::alert_rule::Event;
use entity::channel::Language;
use serde_json::Value;

const HOSTILE: &str = "[x](http://evil) <@all> <!channel> <at id=all></at> **b** `c`\n> feigned & <font>";

/// As long as an alert can be, of texts that feign markup.
fn worst() -> (Alert, Message) {
    let mut alert = Alert::test("orders:prod".to_owned());
    (alert.purport, alert.rule) = (Purport::Trouble, HOSTILE.to_owned());
    for run in 0..1_000 {
        let subject =
            Subject::Job { id: 1, name: format!("{HOSTILE} {}", "名".repeat(120)), run: Some(run) };
        let detail = format!("{HOSTILE}{}", "错".repeat(10_000));
        alert.add(Item { event: Event::Failed, subject, at: 0, detail, usual_ms: None });
    }
    let console = Some("https://o.example".to_owned());
    let message =
        alert.message(&Wording { language: Language::Zh, zone: chrono_tz::Asia::Shanghai, console });
    (alert, message)
}

fn to(mentions: &str) -> Receiver {
    let mentions = Mentions::parse(mentions).unwrap();
    Receiver { url: "https://h.example/x".to_owned(), secret: "s".to_owned(), mentions }
}

fn text(post: &Post, path: &str) -> String {
    let body: Value = serde_json::from_str(&post.body).unwrap();
    body.pointer(path).and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn no_text_of_others_becomes_markup_or_a_mention() {
    let (_, message) = worst();
    let markdown = [
        text(&wecom::post(&to(""), &message), "/markdown/content"),
        text(&dingtalk::post(&to(""), &message, 0), "/markdown/text"),
    ];
    for text in markdown {
        assert!(text.contains("］(http://evil) ＜@all＞"), "{text}");
        for markup in ["[x]", "<@", "<font", "**b", "`c"] {
            assert!(!text.contains(markup), "{markup}: {text}");
        }
    }
    let text = text(&slack::post(&to(""), &message), "/text");
    assert!(text.contains("&lt;!channel&gt;") && !text.contains("<!channel>") && !text.contains("<@"));
    assert!(message.lines.iter().all(|line| !line.text.contains('\n')), "no line is feigned");
}

#[test]
fn the_longest_message_fits_into_what_each_receiver_takes() {
    let (alert, message) = worst();
    assert!(text(&wecom::post(&to(""), &message), "/markdown/content").len() <= 4_096);
    assert!(text(&wecom::post(&to("all"), &message), "/text/content").len() <= 2_048);
    assert!(text(&slack::post(&to("all"), &message), "/text").len() <= 4_000);
    for post in [dingtalk::post(&to("all"), &message, 0), feishu::post(&to("all"), &message, 0)] {
        assert!(post.body.len() <= 20_000, "{}", post.body.len());
    }
    let alert = Content::Alert(alert);
    assert!(webhook::post(&to(""), &alert, &message, 0).body.len() <= 64 << 10);
}
