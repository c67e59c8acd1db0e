//! Dealing with what went wrong and cleaning up, as browsers send it without scripts.

use crate::support::TestServer;
use entity::user::UserRole;

#[tokio::test]
async fn what_is_chosen_in_the_inbox_is_read_as_browsers_send_it() {
    let test = TestServer::start().await;
    let admin = test.signed_in("root", UserRole::SuperAdmin).await;
    let answer = async |body: &'static str| {
        let request = test.post("/rpc/app/api/runs/inbox/deal_with_runs").header("cookie", &admin);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.unwrap().text().await.unwrap()
    };
    let both = answer("ids%5B%5D=1&ids%5B%5D=2&what=dismiss").await;
    assert!(both.contains("not_found"), "{both}");
    let one = answer("what=replay%3A7").await;
    assert!(!one.contains("none_chosen"), "{one}");
    let nothing = answer("what=dismiss").await;
    assert!(nothing.contains("none_chosen"), "{nothing}");
}

#[tokio::test]
async fn the_inbox_and_cleaning_up_are_complete_as_the_server_sends_them() {
    let test = TestServer::start().await;
    let (executor, _) = test.executor("billing").await;
    let admin = test.signed_in("root", UserRole::SuperAdmin).await;
    let page = async |path: String| {
        let request = test.get(&path).header("cookie", &admin).header("accept", "text/html");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    };
    let inbox = page("/runs/inbox".to_owned()).await;
    assert!(inbox.contains("Nothing to deal with"), "{inbox}");
    let clean = page("/runs/clean".to_owned()).await;
    for part in ["billing", "all executors", "older than 6 months", "Choose an executor or a job"] {
        assert!(clean.contains(part), "{part:?} is missing in {clean}");
    }
    let chosen = page(format!("/runs/clean?executor={}&what=all", executor.id)).await;
    assert!(chosen.contains("Nothing would go."), "{chosen}");
}
