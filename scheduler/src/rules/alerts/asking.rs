//! What the channel of a namespace's approvals is told: that somebody wants to change something, and the code
//! that approving it takes.

use super::message::{Line, Message, Wording, one_line};
use entity::audit_entry::{Noun, Verb};
use entity::channel::Language;
use serde::{Deserialize, Serialize};

/// A change that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub approval: i32,
    /// `business:service`.
    pub namespace: String,
    pub submitter: String,
    pub noun: Noun,
    pub verb: Verb,
    pub object: String,
    /// Only while it is being sent: nothing stores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Asking {
    /// In words.
    pub fn message(&self, wording: &Wording) -> Message {
        let is_zh = wording.language == Language::Zh;
        let object = one_line(&self.object);
        let (noun, verb) = (noun_word(self.noun, is_zh), verb_word(self.verb, is_zh));
        let title = match is_zh {
            true => format!("[{}] 待审批：{verb}{noun} {object}", self.namespace),
            false => format!("[{}] Approval wanted: {verb} {noun} {object}", self.namespace),
        };
        let link = wording.console.as_ref().map(|console| format!("{console}/approvals/{}", self.approval));
        let mut lines = vec![
            Line::plain(labelled(is_zh, "Submitted by", "提交人", &one_line(&self.submitter))),
            Line { text: labelled(is_zh, "Approval", "审批单", &format!("#{}", self.approval)), link },
        ];
        if let Some(code) = &self.code {
            lines.push(Line::plain(labelled(is_zh, "Code", "验证码", code)));
        }
        Message { title: one_line(&title), lines }
    }
}

fn labelled(is_zh: bool, en: &str, zh: &str, value: &str) -> String {
    if is_zh { format!("{zh}：{value}") } else { format!("{en}: {value}") }
}

fn noun_word(noun: Noun, is_zh: bool) -> &'static str {
    match (noun, is_zh) {
        (Noun::Job, true) => "任务",
        (Noun::Job, false) => "job",
        (Noun::Run, true) => "运行",
        (Noun::Run, false) => "run",
        (Noun::Executor, true) => "执行器",
        (Noun::Executor, false) => "executor",
        (Noun::Calendar, true) => "日历",
        (Noun::Calendar, false) => "calendar",
        (_, true) => "命名空间",
        (_, false) => "namespace",
    }
}

fn verb_word(verb: Verb, is_zh: bool) -> &'static str {
    match (verb, is_zh) {
        (Verb::Create, true) => "新建",
        (Verb::Create, false) => "create",
        (Verb::Delete, true) => "删除",
        (Verb::Delete, false) => "delete",
        (Verb::Start, true) => "启动",
        (Verb::Start, false) => "start",
        (Verb::Stop, true) => "停止",
        (Verb::Stop, false) => "stop",
        (Verb::Disable, true) => "禁用",
        (Verb::Disable, false) => "disable",
        (Verb::Enable, true) => "启用",
        (Verb::Enable, false) => "enable",
        (Verb::SaveSource, true) => "修改代码：",
        (Verb::SaveSource, false) => "change the code of",
        (Verb::Run, true) => "立即执行",
        (Verb::Run, false) => "run",
        (Verb::Backfill, true) => "补跑",
        (Verb::Backfill, false) => "backfill",
        (Verb::Replay, true) => "重跑",
        (Verb::Replay, false) => "replay",
        (Verb::Kill, true) => "终止",
        (Verb::Kill, false) => "kill",
        (_, true) => "修改",
        (_, false) => "edit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    fn asking(code: Option<&str>) -> Asking {
        Asking {
            approval: 12,
            namespace: "finance:settlement".to_owned(),
            submitter: "ada".to_owned(),
            noun: Noun::Job,
            verb: Verb::Edit,
            object: "T+1\nfile".to_owned(),
            code: code.map(str::to_owned),
        }
    }

    fn wording(language: Language) -> Wording {
        Wording { language, zone: Tz::UTC, console: Some("https://orrery.example".to_owned()) }
    }

    #[test]
    fn a_message_names_submitter_kind_object_and_code_and_leads_to_the_approval() {
        let said = asking(Some("Ab3dEf")).message(&wording(Language::En));
        assert_eq!(said.title, "[finance:settlement] Approval wanted: edit job T+1 file");
        let texts: Vec<&str> = said.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["Submitted by: ada", "Approval: #12", "Code: Ab3dEf"]);
        assert_eq!(said.lines[1].link.as_deref(), Some("https://orrery.example/approvals/12"));
        let said = asking(Some("Ab3dEf")).message(&wording(Language::Zh));
        assert_eq!(said.title, "[finance:settlement] 待审批：修改任务 T+1 file");
        assert_eq!(said.lines[2].text, "验证码：Ab3dEf");
    }

    #[test]
    fn what_is_stored_has_no_code() {
        let stored = serde_json::to_string(&asking(None)).unwrap();
        assert!(!stored.contains("code"), "{stored}");
    }
}
