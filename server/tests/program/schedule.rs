//! `orrery schedule next`.

use crate::support::{Installation, SOON};
use std::process::{Output, Stdio};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

const ORACLE: &str = include_str!("../../../scheduler/tests/oracle/quartz.tsv");

async fn next(arguments: &[&str]) -> Output {
    Installation::new().run_command(&[&["schedule", "next"], arguments].concat()).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_batch_answers_every_line_of_the_oracle_as_quartz_does() {
    let installation = Installation::new();
    let mut command = installation.command(&["schedule", "next", "--batch"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = tokio::spawn(async move { stdin.write_all(ORACLE.as_bytes()).await.unwrap() });
    let output = timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
    feed.await.unwrap();
    assert!(output.status.success());
    let expected: Vec<&str> = ORACLE.lines().filter(|line| !line.starts_with('#')).collect();
    let expected: Vec<&str> = expected.iter().map(|line| line.rsplit('\t').next().unwrap()).collect();
    let answered = text(&output.stdout);
    let answered: Vec<&str> = answered.lines().collect();
    assert_eq!(answered.len(), expected.len());
    assert!(answered.len() > 1_400);
    for (answered, expected) in answered.iter().zip(expected) {
        assert_eq!(*answered, expected);
    }
}

#[tokio::test]
async fn times_around_a_change_of_the_clocks_say_what_it_does_to_them() {
    let zone = ["--zone", "America/New_York", "--count", "2"];
    let spring = [&["0 30 2 * * ?", "--after", "2026-03-07T12:00:00Z"], &zone[..]].concat();
    assert_eq!(
        text(&next(&spring).await.stdout),
        "2026-03-08T07:00:00Z  2026-03-08 03:00:00 EDT  stands for the skipped 2026-03-08 02:30:00\n\
         2026-03-09T06:30:00Z  2026-03-09 02:30:00 EDT\n"
    );
    let skipping = [&spring[..], &["--gap", "skip"]].concat();
    assert!(text(&next(&skipping).await.stdout).starts_with("2026-03-09T06:30:00Z"));
    let autumn = [&["0 30 1 * * ?", "--after", "2026-10-31T12:00:00Z"], &zone[..]].concat();
    let both = [&autumn[..], &["--overlap", "both", "--json"]].concat();
    let fires: Vec<serde_json::Value> =
        text(&next(&both).await.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fires[0]["note"]["kind"], "first_of_two");
    assert_eq!(fires[1]["note"]["kind"], "second_of_two");
    assert_eq!(fires[1]["at"].as_i64().unwrap() - fires[0]["at"].as_i64().unwrap(), 3_600_000);
}

#[tokio::test]
async fn what_cannot_fire_is_refused_with_the_field_and_the_reason() {
    for (arguments, says) in [
        (&["61 * * * * ?"][..], "schedule: "),
        (&["0 0 0 30 2 ?"], "schedule: "),
        (&["0 0 0 * * ?", "--zone", "Mars/Olympus"], "zone: "),
        (&["0 0 0 * * ?", "--after", "yesterday"], "--after"),
        (&["0 0 0 * * ?", "--count", "0"], "--count"),
    ] {
        let refused = next(arguments).await;
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(text(&refused.stderr).contains(says), "{}", text(&refused.stderr));
        assert!(refused.stdout.is_empty());
    }
}

#[tokio::test]
async fn a_fixed_rate_counts_from_the_time_that_is_given() {
    let rate = ["--every", "86400", "--after", "2026-03-07T12:00:00Z", "--zone", "America/New_York"];
    assert_eq!(
        text(&next(&[&rate[..], &["--count", "2"]].concat()).await.stdout),
        "2026-03-08T12:00:00Z  2026-03-08 08:00:00 EDT  the clocks change on this day\n\
         2026-03-09T12:00:00Z  2026-03-09 08:00:00 EDT\n"
    );
    let refused = next(&["--every", "0"]).await;
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("schedule"), "{}", text(&refused.stderr));
}

#[tokio::test]
async fn blackouts_hold_times_back_or_delay_them_to_their_end() {
    let hourly = ["0 30 * * * ?", "--after", "2026-03-07T20:45:00Z", "--blackout", "22:00-06:00"];
    let held = [&hourly[..], &["--count", "3"]].concat();
    assert_eq!(
        text(&next(&held).await.stdout),
        "2026-03-07T21:30:00Z  2026-03-07 21:30:00 UTC\n\
         2026-03-07T22:30:00Z  2026-03-07 22:30:00 UTC  held back, 8 until 2026-03-08 05:30:00 UTC\n\
         2026-03-08T06:30:00Z  2026-03-08 06:30:00 UTC\n"
    );
    let delayed = [&hourly[..], &["--delay", "--blackout", "06:00-06:15", "--count", "3"]].concat();
    assert_eq!(
        text(&next(&delayed).await.stdout),
        "2026-03-07T21:30:00Z  2026-03-07 21:30:00 UTC\n\
         2026-03-08T06:15:00Z  2026-03-08 06:15:00 UTC  delayed, for 8 since 2026-03-07 22:30:00 UTC\n\
         2026-03-08T06:30:00Z  2026-03-08 06:30:00 UTC\n"
    );
    for (windows, says) in
        [(["22-06", "sat 1:00-2:00"], "blackouts"), (["0:00-12:00", "12:00-24:00"], "blackouts")]
    {
        let refused = next(&["0 30 * * * ?", "--blackout", windows[0], "--blackout", windows[1]]).await;
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains(says), "{}", text(&refused.stderr));
    }
}
