//! A kill for a run that is gone: from its executor, from the list of those that go on, or altogether.

use crate::support::{MockExecutor, NOTHING_TO_KILL, TestServer};
use entity::user::UserRole;
use reqwest::Response;
use scheduler::authority::Caller;
use scheduler::runs;
use serde_json::json;
use server::http::access::FUNCTIONS;

/// A server with a run that goes on, as far as it knows.
struct Running {
    test: TestServer,
    token: String,
    address: String,
    run: i64,
    cookie: String,
}

impl Running {
    async fn start() -> Self {
        let test = TestServer::start().await;
        let (view, token) = test.executor("billing").await;
        let mut executor = MockExecutor::start().await;
        let address = executor.address.clone();
        assert_eq!(test.call("registry", &token, registration(&address)).await["code"], 200);
        let job = test.job(view.id, "invoice").await;
        let run = runs::run_now(&test.services, &Caller::operator(), job, None).await.unwrap();
        assert_eq!(executor.next_trigger().await.log_id, run);
        let cookie = test.signed_in("ada", UserRole::SuperAdmin).await;
        Self { test, token, address, run, cookie }
    }

    /// As the form on the run's page does without scripts.
    async fn kill(&self, run: i64) -> Response {
        let page = self.test.url(&format!("/runs/{run}"));
        let request = self.test.post(&format!("{FUNCTIONS}app/api/runs/kill_run")).body(format!("id={run}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", &self.cookie).header("accept", "text/html");
        request.header("referer", page).send().await.unwrap()
    }

    /// The run's page, as a browser shows it after this answer, which sent it there.
    async fn page_after(&self, answer: &Response) -> String {
        let set = answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let set = set.filter_map(|value| value.split(';').next());
        let cookies = std::iter::once(&*self.cookie).chain(set).collect::<Vec<_>>().join("; ");
        let request = self.test.get(&format!("/runs/{}", self.run)).header("cookie", cookies);
        request.header("accept", "text/html").send().await.unwrap().text().await.unwrap()
    }
}

fn registration(address: &str) -> String {
    json!({ "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": address }).to_string()
}

#[track_caller]
fn shows(page: &str, words: &str) {
    assert!(page.contains(words), "{words:?} is missing in {page}");
}

#[tokio::test]
async fn a_run_that_its_executor_has_forgotten_is_killed_and_its_page_says_what_the_executor_said() {
    let running = Running::start().await;
    let page = running.page_after(&running.kill(running.run).await).await;
    shows(&page, &format!("Killed. Its executor answered: {NOTHING_TO_KILL}"));
    shows(&page, "Killed by a person");
    let again = running.page_after(&running.kill(running.run).await).await;
    shows(&again, "This run has ended already.");
}

#[tokio::test]
async fn a_run_whose_executor_is_gone_is_killed_and_its_page_says_that_nobody_was_told() {
    let running = Running::start().await;
    let body = registration(&running.address);
    assert_eq!(running.test.call("registryRemove", &running.token, body).await["code"], 200);
    let page = running.page_after(&running.kill(running.run).await).await;
    shows(&page, "The run is killed here, but its executor could not be told");
    shows(&page, "Killed by a person");
}

#[tokio::test]
async fn a_run_that_there_is_none_of_cannot_be_killed() {
    let running = Running::start().await;
    let page = running.page_after(&running.kill(running.run + 1_000_000).await).await;
    assert!(!page.contains("Killed"), "{page}");
}
