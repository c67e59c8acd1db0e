use super::*;

fn headers(pairs: &[(http::header::HeaderName, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[test]
fn the_cookie_wins_over_the_browsers_languages() {
    let asked = headers(&[(ACCEPT_LANGUAGE, "en-GB,en;q=0.9"), (COOKIE, "a=b; locale=zh-CN")]);
    assert_eq!(locale(&asked), Locale::zh_CN);
}

#[test]
fn the_heaviest_language_that_we_speak_is_chosen() {
    for (header, expected) in [
        ("fr-FR, zh-Hans;q=0.8, en;q=0.5", Locale::zh_CN),
        ("de, en;q=0.4, zh;q=0.3", Locale::en),
        ("zh;q=0, en;q=0.1", Locale::en),
        ("fr", Locale::en),
        ("", Locale::en),
    ] {
        let asked = accepted_locale(header).unwrap_or_default();
        assert_eq!(asked, expected, "{header}");
    }
}

#[test]
fn a_zone_that_is_no_iana_name_is_utc() {
    assert_eq!(zone(&headers(&[(COOKIE, "zone=Asia%2FShanghai")])), "Asia/Shanghai");
    assert_eq!(zone(&headers(&[(COOKIE, "zone=Mars%2FBase")])), "UTC");
    assert_eq!(zone(&HeaderMap::new()), "UTC");
}

#[test]
fn a_kept_form_never_holds_a_secret() {
    let typed = serde_json::json!({
        "name": "lin", "Password": "hunter2", "access_token": "x", "retries": 2, "on": true, "nested": {"a": 1}
    });
    let kept = flat_values(&typed);
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["name", "on", "retries"]);
}

#[test]
fn only_a_form_sent_without_javascript_goes_back_to_its_page() {
    let request = |method: Method, accept: &str, referer: &str| {
        let request = http::Request::builder().method(method).header(ACCEPT, accept).header(REFERER, referer);
        request.body(()).expect("a request").into_parts().0
    };
    let form = request(Method::POST, "text/html,*/*", "http://localhost/jobs/new?copy=3");
    assert_eq!(plain_form_origin(&form).as_deref(), Some("/jobs/new?copy=3"));
    assert_eq!(plain_form_origin(&request(Method::POST, "application/json", "http://localhost/jobs")), None);
    assert_eq!(plain_form_origin(&request(Method::GET, "text/html", "http://localhost/jobs")), None);
}
