//! The documentation of the API is true: what it lists is there, takes what it says and needs what it says.

use crate::support::TestServer;
use app::api::api_docs::FieldKind;
use app::api::api_docs::registry::{CALLS, Field, PREFIX, Signature, endpoints};
use entity::user::UserRole;
use protocol::words;

/// Which end the session that calls.
const LAST: [&str; 2] = ["account/change_password", "account/sign_out"];

/// Something of the field's kind that names nothing; a language and a theme are words of a few.
fn sample(field: &Field) -> String {
    let value = match field.kind {
        FieldKind::Integer => "2000000000",
        FieldKind::Number => "1.5",
        FieldKind::Boolean => "true",
        FieldKind::Choice => field.choices[0],
        FieldKind::Text => match field.name {
            "locale" => "en",
            "theme" => "dark",
            _ => "",
        },
    };
    format!("{}={value}", field.name)
}

/// The status of a call with these fields.
async fn call(test: &TestServer, cookie: &str, name: &str, fields: &[&Field]) -> u16 {
    let body: Vec<String> = fields.iter().map(|field| sample(field)).collect();
    let request = test.post(&format!("{PREFIX}{name}")).header("cookie", cookie).body(body.join("&"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.header("accept", "application/json").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn each_endpoint_takes_its_arguments_and_needs_those_that_are_said_to_be_needed() {
    const NOT_UNDERSTOOD: u16 = 400;
    let test = TestServer::start().await;
    let stranger = test.signed_in("stranger", UserRole::Ordinary).await;
    let mut all: Vec<Signature> = endpoints().map(|(found, _)| found).collect();
    all.sort_by_key(|found| LAST.contains(&found.name));
    let mut wrong = Vec::new();
    for found in all {
        let every: Vec<&Field> = found.fields.iter().collect();
        let required: Vec<&Field> = every.iter().copied().filter(|field| field.required).collect();
        for left_out in &required {
            let others: Vec<&Field> =
                required.iter().copied().filter(|field| field.name != left_out.name).collect();
            if call(&test, &stranger, found.name, &others).await != NOT_UNDERSTOOD {
                wrong.push(format!("{} does not need {}", found.name, left_out.name));
            }
        }
        for fields in [&required, &every] {
            if call(&test, &stranger, found.name, fields).await == NOT_UNDERSTOOD {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                wrong.push(format!("{} does not take {names:?}", found.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn each_call_of_executors_that_is_listed_is_known_to_the_server() {
    let test = TestServer::start().await;
    for listed in CALLS.iter().filter(|listed| listed.to_server) {
        let answer = test.call(listed.name, "", "{}").await;
        assert_ne!(answer["msg"], words::unknown_mapping_text(listed.name), "{}", listed.name);
    }
    assert_eq!(test.call("nothing", "", "{}").await["msg"], words::unknown_mapping_text("nothing"));
}

#[tokio::test]
async fn an_ordinary_user_sees_the_documentation_and_where_it_is_switched_off_there_is_none() {
    for (switched, status) in [("true", 200), ("false", 404)] {
        let test = TestServer::start_with(&[("http.api_docs", switched)]).await;
        let stranger = test.signed_in("stranger", UserRole::Ordinary).await;
        let get =
            |path: &str| test.get(path).header("cookie", &stranger).header("accept", "text/html").send();
        let answer = get("/api-docs").await.unwrap();
        assert_eq!(answer.status(), status);
        let page = answer.text().await.unwrap();
        assert_eq!(page.contains("/rpc/app/api/jobs/run_job"), status == 200);
        assert_eq!(page.contains("/xxl-job-admin/api/registryRemove"), status == 200);
        assert_eq!(get("/api-docs?endpoint=jobs/run_job").await.unwrap().status(), status);
        assert_eq!(get("/api-docs?endpoint=jobs/nothing").await.unwrap().status(), 404);
        let home = get("/").await.unwrap().text().await.unwrap();
        assert_eq!(home.contains("href=\"/api-docs\""), status == 200, "in the menu");
        assert_eq!(call(&test, &stranger, "api_docs/list_endpoints", &[]).await, status);
    }
}
