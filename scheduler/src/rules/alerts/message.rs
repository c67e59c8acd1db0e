//! What an alert says, in the words of its channel's language.

use chrono::DateTime;
use chrono_tz::Tz;
use entity::Millis;
use entity::alert_rule::Event;
use entity::channel::Language;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Items that a message names; the others are counted.
pub const NAMED: usize = 5;
/// Characters of an item's detail.
pub const DETAIL: usize = 200;

/// What happened, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub purport: Purport,
    /// `business:service`.
    pub namespace: String,
    /// The rule's name; empty for a test.
    pub rule: String,
    /// How often each event happened.
    pub counts: BTreeMap<Event, u32>,
    /// The first few of what happened.
    pub items: Vec<Item>,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purport {
    Trouble,
    Recovery,
    /// What has lasted for so many minutes.
    Escalation {
        minutes: i64,
    },
    Test,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub event: Event,
    pub subject: Subject,
    pub at: Millis,
    /// The executor's words, or how late something is.
    pub detail: String,
    /// What its job usually takes, where it takes longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_ms: Option<Millis>,
}

/// What it happened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Subject {
    Job { id: i32, name: String, run: Option<i64> },
    Executor { id: i32, name: String },
}

impl Subject {
    pub fn name(&self) -> &str {
        match self {
            Self::Job { name, .. } | Self::Executor { name, .. } => name,
        }
    }

    /// Where the console shows it.
    fn path(&self) -> String {
        match self {
            Self::Job { run: Some(run), .. } => format!("/runs/{run}"),
            Self::Job { id, .. } => format!("/jobs/{id}"),
            Self::Executor { id, .. } => format!("/executors/{id}"),
        }
    }
}

/// An alert in words. Nothing in it is escaped yet: each receiver's format does that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub title: String,
    pub lines: Vec<Line>,
}

/// A line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
}

impl Line {
    pub(super) fn plain(text: String) -> Self {
        Self { text, link: None }
    }
}

/// How a message is worded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    pub language: Language,
    pub zone: Tz,
    /// The console's address; none = without links.
    pub console: Option<String>,
}

impl Alert {
    /// The alert that a channel's test sends.
    pub fn test(namespace: String) -> Self {
        Self {
            purport: Purport::Test,
            namespace,
            rule: String::new(),
            counts: BTreeMap::new(),
            items: vec![],
        }
    }

    /// Adds what happened; of the later ones only the number.
    pub fn add(&mut self, mut item: Item) {
        *self.counts.entry(item.event).or_default() += 1;
        if self.items.len() < NAMED {
            item.detail = one_line(&item.detail).chars().take(DETAIL).collect();
            self.items.push(item);
        }
    }

    pub fn count(&self) -> u32 {
        self.counts.values().sum()
    }

    /// In words.
    pub fn message(&self, wording: &Wording) -> Message {
        let is_zh = wording.language == Language::Zh;
        let mut lines: Vec<Line> = self.items.iter().map(|item| self.line(item, wording)).collect();
        let more = self.count().saturating_sub(self.items.len() as u32);
        if more > 0 {
            lines.push(Line::plain(if is_zh {
                format!("另有 {more} 条")
            } else {
                format!("and {more} more")
            }));
        }
        match (self.purport, is_zh) {
            (Purport::Test, true) => lines.push(Line::plain("渠道已接通，告警会发到这里。".to_owned())),
            (Purport::Test, false) => {
                lines.push(Line::plain("The channel works: alerts will come here.".to_owned()));
            }
            (_, true) => lines.push(Line::plain(format!("规则：{}", one_line(&self.rule)))),
            (_, false) => lines.push(Line::plain(format!("Rule: {}", one_line(&self.rule)))),
        }
        Message { title: one_line(&format!("[{}] {}", self.namespace, self.title(is_zh))), lines }
    }

    fn title(&self, is_zh: bool) -> String {
        let what = match (&*self.items, self.count(), self.purport) {
            ([item], 1, _) => item.subject.name().to_owned(),
            (.., Purport::Trouble) => self.counted(is_zh),
            _ => self.named(is_zh),
        };
        match (self.purport, is_zh) {
            (Purport::Test, true) => "测试消息".to_owned(),
            (Purport::Test, false) => "Test message".to_owned(),
            (Purport::Recovery, true) => format!("已恢复：{what}"),
            (Purport::Recovery, false) => format!("Recovered: {what}"),
            (Purport::Escalation { minutes }, true) => format!("{minutes} 分钟未恢复：{what}"),
            (Purport::Escalation { minutes }, false) => format!("Not recovered for {minutes} min: {what}"),
            (Purport::Trouble, _) => match (&*self.items, self.count(), is_zh) {
                ([item], 1, true) => format!("{}：{what}", event_word(item.event, is_zh)),
                ([item], 1, false) => format!("{}: {what}", event_word(item.event, is_zh)),
                _ => what,
            },
        }
    }

