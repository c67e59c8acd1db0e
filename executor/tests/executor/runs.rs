use reqwest::Method;
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn an_executor_registers_at_once_and_says_who_it_is() {
    let it = fixture().await;
    let registration = eventually(|| it.server.with(|record| record.registered.first().cloned())).await;
    let life = registration["life"].as_str().unwrap_or_default();
    assert!(life.len() == 32 && life.bytes().all(|byte| byte.is_ascii_hexdigit()), "{life:?}");
    let expected = json!({
        "registryGroup": "EXECUTOR",
        "registryKey": APP,
        "registryValue": it.executor.advertised(),
        "life": life,
        "announces": {
            "version": env!("CARGO_PKG_VERSION"),
            "workers": 0,
            "queueLength": 10_000,
            "handlers": ["echo", "failing", "http", "panicking", "polite", "sleep", "stubborn"]
        }
    });
    assert_eq!(registration, expected);
    it.server.with(|record| {
        assert_eq!(record.headers["xxl-job-access-token"], TOKEN);
        assert_eq!(record.headers["xxl-job-appname"], APP);
        assert_eq!(record.headers["orrery-namespace"], "shop:orders");
        assert_eq!(record.headers["content-type"], "application/json");
        assert!(record.headers["user-agent"].starts_with("orrery-executor/"));
    });
}

#[tokio::test]
async fn a_run_sees_its_parameters_and_its_result_and_log_come_back() {
    let it = fixture().await;
    let trigger = changed(
        trigger(71, 9001, "echo"),
        json!({"executorParams": "día", "broadcastIndex": 1, "broadcastTotal": 3}),
    );
    assert_eq!(it.caller.run_with(trigger).await, (200, "Success".to_owned()));
    assert_eq!(it.server.result(9001).await, (200, "run 9001 of job 71".to_owned()));
    let log = it.caller.logged(9001, "run ends").await;
    assert!(log.contains("día 1/3"), "{log}");
    let all = it.caller.log(9001, 1).await;
    assert_eq!(all["toLineNum"], 3);
    let second = it.caller.log(9001, 2).await;
    assert_eq!(second["logContent"].as_str().unwrap().lines().count(), 2);
    let after = it.caller.log(9001, 4).await;
    assert_eq!(
        (&after["logContent"], &after["toLineNum"], &after["isEnd"]),
        (&json!(""), &json!(3), &json!(true))
    );
}

#[tokio::test]
async fn both_names_of_the_trigger_are_served() {
    let it = fixture().await;
    assert_eq!(it.caller.call("trigger", trigger(71, 1, "echo")).await["code"], 200);
    assert_eq!(it.server.result(1).await.0, 200);
}

