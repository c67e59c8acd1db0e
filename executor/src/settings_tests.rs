use super::*;

fn builder() -> ExecutorBuilder {
    Executor::builder().server("http://127.0.0.1:8901/xxl-job-admin/").app_name("a")
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let message = |builder: ExecutorBuilder| builder.build().err().map(|error| error.to_string());
    assert_eq!(message(builder()), None);
    assert!(message(Executor::builder().app_name("a")).unwrap().contains("no server"));
    assert!(message(Executor::builder().server("http://h")).unwrap().contains("no application name"));
    assert!(message(builder().server("ftp://h")).unwrap().contains("\"ftp://h\""));
    assert!(message(builder().server("h:80")).unwrap().contains("server address"));
    assert!(message(builder().advertise("nonsense")).unwrap().contains("advertised address"));
}

async fn nothing() -> Result<(), std::io::Error> {
    Ok(())
}

#[test]
fn two_handlers_of_one_name_are_refused_with_both_their_places() {
    let twice = builder().handler("a", nothing).handler("b", nothing).handler("a", nothing);
    let message = twice.build().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.starts_with("two handlers are called \"a\""), "{message}");
    assert_eq!(message.matches("settings_tests.rs:").count(), 2, "{message}");
    let blank = builder().handler("a b", nothing).build().err().map(|error| error.to_string());
    assert!(blank.unwrap_or_default().contains("\"a b\""));
}

#[test]
fn labels_that_no_job_can_name_are_refused() {
    let message = |builder: ExecutorBuilder| builder.build().err().map(|error| error.to_string());
    assert_eq!(message(builder().label("zone", "a").label("disk", "ssd")), None);
    for (key, value) in [("", "a"), ("zone", ""), ("zo ne", "a"), ("zone", "a,b"), ("zone", "a=b")] {
        let message = message(builder().label(key, value)).unwrap();
        assert!(message.contains(&format!("{key}={value}")), "{message}");
    }
    assert!(message(builder().label("zone", "a").label("zone", "b")).unwrap().contains("twice"));
    let many = (0..21).fold(builder(), |builder, n| builder.label(format!("k{n}"), "v"));
    assert!(message(many).unwrap().contains("at most 20"));
}

#[test]
fn an_executor_announces_an_address_others_can_reach() {
    let settings = |builder: ExecutorBuilder| builder.settings;
    let listening = SocketAddr::from(([10, 0, 0, 7], 9999));
    assert_eq!(settings(builder()).advertised(listening), "http://10.0.0.7:9999");
    assert_eq!(
        settings(builder().advertise("https://jobs.example/x/")).advertised(listening),
        "https://jobs.example/x"
    );
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 9999));
    assert_eq!(settings(builder()).advertised(everywhere), "http://127.0.0.1:9999");
}
