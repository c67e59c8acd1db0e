use super::*;
use crate::Verdict;

fn item(run_id: i64, logged_at: Option<i64>, code: i32, text: &str) -> CallbackItem {
    CallbackItem { run_id, logged_at, outcome: CallbackOutcome { code, text: text.to_owned() } }
}

fn only_item(body: &str) -> CallbackItem {
    let parsed = parse_callbacks(body.as_bytes()).unwrap();
    assert_eq!(parsed.rejected, [], "{body}");
    assert_eq!(parsed.items.len(), 1, "{body}");
    parsed.items.into_iter().next().unwrap()
}

#[test]
fn every_generation_s_form_of_a_success_is_read() {
    let cases = [
        r#"[{"logId":9001,"logDateTim":1781000000000,"executeResult":{"code":200,"msg":"42 rows"}}]"#,
        r#"[{"logId":9001,"logDateTim":1781000000000,"handleCode":200,"handleMsg":"42 rows"}]"#,
        r#"{"callbackList":[{"logId":9001,"logDateTime":1781000000000,"handleCode":200,"handleMsg":"42 rows"}]}"#,
        r#"{"callbackList":{"logId":9001,"logDateTime":1781000000000,"handleCode":200,"handleMsg":"42 rows"}}"#,
        r#"{"logId":9001,"logDateTim":1781000000000,"handleCode":200,"handleMsg":"42 rows"}"#,
        r#" [{"logId":"9001","logDateTim":"1781000000000","handleCode":"200","handleMsg":"42 rows","x":1}] "#,
        r#"[{"logId":9001,"logDateTim":1781000000000,"handleCode":0,"executeResult":{"code":200,"msg":"42 rows"}}]"#,
        r#"[{"logId":9001,"logDateTim":1781000000000,"handleCode":200,"handleMsg":"42 rows","executeResult":{"code":500,"msg":"no"}}]"#,
    ];
    for body in cases {
        assert_eq!(only_item(body), item(9001, Some(1_781_000_000_000), 200, "42 rows"), "{body}");
    }
}

#[test]
fn a_text_of_any_json_type_is_kept_as_text() {
    let cases = [
        ("42", "42"),
        (r#"{"a":1}"#, r#"{"a":1}"#),
        ("[1,2]", "[1,2]"),
        ("true", "true"),
        ("null", ""),
        (r#""""#, ""),
        (r#""\u003cb\u003e 😀""#, "<b> 😀"),
    ];
    for (source, text) in cases {
        let body = format!(r#"[{{"logId":1,"handleCode":200,"handleMsg":{source}}}]"#);
        assert_eq!(only_item(&body), item(1, None, 200, text), "{source}");
    }
    assert_eq!(only_item(r#"[{"logId":1,"handleCode":200}]"#), item(1, None, 200, ""));
}

#[test]
fn the_verdict_follows_the_code_and_no_code_is_a_failure() {
    let cases = [
        (r#""handleCode":502,"handleMsg":"job execute timeout ""#, 502, Verdict::Timeout),
        (r#""handleCode":405"#, 405, Verdict::Failure),
        (r#""handleMsg":"x""#, 500, Verdict::Failure),
        (r#""handleCode":null"#, 500, Verdict::Failure),
        (r#""handleCode":"abc""#, 500, Verdict::Failure),
        (r#""handleCode":-1,"executeResult":{"code":0}"#, 500, Verdict::Failure),
        (r#""handleCode":99999999999"#, 500, Verdict::Failure),
        (r#""executeResult":"200""#, 500, Verdict::Failure),
    ];
    for (fields, code, verdict) in cases {
        let outcome = only_item(&format!(r#"[{{"logId":1,{fields}}}]"#)).outcome;
        assert_eq!((outcome.code, Verdict::of(outcome.code)), (code, verdict), "{fields}");
    }
}

#[test]
fn an_unreadable_item_is_reported_and_its_neighbours_are_kept() {
    let body = r#"[{"logId":1,"handleCode":200}, 7, {"handleCode":200}, {"logId":"x"}, {"logId":0},
        {"logId":2,"handleCode":1e999}, {"logId":3,"handleCode":500,"handleMsg":"cut \ud83d"}]"#;
    let parsed = parse_callbacks(body.as_bytes()).unwrap();
    assert_eq!(parsed.items, [item(1, None, 200, ""), item(3, None, 500, "cut \u{fffd}")]);
    let positions: Vec<_> = parsed.rejected.iter().map(|rejected| rejected.position).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    assert_eq!(parsed.rejected[0].excerpt, "7");
}

#[test]
fn empty_lists_are_no_error() {
    for body in ["[]", r#"{"callbackList":[]}"#, r#"{"callbackList":null}"#] {
        assert_eq!(parse_callbacks(body.as_bytes()), Ok(ParsedCallbacks::default()), "{body}");
    }
}

#[test]
fn a_body_that_is_no_list_of_callbacks_is_refused() {
    for body in ["", "   ", "7", "null", "\"x\"", "[", "[{]", "{", "[{}", "<html>", "\u{0}"] {
        assert!(parse_callbacks(body.as_bytes()).is_err(), "{body}");
    }
    let deep = "[".repeat(100_000);
    assert!(parse_callbacks(deep.as_bytes()).is_err());
}

#[test]
fn what_is_sent_can_be_read_by_both_kinds_of_server() {
    let callback = Callback {
        run_id: 9001,
        logged_at: 1_781_000_000_000,
        outcome: CallbackOutcome { code: 500, text: "no".to_owned() },
    };
    let body = serde_json::to_string(&[callback]).unwrap();
    assert_eq!(
        body,
        r#"[{"logId":9001,"logDateTim":1781000000000,"logDateTime":1781000000000,"handleCode":500,"handleMsg":"no","executeResult":{"code":500,"msg":"no"}}]"#
    );
    assert_eq!(only_item(&body), item(9001, Some(1_781_000_000_000), 500, "no"));
}
