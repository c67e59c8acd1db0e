//! Who may open what, and what every answer to a browser carries.

use crate::support::TestServer;
use entity::user::UserRole;
use http::{Method, StatusCode};
use server::http::access::{FUNCTIONS, PUBLIC_FUNCTIONS, PUBLIC_PAGES};
use server::http::pages::ROUTES;
use server_fn::axum::server_fn_paths;
use std::collections::HashSet;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn every_server_function_refuses_an_anonymous_caller_unless_it_is_listed() {
    let test = TestServer::start().await;
    let functions: HashSet<&str> = server_fn_paths().map(|(path, _)| path).collect();
    assert!(functions.len() > PUBLIC_FUNCTIONS.len(), "server functions are registered");
    for public in PUBLIC_FUNCTIONS {
        assert!(functions.contains(public), "{public} is listed but does not exist");
    }
    for (path, method) in server_fn_paths() {
        assert!(path.starts_with(FUNCTIONS), "{path}");
        assert_eq!(method, Method::POST, "{path} could be called by a link");
        let answer = test.post(path).body("").send().await.unwrap();
        if PUBLIC_FUNCTIONS.contains(&path) {
            assert_ne!(answer.status(), 404, "{path}");
        } else {
            assert_eq!(answer.status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn every_page_sends_an_anonymous_caller_to_sign_in_unless_it_is_listed() {
    let test = TestServer::start().await;
    assert!(ROUTES.len() > 10, "pages are registered");
    for route in ROUTES.iter() {
        let path: Vec<&str> = route
            .path()
            .split('/')
            .map(|part| if part.starts_with([':', '{']) { "7" } else { part })
            .collect();
        let path = path.join("/");
        let answer = test.get(&path).send().await.unwrap();
        if PUBLIC_PAGES.contains(&path.as_str()) {
            assert_eq!(answer.status(), 200, "{path}");
        } else {
            assert_eq!(answer.status(), 303, "{path}");
            let target = answer.headers()["location"].to_str().unwrap();
            assert!(target.starts_with("/login"), "{path} -> {target}");
        }
    }
}

#[tokio::test]
async fn the_way_back_is_kept_when_one_has_to_sign_in() {
    let test = TestServer::start().await;
    let answer = test.get("/runs?state=failed").send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/login?next=%2Fruns%3Fstate%3Dfailed");
    assert_eq!(test.get("/").send().await.unwrap().headers()["location"], "/login");
}

#[tokio::test]
async fn a_request_from_another_site_changes_nothing() {
    let test = TestServer::start().await;
    let path = "/rpc/app/api/preferences/set_theme";
    let form = |headers: &[(&'static str, &str)]| {
        let request =
            test.post(path).header("content-type", "application/x-www-form-urlencoded").body("theme=dark");
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send()
    };
    let own = test.url("");
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        assert_eq!(form(foreign).await.unwrap().status(), 403, "{foreign:?}");
    }
    for same in [&[("sec-fetch-site", "same-origin")][..], &[("origin", own.as_str())], &[]] {
        assert!(form(same).await.unwrap().status().is_success(), "{same:?}");
    }
}

#[tokio::test]
async fn pages_carry_a_policy_with_the_nonce_of_their_scripts() {
    let test = TestServer::start().await;
    let answer = test.get("/login").header("accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
    let page = answer.text().await.unwrap();
    // An empty element runs nothing.
    let scripts: Vec<&str> =
        page.split("<script").skip(1).filter(|script| !script.starts_with("></script>")).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
    }
    let again = test.get("/login").send().await.unwrap();
    assert_ne!(again.headers()["content-security-policy"], policy, "a nonce is used once");
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_only_a_sane_one_is_taken_over() {
    let test = TestServer::start().await;
    let sent = test.get("/healthz").header("x-request-id", "trace-7").send().await.unwrap();
    assert_eq!(sent.headers()["x-request-id"], "trace-7");
    for path in ["/healthz", "/jobs", "/api/registry", "/nowhere.js"] {
        let answer = test.get(path).header("x-request-id", "a b\"<").send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap();
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path}: {id}");
    }
}

#[tokio::test]
async fn a_form_beyond_the_limit_is_refused() {
    let test = TestServer::start_with(&[("http.form_limit_bytes", "5000")]).await;
    let answer = test.post("/rpc/app/api/preferences/set_theme").body(vec![b'x'; 6000]).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn a_form_that_does_not_say_how_long_it_is_is_refused_when_it_turns_out_to_be_too_long() {
    let test = TestServer::start_with(&[("http.form_limit_bytes", "5000")]).await;
    let mut connection = TcpStream::connect(test.server.address()).await.unwrap();
    let head = "POST /rpc/app/api/preferences/set_theme HTTP/1.1\r\nHost: x\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    let form = "x".repeat(6000);
    let request = format!("{head}{:x}\r\n{form}\r\n0\r\n\r\n", form.len());
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn what_a_function_cannot_read_is_the_callers_fault_and_said_so() {
    let server = TestServer::start().await;
    let cookie = server.signed_in("ada", UserRole::SuperAdmin).await;
    for (path, body) in [("runs/run", "id=seven"), ("runs/run", ""), ("jobs/save_job", "form=%ff")] {
        let request = server.post(&format!("/rpc/app/api/{path}")).header("cookie", &cookie).body(body);
        let answer =
            request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(answer.text().await.unwrap().contains("\"malformed\""), "{path} {body}");
    }
}
