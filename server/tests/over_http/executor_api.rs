//! The executor API, by the test vectors of the protocol.

use crate::support::{TestServer, envelope};
use scheduler::authority::Caller;
use serde_json::json;

fn registration(app_name: &str, address: &str) -> String {
    json!({ "registryGroup": "EXECUTOR", "registryKey": app_name, "registryValue": address }).to_string()
}

#[tokio::test]
async fn one_instance_with_and_without_a_trailing_slash() {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    for address in ["http://10.0.0.9:9/", "http://10.0.0.9:9"] {
        assert_eq!(test.call("registry", &token, registration("billing", address)).await["code"], 200);
    }
    assert_eq!(test.instances(executor.id).await, ["http://10.0.0.9:9"]);
}

#[tokio::test]
async fn both_mounts_and_the_old_header_are_accepted() {
    let test = TestServer::start().await;
    let (_, token) = test.executor("billing").await;
    let body = registration("billing", "http://10.0.0.9:9/");
    for (mount, header) in [
        ("/api", "xxl-job-access-token"),
        ("/xxl-job-admin/api", "XXL-JOB-ACCESS-TOKEN"),
        ("/xxl-job-admin/api", "XXL-RPC-ACCESS-TOKEN"),
    ] {
        let request = test.post(&format!("{mount}/registry")).header(header, &token).body(body.clone());
        assert_eq!(envelope(request).await["code"], 200, "{mount} {header}");
    }
}

#[tokio::test]
async fn what_our_own_executor_announces_is_stored_and_wrong_is_told() {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    let body = |announces: serde_json::Value| {
        json!({
            "registryGroup": "EXECUTOR", "registryKey": "billing", "registryValue": "http://10.0.0.9:9",
            "labels": "zone=a", "life": "5f", "announces": announces
        })
        .to_string()
    };
    // Fields of a later version are no reason to turn an executor away.
    let good = json!({"version": "1.4.0", "workers": 8, "handlers": ["invoice", "echo"], "colour": "red"});
    assert_eq!(test.call("registry", &token, body(good)).await["code"], 200);
    let known =
        scheduler::executors::handlers(&test.services, &Caller::operator(), executor.id).await.unwrap();
    let names: Vec<&str> = known.handlers.iter().map(|handler| handler.name.as_str()).collect();
    assert_eq!((names, known.complete), (vec!["echo", "invoice"], true));
    let blank = test.call("registry", &token, body(json!({"handlers": ["two words"]}))).await;
    assert!(blank["msg"].as_str().unwrap().starts_with("What the program announces is not"));
    let wrong = test.call("registry", &token, body(json!({"handlers": "all"}))).await;
    assert!(wrong["msg"].as_str().unwrap().starts_with("announces: "));
}

#[tokio::test]
async fn a_blank_field_is_an_illegal_argument() {
    let test = TestServer::start().await;
    let (_, token) = test.executor("billing").await;
    let answer = test.call("registry", &token, registration("", "http://10.0.0.9:9/")).await;
    assert_eq!((answer["code"].as_i64(), answer["msg"].as_str()), (Some(500), Some("Illegal Argument.")));
}

#[tokio::test]
async fn a_wrong_token_is_refused_in_the_words_of_the_clients_generation() {
    let test = TestServer::start().await;
    let (executor, _) = test.executor("billing").await;
    let body = registration("billing", "http://10.0.0.9:9/");
    for method in ["registry", "registryRemove"] {
        let old = test.call(method, "wrong", body.clone()).await;
        assert_eq!(
            (old["code"].as_i64(), old["msg"].as_str()),
            (Some(500), Some("The access token is wrong."))
        );
        let new = test.post(&format!("/api/{method}")).header("XXL-JOB-ACCESS-TOKEN", "wrong");
        let new = envelope(new.header("XXL-JOB-APPNAME", "billing").body(body.clone())).await;
        assert_eq!(new["msg"], "invalid request, accessToken or appname invalid.");
    }
    let blank = test.post("/api/registry").header("XXL-JOB-APPNAME", "billing").body(body.clone());
    assert_eq!(envelope(blank).await["msg"], "invalid request, accessToken or appname is empty.");
    let missing = envelope(test.post("/api/registry").body(body)).await;
    assert_eq!(missing["msg"], "The access token is wrong.");
    assert!(test.instances(executor.id).await.is_empty());
}

#[tokio::test]
async fn the_shared_token_opens_every_executor() {
    let test = TestServer::start_with(&[("executor_api.token", "one-for-all-of-them")]).await;
    let (executor, _) = test.executor("billing").await;
    let body = registration("billing", "http://10.0.0.9:9/");
    assert_eq!(test.call("registry", "one-for-all-of-them", body).await["code"], 200);
    assert_eq!(test.instances(executor.id).await.len(), 1);
}

#[tokio::test]
async fn only_post_is_known() {
    let test = TestServer::start().await;
    for request in [test.get("/api/registry"), test.client.put(test.url("/xxl-job-admin/api/callback"))] {
        let answer = envelope(request).await;
        assert_eq!(answer["code"], 500);
        assert_eq!(answer["msg"], "invalid request, HttpMethod not support.");
    }
}

#[tokio::test]
async fn an_unknown_method_is_named() {
    let test = TestServer::start().await;
    let answer = test.call("addJob", "x", "{}").await;
    assert_eq!(
        (answer["code"].as_i64(), answer["msg"].as_str()),
        (Some(500), Some("invalid request, uri-mapping(addJob) not found."))
    );
}

#[tokio::test]
async fn what_is_no_json_is_answered_all_the_same() {
    let test = TestServer::start().await;
    let (_, token) = test.executor("billing").await;
    for body in ["{", "nonsense", "[1,", "\u{0}", "\"text\"", "[]", "7"] {
        assert_eq!(test.call("registry", &token, body.to_owned()).await["code"], 500, "{body}");
    }
    assert_eq!(test.call("registry", &token, " ").await["msg"], "invalid request, requestBody empty.");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_an_envelope() {
    let test = TestServer::start_with(&[("executor_api.body_limit_bytes", "65536")]).await;
    let (_, token) = test.executor("billing").await;
    let answer = test.call("registry", &token, vec![b' '; 70_000]).await;
    assert_eq!(answer["code"], 500);
    assert!(answer["msg"].as_str().unwrap().contains("65536"));
}

#[tokio::test]
async fn an_instance_that_signs_off_is_gone_at_once() {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    let body = registration("billing", "http://10.0.0.9:9/");
    test.call("registry", &token, body.clone()).await;
    assert_eq!(test.instances(executor.id).await.len(), 1);
    assert_eq!(test.call("registryRemove", &token, body).await["code"], 200);
    assert!(test.instances(executor.id).await.is_empty());
}

#[tokio::test]
async fn addresses_where_clouds_keep_their_credentials_cannot_be_registered() {
    let test = TestServer::start().await;
    let (executor, token) = test.executor("billing").await;
    let answer = test.call("registry", &token, registration("billing", "http://169.254.169.254/")).await;
    assert_eq!(answer["code"], 500);
    assert!(test.instances(executor.id).await.is_empty());
}
