//! The pages that show all at once, as the server sends them: complete without scripts.

use crate::support::TestServer;
use entity::user::UserRole;

async fn page(test: &TestServer, cookie: &str, path: &str) -> String {
    let request = test.get(path).header("cookie", cookie).header("accept", "text/html");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

#[track_caller]
fn shows(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is missing in {page}");
    }
}

#[tokio::test]
async fn statistics_topology_and_home_are_complete_as_the_server_sends_them() {
    let test = TestServer::start().await;
    let (executor, _) = test.executor("billing").await;
    let job = test.job(executor.id, "invoices").await;
    let admin = test.signed_in("root", UserRole::SuperAdmin).await;
    let statistics = page(&test, &admin, "/statistics?range=30d").await;
    shows(
        &statistics,
        &["Statistics", "Executors online", "Each day in figures", "aria-current=\"true\"", "UTC"],
    );
    let wrong = page(&test, &admin, "/statistics?range=free&from=yesterday&to=2026-02-30").await;
    shows(&wrong, &["cannot be read as dates"]);
    let map = page(&test, &admin, "/topology").await;
    let link = format!("href=\"/jobs/{job}\"");
    shows(&map, &["topology-map", "data-option", "billing", "invoices", &link]);
    let table = page(&test, &admin, "/topology?view=table").await;
    shows(&table, &["billing", &link]);
    assert!(!table.contains("<topology-map"));
    let open = page(&test, &admin, &format!("/topology?open=job-{job}")).await;
    shows(&open, &["Open job", "Last runs"]);
    let odd = page(&test, &admin, "/topology?open=job-x&namespace=y&q=%7B").await;
    shows(&odd, &["Topology"]);
    shows(&page(&test, &admin, "/").await, &["Late", "Today", "Nothing has ended today"]);
}

#[tokio::test]
async fn somebody_without_a_grant_sees_no_name_on_the_pages_that_show_all_at_once() {
    let test = TestServer::start().await;
    let (executor, _) = test.executor("billing").await;
    let job = test.job(executor.id, "invoices").await;
    let stranger = test.signed_in("stranger", UserRole::Ordinary).await;
    for path in
        ["/", "/statistics", "/topology", "/statistics?namespace=1", "/topology?namespace=1&view=table"]
    {
        let page = page(&test, &stranger, path).await;
        assert!(!page.contains("billing") && !page.contains("invoices"), "{path}");
    }
    // As a job that there is none of.
    for id in [job, job + 1_000] {
        let request = test.get(&format!("/topology?open=job-{id}")).header("cookie", &stranger);
        let response = request.header("accept", "text/html").send().await.unwrap();
        assert_eq!(response.status(), 404);
        assert!(!response.text().await.unwrap().contains("invoices"));
    }
}
