//! API tokens: a program calls server functions as the token's user, within the token's limits.

use crate::support::TestServer;
use entity::grant::Role;
use entity::user::UserRole;
use reqwest::Response;
use scheduler::api_tokens::{self, TokenDraft};
use scheduler::authority::Caller;
use scheduler::{namespaces, sessions, users};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use server::http::access::SESSION_FUNCTIONS;
use server_fn::axum::server_fn_paths;

const LIST: &str = "jobs/list_jobs";

/// A server with a job in `default:default`, and a super-administrator's token.
struct World {
    test: TestServer,
    job: i32,
    root: Caller,
    token: String,
    token_id: i32,
}

impl World {
    async fn new(role: Role) -> Self {
        let test = TestServer::start().await;
        let (executor, _) = test.executor("worker").await;
        let job = test.job(executor.id, "nightly").await;
        test.signed_in("root", UserRole::SuperAdmin).await;
        let found = users::list(&test.services, &Caller::operator(), &users::UserFilter::default()).await;
        let id = found.unwrap().into_iter().find(|row| row.user.name == "root").unwrap().user.id;
        let root = sessions::caller(&test.services, id).await.unwrap();
        let namespace = namespaces::ensure(&test.services, "default", "default").await.unwrap();
        let draft = TokenDraft { name: "ci".into(), role, namespaces: vec![namespace.id], days: 1 };
        let (made, token) = api_tokens::create(&test.services, &root, draft).await.unwrap();
        Self { test, job, root, token, token_id: made.id }
    }

    async fn call(&self, function: &str, body: &str) -> Response {
        self.call_with(&self.token, function, body).await
    }

    async fn call_with(&self, token: &str, function: &str, body: &str) -> Response {
        let request = self.test.post(&format!("/rpc/app/api/{function}")).body(body.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.header("authorization", format!("Bearer {token}")).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_token_does_what_its_limits_leave_without_a_cookie() {
    let world = World::new(Role::Operator).await;
    let answer = world.call(LIST, "query[q]=").await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("set-cookie"));
    let jobs: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(jobs["rows"][0]["id"], world.job);
    assert_eq!(world.call("jobs/run_job", &format!("id={}", world.job)).await.status(), 200);
    assert_eq!(world.call("jobs/delete_job", &format!("id={}", world.job)).await.status(), 403);
    assert_eq!(world.call("users/list_users", "query[name]=").await.status(), 403);
    let elsewhere = namespaces::ensure(&world.test.services, "other", "team").await.unwrap();
    let foreign = format!("form[namespace_id]={}&form[name]=x", elsewhere.id);
    assert_eq!(world.call("calendars/create_calendar", &foreign).await.status(), 404);
}

#[tokio::test]
async fn a_token_that_ended_or_is_none_opens_nothing_whatever_cookie_comes_along() {
    let world = World::new(Role::Viewer).await;
    let cookie = world.test.signed_in("ada", UserRole::SuperAdmin).await;
    for token in ["orr_", "orr_nonsense", &world.token[..world.token.len() - 1]] {
        assert_eq!(world.call_with(token, LIST, "query[q]=").await.status(), 401, "{token}");
        let request = world.test.post(&format!("/rpc/app/api/{LIST}")).header("cookie", &cookie);
        let answer = request.header("authorization", format!("Bearer {token}")).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{token}");
    }
    api_tokens::revoke(&world.test.services, &world.root, world.token_id).await.unwrap();
    assert_eq!(world.call(LIST, "query[q]=").await.status(), 401);
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_user() {
    let world = World::new(Role::Viewer).await;
    let services = &world.test.services;
    assert_eq!(world.call(LIST, "query[q]=").await.status(), 200);
    let transaction = services.db.begin().await.unwrap();
    transaction.execute_unprepared("UPDATE api_token SET expires_at = 1").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.call(LIST, "query[q]=").await.status(), 401);
    let transaction = services.db.begin().await.unwrap();
    transaction.execute_unprepared("UPDATE api_token SET expires_at = 9999999999999").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.call(LIST, "query[q]=").await.status(), 200);
    users::delete(services, &Caller::operator(), world.root.user_id).await.unwrap();
    assert_eq!(world.call(LIST, "query[q]=").await.status(), 401);
}

#[tokio::test]
async fn passwords_and_tokens_are_out_of_reach_of_a_token() {
    let world = World::new(Role::Owner).await;
    let registered: Vec<&str> = server_fn_paths().map(|(path, _)| path).collect();
    for path in SESSION_FUNCTIONS {
        assert!(registered.contains(&path), "{path} is listed but does not exist");
        let function = path.strip_prefix("/rpc/app/api/").unwrap();
        assert_eq!(world.call(function, "").await.status(), 403, "{path}");
    }
    let words = ["password", "token", "sign"];
    for path in registered.iter().filter(|path| words.iter().any(|word| path.contains(word))) {
        assert!(SESSION_FUNCTIONS.contains(path), "{path} sounds like something that takes a session");
    }
}

#[tokio::test]
async fn a_token_needs_no_proof_that_the_request_is_from_here_and_means_nothing_on_pages() {
    let world = World::new(Role::Viewer).await;
    let bearer = format!("Bearer {}", world.token);
    let request = world.test.post(&format!("/rpc/app/api/{LIST}")).body("query[q]=");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let foreign = request.header("sec-fetch-site", "cross-site").header("authorization", &bearer);
    assert_eq!(foreign.send().await.unwrap().status(), 200);
    let page = world.test.get("/jobs").header("authorization", &bearer).send().await.unwrap();
    assert_eq!(page.status(), 303);
    let preferences = world.test.post("/rpc/app/api/preferences/set_theme").body("theme=dark");
    let forged = preferences.header("sec-fetch-site", "cross-site").header("authorization", "Bearer x");
    assert_eq!(forged.send().await.unwrap().status(), 403, "what is no token of ours opens nothing");
}
