use super::*;

fn item(name: &str, run: i64, detail: &str) -> Item {
    let subject = Subject::Job { id: 7, name: name.to_owned(), run: Some(run) };
    // 2026-11-21T00:00:00Z.
    Item { event: Event::Failed, subject, at: 1_795_219_200_000, detail: detail.to_owned(), usual_ms: None }
}

fn alert(items: impl IntoIterator<Item = Item>) -> Alert {
    let mut alert = Alert {
        purport: Purport::Trouble,
        rule: "nightly".to_owned(),
        ..Alert::test("orders:prod".to_owned())
    };
    items.into_iter().for_each(|item| alert.add(item));
    alert
}

fn wording(language: Language) -> Wording {
    Wording { language, zone: chrono_tz::Asia::Shanghai, console: Some("https://o.example/".to_owned()) }
}

#[test]
fn one_failure_names_its_job_its_run_and_the_error_and_leads_to_it() {
    let message = alert([item("invoices", 42, "exit\ncode 1")]).message(&wording(Language::En));
    assert_eq!(message.title, "[orders:prod] Failed: invoices");
    assert_eq!(message.lines[0].text, "2026-11-21 08:00:00 CST Failed #7 invoices (42): exit code 1");
    assert_eq!(message.lines[0].link.as_deref(), Some("https://o.example/runs/42"));
    assert_eq!(message.lines[1].text, "Rule: nightly");
    let message = alert([item("对账", 42, "退出码 1")]).message(&wording(Language::Zh));
    assert_eq!(message.title, "[orders:prod] 失败：对账");
    assert_eq!(message.lines[0].text, "2026-11-21 08:00:00 CST 失败 #7 对账 (42)：退出码 1");
}

#[test]
fn what_takes_longer_stands_beside_what_is_usual() {
    let longer = Item { event: Event::Longer, usual_ms: Some(299_100), ..item("invoices", 42, "> 600 s") };
    let said = |language| alert([longer.clone()]).message(&wording(language));
    assert_eq!(said(Language::En).title, "[orders:prod] Longer than usual: invoices");
    assert!(said(Language::En).lines[0].text.ends_with("invoices (42): > 600 s (usually 300 s)"));
    assert!(said(Language::Zh).lines[0].text.ends_with("耗时异常 #7 invoices (42)：> 600 s（通常 300 秒）"));
}

#[test]
fn of_many_the_first_few_are_named_and_all_are_counted() {
    let late = Item { event: Event::Late, ..item("last", 101, "") };
    let many = alert((1..=100).map(|run| item("invoices", run, "")).chain([late]));
    let message = many.message(&wording(Language::En));
    assert_eq!(message.title, "[orders:prod] Failed 100, Late 1");
    assert_eq!(message.lines.len(), NAMED + 2);
    assert_eq!(message.lines[NAMED].text, "and 96 more");
    assert_eq!(many.message(&wording(Language::Zh)).title, "[orders:prod] 失败 100、迟到 1");
}

#[test]
fn a_recovery_and_an_escalation_say_so() {
    let told = |purport, language| {
        let alert = Alert { purport, ..alert([item("a", 1, ""), item("b", 2, "")]) };
        alert.message(&wording(language)).title
    };
    assert_eq!(told(Purport::Recovery, Language::En), "[orders:prod] Recovered: a, b");
    assert_eq!(told(Purport::Recovery, Language::Zh), "[orders:prod] 已恢复：a、b");
    let minutes = Purport::Escalation { minutes: 30 };
    assert_eq!(told(minutes, Language::En), "[orders:prod] Not recovered for 30 min: a, b");
}

#[test]
fn whole_lines_fit_into_the_bytes_and_characters_are_never_cut() {
    let lines = || ["一二三".to_owned(), "四五六".to_owned(), "七八九".to_owned()];
    assert_eq!(fitting(lines(), 100), "一二三\n四五六\n七八九");
    let short = fitting(lines(), 25);
    assert_eq!(short, "一二三\n四五六\n…");
    assert!(short.len() <= 25);
    assert_eq!(fitting(["一二三".to_owned()], 11), "一二");
    assert_eq!(cut("一二", 4), "一");
}

#[test]
fn an_alert_is_read_again_as_it_was_written() {
    let written = alert([item("invoices", 42, "x")]);
    let json = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<Alert>(&json).unwrap(), written);
}