#[tokio::test]
async fn a_failure_and_a_panic_are_reported_with_their_texts() {
    let it = fixture().await;
    it.caller.run(1, 1, "failing").await;
    it.caller.run_with(changed(trigger(2, 2, "panicking"), json!({"executorParams": "this"}))).await;
    assert_eq!(it.server.result(1).await, (500, "no money left".to_owned()));
    assert_eq!(it.server.result(2).await, (500, "the handler panicked: cannot go on with this".to_owned()));
    assert_eq!(it.caller.run(2, 3, "echo").await.0, 200);
    assert_eq!(it.server.result(3).await.0, 200);
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_the_reason() {
    let it = fixture().await;
    let refused = |text: &str| (500, text.to_owned());
    assert_eq!(it.caller.run(1, 1, "nobody").await, refused("job handler [nobody] not found."));
    let unknown = changed(trigger(1, 1, "echo"), json!({"glueType": "GLUE_COBOL"}));
    assert_eq!(it.caller.run_with(unknown).await, refused("glueType[GLUE_COBOL] is not valid."));
    let fraction = changed(trigger(1, 1, "echo"), json!({"executorTimeout": 1.5}));
    assert_eq!(it.caller.run_with(fraction).await, refused("executorTimeout: 1.5 is not a whole number"));
    assert_eq!(it.caller.run(1, 1, "echo").await.0, 200);
    it.server.result(1).await;
    eventually(|| it.server.with(|record| (record.results.len() == 1).then_some(()))).await;
}

#[tokio::test]
async fn a_run_is_carried_out_once_however_often_it_is_sent() {
    let it = fixture().await;
    it.caller.run(1, 1, "polite").await;
    it.caller.logged(1, "started").await;
    assert_eq!(it.caller.run(1, 1, "polite").await, (500, "repeat trigger job, logId:1".to_owned()));
    it.caller.call("kill", json!({"jobId": 1})).await;
    it.server.result(1).await;
    assert_eq!(it.caller.run(1, 1, "polite").await, (500, "repeat trigger job, logId:1".to_owned()));
}

#[tokio::test]
async fn only_post_with_our_token_and_a_known_path_is_served() {
    let it = fixture().await;
    let msg = |reply: serde_json::Value| (reply["code"].clone(), reply["msg"].as_str().unwrap().to_owned());
    let post = |path| it.caller.request(Method::POST, path).body("{}");
    let wrong = (json!(500), "The access token is wrong.".to_owned());
    assert_eq!(msg(send(post("beat")).await), wrong);
    assert_eq!(msg(send(post("beat").header("XXL-JOB-ACCESS-TOKEN", "secreT")).await), wrong);
    assert_eq!(msg(it.caller.call("beat", json!({})).await).0, json!(200));
    let other = post("beat").header("XXL-JOB-ACCESS-TOKEN", TOKEN).header("XXL-JOB-APPNAME", "other");
    assert_eq!(msg(send(other).await).1, "invalid request, accessToken or appname invalid.");
    let get = it.caller.request(Method::GET, "beat");
    assert_eq!(msg(send(get).await).1, "invalid request, HttpMethod not support.");
    assert_eq!(msg(send(post("nothing")).await).1, "invalid request, uri-mapping(/nothing) not found.");
    let garbage = it.caller.request(Method::POST, "run").header("XXL-JOB-ACCESS-TOKEN", TOKEN).body("{{{");
    assert!(msg(send(garbage).await).1.starts_with("the body is not JSON"));
}

#[tokio::test]
async fn a_body_beyond_five_mebibytes_is_refused() {
    let it = fixture().await;
    let body = vec![b' '; 5 * 1024 * 1024 + 1];
    let request = it.caller.request(Method::POST, "run").header("XXL-JOB-ACCESS-TOKEN", TOKEN).body(body);
    assert_eq!(request.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn an_idle_beat_tells_busy_from_idle_by_job() {
    let it = fixture().await;
    it.caller.run(1, 1, "polite").await;
    assert_eq!(it.caller.call("idleBeat", json!({"jobId": 1})).await["code"], 500);
    assert_eq!(it.caller.call("idleBeat", json!({"jobId": 2})).await["code"], 200);
}

#[tokio::test]
async fn a_kill_cancels_what_runs_and_reports_what_waits() {
    let it = fixture().await;
    it.caller.run(1, 1, "polite").await;
    it.caller.run(1, 2, "echo").await;
    it.caller.logged(1, "started").await;
    assert_eq!(it.caller.call("kill", json!({"jobId": 1})).await["code"], 200);
    let (code, text) = it.server.result(1).await;
    assert_eq!((code, text.as_str()), (500, "Killed by the server. [running, stopped]"));
    let (code, text) = it.server.result(2).await;
    assert_eq!((code, text.as_str()), (500, "Killed by the server. [never started, removed from the queue]"));
    assert!(it.caller.logged(1, "run ends").await.contains("tidying up"));
    it.caller.idle(1).await;
    let again = it.caller.call("kill", json!({"jobId": 1})).await;
    assert_eq!((&again["code"], &again["msg"]), (&json!(200), &json!("job thread already killed.")));
}

#[tokio::test]
async fn a_handler_that_ignores_its_cancellation_is_aborted() {
    let it = fixture().await;
    it.caller.run(1, 1, "stubborn").await;
    it.caller.logged(1, "started").await;
    it.caller.call("kill", json!({"jobId": 1})).await;
    assert_eq!(it.server.result(1).await.0, 500);
    assert!(it.caller.logged(1, "run ends").await.contains("is aborted"));
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_reported_as_timed_out() {
    let it = fixture().await;
    it.caller.run_with(changed(trigger(1, 1, "polite"), json!({"executorTimeout": 1}))).await;
    assert_eq!(it.server.result(1).await, (502, "job execute timeout".to_owned()));
}

#[tokio::test]
async fn runs_of_one_job_wait_for_each_other_and_other_jobs_do_not() {
    let it = fixture().await;
    it.caller.run(1, 1, "polite").await;
    it.caller.run(1, 2, "echo").await;
    it.caller.run(2, 3, "echo").await;
    assert_eq!(it.server.result(3).await.0, 200);
    let waiting = it.caller.log(2, 1).await;
    assert_eq!((&waiting["logContent"], &waiting["isEnd"]), (&json!(""), &json!(false)));
    it.caller.run_with(changed(trigger(1, 4, "echo"), json!({"executorBlockStrategy": "COVER_EARLY"}))).await;
    assert_eq!(it.server.result(4).await.0, 200);
}

#[tokio::test]
async fn discard_later_refuses_a_run_of_a_busy_job() {
    let it = fixture().await;
    let discard = |id| changed(trigger(1, id, "polite"), json!({"executorBlockStrategy": "DISCARD_LATER"}));
    assert_eq!(it.caller.run_with(discard(1)).await.0, 200);
    assert_eq!(
        it.caller.run_with(discard(2)).await,
        (500, "block strategy effect：Discard Later".to_owned())
    );
}

#[tokio::test]
async fn cover_early_replaces_what_runs_and_what_waits() {
    let it = fixture().await;
    it.caller.run(1, 1, "polite").await;
    it.caller.run(1, 2, "echo").await;
    it.caller.logged(1, "started").await;
    let cover = changed(trigger(1, 3, "echo"), json!({"executorBlockStrategy": "COVER_EARLY"}));
    assert_eq!(it.caller.run_with(cover).await.0, 200);
    let (code, text) = it.server.result(1).await;
    assert_eq!((code, text.as_str()), (500, "Covered by a newer run of the same job. [running, stopped]"));
    assert_eq!(it.server.result(2).await.0, 500);
    assert_eq!(it.server.result(3).await, (200, "run 3 of job 1".to_owned()));
}

#[tokio::test]
async fn the_built_in_handlers_do_what_they_say() {
    let it = fixture().await;
    let with = |job, run, handler, parameter: &str| {
        changed(trigger(job, run, handler), json!({"executorParams": parameter}))
    };
    it.caller.run_with(with(1, 1, "sleep", "20ms")).await;
    assert_eq!(it.server.result(1).await, (200, "Slept for 20ms.".to_owned()));
    it.caller.run_with(with(1, 2, "sleep", "soon")).await;
    assert!(it.server.result(2).await.1.contains("\"soon\" is no duration"));
}

#[tokio::test]
async fn an_http_request_succeeds_by_its_status_and_goes_only_where_it_may() {
    let it = fixture().await;
    let run = async |run_id: i64, parameter: serde_json::Value| {
        let trigger = trigger(i32::try_from(run_id).unwrap(), run_id, "http");
        it.caller.run_with(changed(trigger, json!({"executorParams": parameter.to_string()}))).await;
        it.server.result(run_id).await
    };
    let url = format!("{}/api/registry?key=s3cret", it.server.url);
    let post = json!({
        "method": "POST", "url": url, "body": "{}", "headers": {"authorization": "Bearer Success"}
    });
    assert_eq!(run(1, post).await, (200, "HTTP 200 OK".to_owned()));
    let log = it.caller.logged(1, "run ends").await;
    // The server's answer holds the very word that was sent as a secret.
    assert!(log.contains(r#""msg":"***""#) && !log.contains("s3cret"), "{log}");
    let unexpected = json!({"url": url, "expectedStatus": [404, "500-599"]});
    assert_eq!(run(2, unexpected).await, (500, "HTTP 200 OK, expected 404, 500-599".to_owned()));
    for (run_id, parameter, part) in [
        (3, json!({"url": "http://169.254.169.254/latest"}), "169.254.169.254, which is refused whatever"),
        (4, json!({"url": "http://10.0.0.1/"}), "sends requests only to 127.0.0.1"),
        (5, json!({"url": url, "timeoutMs": 0}), "timeoutMs: 0 is not from 1"),
        (6, json!({"url": url, "headers": {"Host": "other"}}), "headers: Host is set by"),
        (7, json!({"url": url, "expectedStatus": "ok"}), "expectedStatus: neither a status"),
        (8, json!({"uri": url}), "unknown field `uri`"),
    ] {
        let (code, text) = run(run_id, parameter).await;
        assert!(code == 500 && text.contains(part), "{text}");
    }
}
