//! Channels: what is stored, what is shown of it, and what each kind of receiver gets. Formats and signatures are
//! compared with what the vendors' pages say, not with what our code says: the signatures here were computed as the
//! examples in Python there do.

use super::hooks::{Behaviour, Hook, MailServer, alerts};
use super::support::{START, World, faults};
use entity::channel::{ChannelKind, Language, Model as Channel};
use entity::delivery::DeliveryState;
use entity::fault::Fault;
use scheduler::alert_rules::{self, AlertRuleEdit};
use scheduler::alerts::Alerts;
use scheduler::channels::{self, ChannelEdit};
use scheduler::rules::digest::hmac;
use scheduler::{Error, Refusal, namespaces};
use serde_json::{Value, json};

pub fn typed(kind: ChannelKind, target: &str) -> ChannelEdit {
    ChannelEdit {
        name: format!("to {}", kind.as_str()),
        kind,
        target: target.to_owned(),
        secret: String::new(),
        unsign: false,
        mentions: String::new(),
        language: Language::En,
        zone: "UTC".to_owned(),
    }
}

/// A channel in `default:default`.
pub async fn channel(world: &World, alerts: &Alerts, typed: ChannelEdit) -> Channel {
    let namespace = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    channels::create(alerts, &world.root, namespace.id, &typed).await.unwrap()
}

/// What a channel's test comes to.
async fn tried(world: &World, alerts: &Alerts, channel: &Channel) -> (DeliveryState, String) {
    let delivery = channels::test(alerts, &world.root, channel.id).await.unwrap();
    assert_eq!((delivery.attempts, delivery.next_at), (1, None), "a test is tried once");
    (delivery.state, delivery.answer)
}

/// The body that a hook of this kind gets.
async fn body(world: &World, answer: &str, typed: ChannelEdit) -> (Hook, Value) {
    let (hook, alerts) = (Hook::saying(answer).await, alerts(world, None));
    let typed = ChannelEdit { target: hook.url.clone(), ..typed };
    let channel = channel(world, &alerts, typed).await;
    assert_eq!(tried(world, &alerts, &channel).await.0, DeliveryState::Sent);
    let received = hook.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].headers["content-type"], "application/json; charset=utf-8");
    (hook, received[0].json())
}

const TITLE: &str = "[default:default] Test message";
const WORKS: &str = "The channel works: alerts will come here.";
const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

#[tokio::test]
async fn wecom_gets_markdown_and_a_text_where_people_are_mentioned() {
    let world = World::new().await;
    let plain = typed(ChannelKind::Wecom, "");
    let (_, got) = body(&world, OK, plain.clone()).await;
    // What would be markup is written full-width.
    let content = format!("**［default:default］ Test message**\n> {WORKS}");
    assert_eq!(got, json!({ "msgtype": "markdown", "markdown": { "content": content } }));
    let calling = ChannelEdit {
        name: "calling".to_owned(),
        mentions: "13800000000\nzhangsan\nall".to_owned(),
        language: Language::Zh,
        ..plain
    };
    let (_, got) = body(&world, OK, calling).await;
    let content = "[default:default] 测试消息\n渠道已接通，告警会发到这里。";
    assert_eq!(
        got,
        json!({ "msgtype": "text", "text": {
            "content": content,
            "mentioned_list": ["zhangsan", "@all"],
            "mentioned_mobile_list": ["13800000000"],
        }})
    );
}

#[tokio::test]
async fn dingtalk_gets_markdown_signed_in_the_url_and_whom_to_call() {
    let world = World::new().await;
    let signed = ChannelEdit {
        secret: "SECdingtalk".to_owned(),
        mentions: "13800000000\nmanager1".to_owned(),
        ..typed(ChannelKind::Dingtalk, "")
    };
    let (hook, got) = body(&world, OK, signed).await;
    assert_eq!(got["msgtype"], "markdown");
    assert_eq!(
        got["at"],
        json!({ "atMobiles": ["13800000000"], "atUserIds": ["manager1"], "isAtAll": false })
    );
    // DingTalk calls only those that stand in the text, too.
    let text = got["markdown"]["text"].as_str().unwrap();
    assert!(text.contains("@13800000000 @manager1") && text.contains(WORKS), "{text}");
    let query =
        format!("access_token=k3y&timestamp={START}&sign=AEUPv9t2rT1gykJikNJWxNLh4YjAnmZQd2fI2ny8DI0%3D");
    assert_eq!(hook.received()[0].uri.query(), Some(query.as_str()));
}

