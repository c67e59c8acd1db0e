use crate::support::*;

#[tokio::test]
async fn how_the_host_is_doing_is_told_as_the_process_that_registered() {
    let it = fixture().await;
    let report = eventually(|| it.server.with(|record| record.metrics.first().cloned())).await;
    let registered = it.server.with(|record| record.registered[0].clone());
    for name in ["registryKey", "registryValue", "life"] {
        assert_eq!(report[name], registered[name], "{name}");
    }
    let sample = &report["sample"];
    assert!(sample["cpu"]["cores"].as_u64().unwrap() > 0, "{sample}");
    assert!(
        sample["memory"]["total"].as_u64().unwrap() > sample["memory"]["used"].as_u64().unwrap(),
        "{sample}"
    );
    assert!(sample["process"]["memory"].as_u64().unwrap() > 0, "{sample}");
    assert!(!sample["disks"].as_array().unwrap().is_empty(), "{sample}");
}