    /// The names of the first few, and how many more there are.
    fn named(&self, is_zh: bool) -> String {
        let names: Vec<&str> = self.items.iter().map(|item| item.subject.name()).collect();
        let names = names.join(if is_zh { "、" } else { ", " });
        match (self.count().saturating_sub(self.items.len() as u32), is_zh) {
            (0, _) => names,
            (more, true) => format!("{names} 等 {} 项", more + self.items.len() as u32),
            (more, false) => format!("{names} and {more} more"),
        }
    }

    /// Each event with its number.
    fn counted(&self, is_zh: bool) -> String {
        let parts = self.counts.iter().map(|(event, count)| format!("{} {count}", event_word(*event, is_zh)));
        parts.collect::<Vec<_>>().join(if is_zh { "、" } else { ", " })
    }

    fn line(&self, item: &Item, wording: &Wording) -> Line {
        let is_zh = wording.language == Language::Zh;
        let word = match (self.purport, is_zh) {
            (Purport::Recovery, true) => "恢复",
            (Purport::Recovery, false) => "Recovered",
            _ => event_word(item.event, is_zh),
        };
        let subject = match &item.subject {
            Subject::Job { id, name, run: Some(run) } => format!("#{id} {name} ({run})"),
            Subject::Job { id, name, run: None } => format!("#{id} {name}"),
            Subject::Executor { name, .. } => name.clone(),
        };
        let mut text = format!("{} {word} {}", clock_time(item.at, wording.zone), one_line(&subject));
        if !item.detail.is_empty() {
            text.push_str(if is_zh { "：" } else { ": " });
            text.push_str(&item.detail);
        }
        if let Some(usual) = item.usual_ms {
            let usual = seconds(usual);
            text.push_str(&if is_zh {
                format!("（通常 {usual} 秒）")
            } else {
                format!(" (usually {usual} s)")
            });
        }
        let link = wording.console.as_ref();
        Line { text, link: link.map(|base| format!("{}{}", base.trim_end_matches('/'), item.subject.path())) }
    }
}

/// The event's word.
pub fn event_word(event: Event, is_zh: bool) -> &'static str {
    let (zh, en) = match event {
        Event::Failed => ("失败", "Failed"),
        Event::TimedOut => ("超时", "Timed out"),
        Event::Lost => ("失联", "Lost"),
        Event::Missed => ("未执行", "Not executed"),
        Event::Late => ("迟到", "Late"),
        Event::Long => ("执行过久", "Running long"),
        Event::Offline => ("执行器离线", "Executor offline"),
        Event::AutoPaused => ("连续失败已停止", "Stopped after failures"),
        Event::Longer => ("耗时异常", "Longer than usual"),
        Event::NotStarted => ("未按时开始", "Not started in time"),
        Event::NotFinished => ("未按时完成", "Not finished in time"),
    };
    if is_zh { zh } else { en }
}

fn clock_time(at: Millis, zone: Tz) -> String {
    let time = DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone);
    time.format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// In seconds, rounded up: what takes any time takes more than none.
pub fn seconds(ms: Millis) -> Millis {
    ms.max(0).saturating_add(999) / 1_000
}

/// Without line breaks and other control characters, which could feign lines of ours.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As many of the texts as fit into so many bytes, one a line; the first is cut rather than left out.
pub fn fitting(texts: impl IntoIterator<Item = String>, bytes: usize) -> String {
    const MORE: &str = "\n…";
    let mut whole = String::new();
    for text in texts {
        let room = bytes.saturating_sub(whole.len() + MORE.len());
        if whole.is_empty() {
            whole = cut(&text, room);
        } else if text.len() < room {
            whole.push('\n');
            whole.push_str(&text);
        } else {
            whole.push_str(MORE);
            break;
        }
    }
    whole
}

/// The beginning of a text, of so many bytes at most.
pub fn cut(text: &str, bytes: usize) -> String {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
