//! Ten thousand instances of one executor: each page that shows instances stays as large as it is with some hundreds,
//! and says how many there are.

use crate::support::TestServer;
use entity::instance;
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::executors;
use scheduler::store::filling;
use serde_json::json;

const CROWD: i32 = 10_000;
/// Bytes of a page. With 200 lines that of an executor has some 300,000.
const LARGEST: usize = 600_000;

fn registration(address: &str) -> String {
    json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": address }).to_string()
}

/// A server with an executor that has so many instances, the first of them registered by `token`.
async fn crowded(instances: i32) -> (TestServer, i32, String) {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    assert_eq!(test.call("registry", &token, registration("http://10.0.0.9:9")).await["code"], 200);
    let detail = executors::get(&test.services, &Caller::operator(), executor.id).await.unwrap();
    let like = |number: i32| {
        let address = format!("http://10.1.{}.{}:9999", number / 200, number % 200);
        instance::Model { address, ..detail.instances[0].clone() }
    };
    filling::instances(&test.services.db, (1..instances).map(like)).await.unwrap();
    (test, executor.id, token)
}

async fn page(test: &TestServer, cookie: &str, path: &str) -> String {
    let request = test.get(path).header("cookie", cookie).header("accept", "text/html");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

#[tokio::test]
async fn pages_with_ten_thousand_instances_stay_small_and_say_how_many_there_are() {
    let (test, id, _) = crowded(CROWD).await;
    let admin = test.signed_in("root", UserRole::SuperAdmin).await;
    for (path, words) in [
        (format!("/executors/{id}"), "The first 200 are named; 9800 more are not."),
        ("/executors".to_owned(), "+9995"),
        ("/topology?view=table".to_owned(), "9980 more instances"),
        ("/topology".to_owned(), "10000"),
    ] {
        let page = page(&test, &admin, &path).await;
        assert!(page.contains(words), "{words:?} is missing in {path}: {page}");
        assert!(page.len() < LARGEST, "{path} has {} bytes", page.len());
    }
}

#[tokio::test]
async fn who_is_one_too_many_is_told_so_and_named_on_the_executor_s_page() {
    let (test, id, token) = crowded(5_000).await;
    let refused = test.call("registry", &token, registration("http://10.9.9.9:9")).await;
    assert_eq!(
        (refused["code"].as_i64(), refused["msg"].as_str()),
        (Some(500), Some("This executor has too many addresses."))
    );
    let heartbeat = test.call("registry", &token, registration("http://10.0.0.9:9")).await;
    assert_eq!(heartbeat["code"], 200, "those that are there stay");
    let admin = test.signed_in("root", UserRole::SuperAdmin).await;
    let page = page(&test, &admin, &format!("/executors/{id}")).await;
    for words in ["http://10.9.9.9:9", "too many addresses", "An executor may have 5,000 addresses in a day"]
    {
        assert!(page.contains(words), "{words:?} is missing in {page}");
    }
}
