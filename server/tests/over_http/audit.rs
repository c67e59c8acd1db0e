use crate::support::TestServer;
use entity::user::UserRole;
use http::StatusCode;
use http::header::{CONTENT_TYPE, COOKIE};
use serde_json::Value;

#[tokio::test]
async fn the_page_of_the_audit_shows_what_was_done_to_super_administrators_alone() {
    let server = TestServer::start().await;
    server.executor("invoices").await;
    let root = server.signed_in("ada", UserRole::SuperAdmin).await;
    let page = server.get("/audit").header(COOKIE, &root).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let page = page.text().await.unwrap();
    for shown in ["invoices", "Created", "app_name", "operator"] {
        assert!(page.contains(shown), "{shown}");
    }
    let accesses = server.get("/audit?show=accesses").header(COOKIE, &root).send().await.unwrap();
    assert!(accesses.text().await.unwrap().contains("Read the audit"));
    let ordinary = server.signed_in("bob", UserRole::Ordinary).await;
    for closed in ["/audit", "/audit?show=accesses", "/audit/export"] {
        let refused = server.get(closed).header(COOKIE, &ordinary).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{closed}");
        assert!(!refused.text().await.unwrap().contains("invoices"), "{closed}");
    }
}

#[tokio::test]
async fn who_is_refused_and_who_signs_out_is_among_the_accesses() {
    let server = TestServer::start().await;
    let root = server.signed_in("ada", UserRole::SuperAdmin).await;
    let ordinary = server.signed_in("bob", UserRole::Ordinary).await;
    let refused = server.get("/users").header(COOKIE, &ordinary).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let form = "application/x-www-form-urlencoded";
    let out = server.post("/rpc/app/api/account/sign_out").header(COOKIE, &ordinary);
    assert!(out.header(CONTENT_TYPE, form).send().await.unwrap().status().as_u16() < 400);
    let page = server.get("/audit?show=accesses").header(COOKIE, &root).send().await.unwrap();
    let page = page.text().await.unwrap();
    for shown in ["Signed out", "Refused", "/users", "bob"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn an_export_has_an_entry_a_line_and_ends_with_the_head() {
    let server = TestServer::start().await;
    server.executor("invoices").await;
    let root = server.signed_in("ada", UserRole::SuperAdmin).await;
    let export = server.get("/audit/export").header(COOKIE, &root).send().await.unwrap();
    assert_eq!(export.headers()[CONTENT_TYPE], "application/x-ndjson");
    let text = export.text().await.unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (head, entries) = lines.split_last().unwrap();
    assert_eq!(
        entries.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    let last = entries.last().unwrap();
    assert_eq!(head["head"], serde_json::json!({"seq": last["seq"], "mac": last["mac"]}));
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_named() {
    let server = TestServer::start().await;
    let root = server.signed_in("ada", UserRole::SuperAdmin).await;
    let wrong = server.get("/audit?noun=teapot").header(COOKIE, &root).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
