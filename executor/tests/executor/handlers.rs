use orrery_executor::{Context, Executor, HandlerResult, handler};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::*;

#[derive(Deserialize)]
struct Order {
    tenant: String,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    price: u32,
}

#[handler]
async fn declared() -> Result<(), std::io::Error> {
    Ok(())
}

#[handler("orders.total")]
async fn total(_: Context, order: Order) -> HandlerResult {
    let total: u32 = order.items.iter().map(|item| item.price).sum();
    Ok(format!("{} pays {total}", order.tenant))
}

#[handler]
async fn circumstances(ctx: Context) -> HandlerResult {
    let limit = ctx.deadline().is_some();
    let left = ctx.time_left().map(|left| left.as_secs());
    Ok(format!("{} {:?} {limit} {}", ctx.handler(), ctx.attempt(), left.is_some_and(|left| left < 60)))
}

fn with_parameter(run_id: i64, handler: &str, parameter: &str) -> Value {
    changed(trigger(1, run_id, handler), json!({"executorParams": parameter}))
}

#[tokio::test]
async fn declared_handlers_are_found_announced_and_run() {
    let it = fixture_with(|builder| builder.declared_handlers()).await;
    let registered = eventually(|| it.server.with(|record| record.registered.first().cloned())).await;
    let names = registered["announces"]["handlers"].as_array().unwrap().clone();
    for name in ["declared", "orders.total", "circumstances", "echo"] {
        assert!(names.contains(&json!(name)), "{name} is not in {names:?}");
    }
    it.caller.run(1, 1, "declared").await;
    assert_eq!(it.server.result(1).await, (200, String::new()));
    let order = r#"{"tenant":"a","items":[{"price":1},{"price":2}]}"#;
    it.caller.run_with(with_parameter(2, "orders.total", order)).await;
    assert_eq!(it.server.result(2).await, (200, "a pays 3".to_owned()));
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_fails_the_run_and_not_the_process() {
    let it = fixture_with(|builder| builder.declared_handlers()).await;
    for (run_id, parameter, text) in [
        (
            1,
            r#"{"tenant":"a","items":[{"price":"x"}]}"#,
            "the parameter's items[0].price: invalid type: string \"x\", expected u32 at line 1 column 35",
        ),
        (2, "{}", "the parameter is not what this handler takes: missing field `tenant` at line 1 column 2"),
        (3, "", "the parameter is empty; this handler needs JSON"),
    ] {
        it.caller.run_with(with_parameter(run_id, "orders.total", parameter)).await;
        let (code, told) = it.server.result(run_id).await;
        assert!(code == 500 && told.starts_with(text), "{told}");
    }
    it.caller.run_with(with_parameter(4, "orders.total", r#"{"tenant":"b"}"#)).await;
    assert_eq!(it.server.result(4).await, (200, "b pays 0".to_owned()));
}

#[tokio::test]
async fn a_handler_reads_its_attempt_where_the_server_tells_it_and_its_time() {
    let it = fixture_with(|builder| builder.declared_handlers()).await;
    it.caller.run(1, 1, "circumstances").await;
    assert_eq!(it.server.result(1).await.1, "circumstances None false false");
    let third = json!({"attempt": 3, "executorTimeout": 60});
    it.caller.run_with(changed(trigger(1, 2, "circumstances"), third)).await;
    assert_eq!(it.server.result(2).await.1, "circumstances Some(3) true true");
}

#[test]
fn a_declared_handler_and_a_given_one_of_the_same_name_are_both_named() {
    let builder = Executor::builder().server("http://h").app_name("a").handler("declared", declared);
    let message = builder.declared_handlers().build().err().map(|error| error.to_string());
    let message = message.unwrap_or_default();
    assert!(message.starts_with("two handlers are called \"declared\""), "{message}");
    assert_eq!(message.matches("handlers.rs:").count(), 2, "{message}");
}

#[tokio::test]
async fn labels_version_and_capacity_are_announced() {
    let it = fixture_with(|builder| {
        builder.label("zone", "a").label("disk", "ssd").version("1.4.0").workers(8).queue_length(50)
    })
    .await;
    let registered = eventually(|| it.server.with(|record| record.registered.first().cloned())).await;
    assert_eq!(registered["labels"], "disk=ssd,zone=a");
    let announced = &registered["announces"];
    assert_eq!(
        (&announced["version"], &announced["workers"], &announced["queueLength"]),
        (&json!("1.4.0"), &json!(8), &json!(50))
    );
}
