use super::*;

/// The answer read in pieces of so many bytes.
fn scan(body: &[u8], piece: usize) -> (LogScan, Vec<String>) {
    let mut scan = LogScan::default();
    let mut lines = Vec::new();
    for bytes in body.chunks(piece) {
        scan.feed(bytes);
        lines.append(&mut scan.take_lines());
    }
    (scan, lines)
}

#[test]
fn lines_come_out_however_the_answer_is_broken_into_pieces() {
    let chunk = r#"{"fromLineNum":1,"toLineNum":3,"logContent":"a\nb \"x\" \u00e4\ud83d\ude00\r\n<br>","isEnd":true}"#;
    for body in [
        format!(r#"{{"code":200,"msg":null,"content":{chunk}}}"#),
        format!(r#"{{"code":"200","data":{chunk},"content":{chunk}}}"#),
        format!("\u{feff} {{ \"data\" : {chunk}, \"content\":null, \"code\" : 200 }}"),
    ] {
        for piece in [1, 2, 7, 4096] {
            let (scan, lines) = scan(body.as_bytes(), piece);
            assert_eq!(lines, ["a", "b \"x\" ä😀", "<br>"], "{body} by {piece}");
            assert_eq!((scan.verdict(), scan.to_line(), scan.is_end()), (LogVerdict::Chunk, Some(3), true));
        }
    }
}

#[test]
fn what_only_looks_like_a_log_is_none() {
    for (body, expected) in [
        (r#"{"code":200,"content":null}"#, LogVerdict::Nothing),
        (r#"{"code":200,"other":{"logContent":"x"}}"#, LogVerdict::Nothing),
        (r#"{"code":500,"msg":"invalid request, uri-mapping(/log) not found."}"#, LogVerdict::Nothing),
        (
            r#"{"code":500,"msg":"Log not found, logId: 5"}"#,
            LogVerdict::Refused("Log not found, logId: 5".into()),
        ),
        (r#"[{"code":500,"msg":"no"}]"#, LogVerdict::Refused("no".into())),
        ("<html>502</html>", LogVerdict::Refused("<html>502</html>".into())),
        ("", LogVerdict::Refused("The answer is empty.".into())),
    ] {
        let (scan, lines) = scan(body.as_bytes(), 3);
        assert_eq!((scan.verdict(), lines.len()), (expected, 0), "{body}");
    }
}

#[test]
fn fields_of_the_same_name_elsewhere_do_not_count() {
    let body =
        r#"{"x":[{"code":500}],"code":200,"content":{"y":{"toLineNum":9},"toLineNum":1,"logContent":"a\n"}}"#;
    let (scan, lines) = scan(body.as_bytes(), 5);
    assert_eq!((scan.verdict(), scan.to_line(), lines.len()), (LogVerdict::Chunk, Some(1), 1));
}

#[test]
fn invalid_text_is_replaced() {
    let mut body = br#"{"code":200,"data":{"toLineNum":1,"logContent":"a"#.to_vec();
    body.extend(b"\xff\\ud83d\\n\"}}");
    assert_eq!(scan(&body, 1).1, ["a\u{fffd}\u{fffd}"]);
}

#[test]
fn of_an_endless_line_the_beginning_is_held_and_nothing_else() {
    let mut scan = LogScan::default();
    scan.feed(br#"{"code":200,"data":{"toLineNum":1,"logContent":""#);
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..128 {
        scan.feed(&megabyte);
    }
    assert!(scan.cutter.line.capacity() <= 2 * LINE_BYTES);
    assert!(scan.take_lines().is_empty());
    scan.cut_line();
    let line = scan.take_lines().remove(0);
    assert!(line.starts_with("xxx") && line.ends_with("[…134152192 more bytes]"), "{}", line.len());
}

#[test]
fn a_line_that_is_not_complete_is_not_told() {
    let (mut scan, lines) = scan(br#"{"code":200,"data":{"toLineNum":2,"logContent":"a\nhal"#, 4);
    scan.cut_line();
    assert_eq!((lines, scan.take_lines()), (vec!["a".to_owned()], Vec::new()));
}

#[test]
fn nesting_without_end_is_passed_over() {
    let deep = "[{\"a\":".repeat(10_000);
    let (scan, _) = scan(deep.as_bytes(), 4096);
    assert!(scan.frames.len() <= DEEPEST);
}