#[tokio::test]
async fn feishu_gets_a_rich_text_signed_in_the_body() {
    let world = World::new().await;
    let signed = ChannelEdit {
        secret: "feishu-secret".to_owned(),
        mentions: "ou_1\nall".to_owned(),
        ..typed(ChannelKind::Feishu, "")
    };
    let (_, got) = body(&world, r#"{"code":0,"msg":"success","data":{}}"#, signed).await;
    let lines = json!([
        [{ "tag": "text", "text": WORKS }],
        [{ "tag": "at", "user_id": "ou_1" }, { "tag": "at", "user_id": "all" }],
    ]);
    assert_eq!(
        got,
        json!({
            "timestamp": (START / 1_000).to_string(),
            "sign": "PJbOVHMMDiPi4DjFzJbbC7BUrc5GJcWUulfm2Pr7mRQ=",
            "msg_type": "post",
            "content": { "post": { "zh_cn": { "title": TITLE, "content": lines } } },
        })
    );
}

#[tokio::test]
async fn slack_gets_its_markup_and_any_hook_the_alert_with_a_signature() {
    let world = World::new().await;
    let calling = ChannelEdit { mentions: "U012AB\nall".to_owned(), ..typed(ChannelKind::Slack, "") };
    let (_, got) = body(&world, "ok", calling).await;
    let text = format!("*{TITLE}*\n<@U012AB> <!channel>\n{WORKS}");
    assert_eq!(got, json!({ "text": text, "unfurl_links": false }));
    let signed = ChannelEdit { secret: "webhook".to_owned(), ..typed(ChannelKind::Webhook, "") };
    let (hook, got) = body(&world, "whatever", signed).await;
    assert_eq!((&got["title"], &got["lines"]), (&json!(TITLE), &json!([WORKS])));
    assert_eq!(got["alert"]["purport"], "test");
    let received = &hook.received()[0];
    assert_eq!(received.headers["x-orrery-timestamp"], START.to_string());
    let mac = hmac(b"webhook", format!("{START}.{}", received.body).as_bytes());
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(received.headers["x-orrery-signature"], hex);
}

#[tokio::test]
async fn an_error_with_status_200_a_redirect_a_status_and_silence_are_failures() {
    let world = World::new().await;
    let (hook, alerts) = (Hook::new().await, alerts(&world, None));
    let robot = channel(&world, &alerts, typed(ChannelKind::Dingtalk, &hook.url)).await;
    let metadata = "http://169.254.169.254/latest/meta-data".to_owned();
    let says = |status, text: &str| Behaviour::Says(status, text.to_owned());
    for (behaviour, said) in [
        (says(200, r#"{"errcode":310000,"errmsg":"sign not match"}"#), "310000: sign not match"),
        (says(200, "<html>"), "unexpected answer: <html>"),
        (says(503, "overloaded\nnow"), "HTTP 503: overloaded now"),
        (Behaviour::Redirects(metadata), "HTTP 307: redirects are not followed"),
        (Behaviour::Hangs, "no answer within 500ms"),
    ] {
        hook.behave(behaviour);
        assert_eq!(tried(&world, &alerts, &robot).await, (DeliveryState::Failed, said.to_owned()));
    }
    assert_eq!(hook.received().len(), 5, "none of them was followed anywhere");
}

#[tokio::test]
async fn a_letter_has_its_subject_and_body_and_a_refusal_is_told() {
    let world = World::new().await;
    let (server, mailer) = MailServer::start().await;
    let alerts = alerts(&world, Some(mailer));
    let both = "ops@o.example\ndev@o.example";
    let letters = channel(&world, &alerts, typed(ChannelKind::Email, both)).await;
    let (state, answer) = tried(&world, &alerts, &letters).await;
    assert_eq!((state, &*answer), (DeliveryState::Sent, "queued as 1"));
    let letter = server.letters().remove(0);
    for part in [
        "MAIL FROM:<orrery@o.example>",
        "RCPT TO:<ops@o.example>",
        "RCPT TO:<dev@o.example>",
        &format!("Subject: {TITLE}"),
        "From: \"Orrery\" <orrery@o.example>",
        WORKS,
    ] {
        assert!(letter.contains(part) || letter.contains(&part.replace('"', "")), "{part}: {letter}");
    }
    server.refused.lock().unwrap().push("dev@".to_owned());
    let (state, answer) = tried(&world, &alerts, &letters).await;
    assert_eq!(state, DeliveryState::Failed);
    assert!(answer.contains("nobody of that name"), "{answer}");
}

#[tokio::test]
async fn each_wrong_field_of_a_channel_is_named() {
    let world = World::new().await;
    let alerts = alerts(&world, None);
    let namespace = namespaces::ensure(&world.services, "default", "default").await.unwrap();
    let create =
        async |edit: ChannelEdit| faults(channels::create(&alerts, &world.root, namespace.id, &edit).await);
    let wrong = ChannelEdit {
        name: " ".to_owned(),
        secret: "x".repeat(256),
        mentions: "a b".to_owned(),
        zone: "Mars".to_owned(),
        ..typed(ChannelKind::Dingtalk, "ftp://h")
    };
    let line = Fault::Line { number: 1, text: "a b".to_owned() };
    assert_eq!(
        create(wrong).await,
        [
            ("name", Fault::Required),
            ("target", Fault::Url),
            ("secret", Fault::TooLong { max: 255 }),
            ("mentions", line),
            ("zone", Fault::Zone),
        ]
    );
    for url in ["http://169.254.169.254/x", "http://10.0.0.1/x", "http://[::1]/x"] {
        assert_eq!(create(typed(ChannelKind::Slack, url)).await, [("target", Fault::Url)]);
    }
    assert_eq!(create(typed(ChannelKind::Slack, "")).await, [("target", Fault::Required)]);
    assert_eq!(create(typed(ChannelKind::Email, "a@b.example")).await, [("kind", Fault::NoMailServer)]);
    let good = typed(ChannelKind::Slack, "https://hooks.example/x");
    channel(&world, &alerts, good.clone()).await;
    assert!(matches!(&create(good).await[..], [("name", Fault::Taken { id: Some(_) })]));
}

#[tokio::test]
async fn an_address_and_a_secret_are_written_and_never_shown() {
    let world = World::new().await;
    let (hook, alerts) = (Hook::new().await, alerts(&world, None));
    let secret = ChannelEdit { secret: "SECdingtalk".to_owned(), ..typed(ChannelKind::Dingtalk, &hook.url) };
    let robot = channel(&world, &alerts, secret).await;
    let view = channels::get(&world.services, &world.root, robot.id).await.unwrap();
    assert!(!format!("{view:?}").contains("k3y") && !format!("{view:?}").contains("SECdingtalk"));
    assert!(view.target.starts_with("http://127.0.0.1:") && view.target.ends_with("/***"), "{view:?}");
    assert!(view.signed);
    // Left empty, both stay as they are.
    let renamed = ChannelEdit { name: "robot".to_owned(), ..typed(ChannelKind::Dingtalk, "") };
    let robot = channels::edit(&alerts, &world.root, robot.id, 1, &renamed).await.unwrap();
    assert_eq!((&*robot.target, &*robot.secret, robot.version), (&*hook.url, "SECdingtalk", 2));
    let again = channels::edit(&alerts, &world.root, robot.id, 1, &renamed).await;
    assert!(matches!(again, Err(Error::Conflict(2))));
    let unsigned = ChannelEdit { unsign: true, ..renamed };
    let robot = channels::edit(&alerts, &world.root, robot.id, 2, &unsigned).await.unwrap();
    assert_eq!(robot.secret, "");
    // What belongs to one kind is not sent to another.
    let moved = typed(ChannelKind::Slack, "");
    let refused = channels::edit(&alerts, &world.root, robot.id, 3, &moved).await;
    assert_eq!(faults(refused), [("target", Fault::Required)]);
}

#[tokio::test]
async fn a_channel_that_rules_name_is_not_deleted_and_foreign_ones_do_not_exist() {
    let world = World::new().await;
    let alerts = alerts(&world, None);
    let used = channel(&world, &alerts, typed(ChannelKind::Slack, "https://hooks.example/x")).await;
    let rule = AlertRuleEdit {
        name: "all".to_owned(),
        events: vec![entity::alert_rule::Event::Failed],
        channels: vec![used.id],
        ..Default::default()
    };
    let rule = alert_rules::create(&world.services, &world.root, used.namespace_id, &rule).await.unwrap();
    let refused = channels::delete(&world.services, &world.root, used.id).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::ChannelHasRules(1)))));
    let stranger = &world.stranger();
    assert_eq!(channels::list(&world.services, stranger).await.unwrap(), []);
    let edit = typed(ChannelKind::Slack, "https://hooks.example/y");
    for result in [
        channels::get(&world.services, stranger, used.id).await.map(drop),
        channels::create(&alerts, stranger, used.namespace_id, &edit).await.map(drop),
        channels::edit(&alerts, stranger, used.id, 1, &edit).await.map(drop),
        channels::test(&alerts, stranger, used.id).await.map(drop),
        channels::delete(&world.services, stranger, used.id).await,
        alert_rules::get(&world.services, stranger, rule.id).await.map(drop),
        alert_rules::silence(&world.services, stranger, rule.id, None).await,
        alert_rules::delete(&world.services, stranger, rule.id).await,
    ] {
        assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
    }
    alert_rules::delete(&world.services, &world.root, rule.id).await.unwrap();
    channels::delete(&world.services, &world.root, used.id).await.unwrap();
}
