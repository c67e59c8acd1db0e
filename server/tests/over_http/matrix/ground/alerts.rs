//! A channel that nobody answers at, a rule that tells it of failures, and a message that has not arrived.

use entity::channel::{ChannelKind, Language};
use entity::delivery::DeliveryState;
use entity::{alert_rule, channel, delivery};
use scheduler::Services;
use sea_orm::{ActiveModelTrait, Set};
use tower_sessions::session::Id;

pub async fn channel(services: &Services, namespace_id: i32, word: &str) -> i32 {
    let row = channel::ActiveModel {
        namespace_id: Set(namespace_id),
        name: Set(format!("{word} {}", Id::default())),
        kind: Set(ChannelKind::Webhook),
        target: Set("http://127.0.0.1:9/".to_owned()),
        secret: Set(String::new()),
        mentions: Set(String::new()),
        language: Set(Language::En),
        zone: Set("UTC".to_owned()),
        version: Set(1),
        created_at: Set(0),
        updated_at: Set(0),
        updated_by: Set(None),
        ..Default::default()
    };
    let transaction = services.db.begin().await.unwrap();
    let id = row.insert(&transaction).await.unwrap().id;
    transaction.commit().await.unwrap();
    id
}

pub async fn rule(services: &Services, namespace_id: i32, channel: i32) -> i32 {
    let row = alert_rule::ActiveModel {
        namespace_id: Set(namespace_id),
        name: Set(Id::default().to_string()),
        executor_id: Set(None),
        job_id: Set(None),
        events: Set("failed".to_owned()),
        late_s: Set(60),
        long_s: Set(60),
        longer_pct: Set(200),
        start_by: Set(String::new()),
        finish_by: Set(String::new()),
        start_told: Set(None),
        finish_told: Set(None),
        channels: Set(channel.to_string()),
        group_s: Set(60),
        recovery: Set(false),
        escalate_s: Set(0),
        escalate_channel: Set(None),
        silent_until: Set(None),
        since: Set(i64::MAX),
        version: Set(1),
        created_at: Set(0),
        updated_at: Set(0),
        updated_by: Set(None),
        ..Default::default()
    };
    let transaction = services.db.begin().await.unwrap();
    let id = row.insert(&transaction).await.unwrap().id;
    transaction.commit().await.unwrap();
    id
}

pub async fn delivery(services: &Services, namespace_id: i32, channel_id: i32, word: &str) -> i32 {
    let row = delivery::ActiveModel {
        namespace_id: Set(namespace_id),
        // Of none that anything else of these tests makes.
        alert_id: Set(i32::MAX - namespace_id),
        channel_id: Set(channel_id),
        state: Set(DeliveryState::Failed),
        attempts: Set(1),
        next_at: Set(None),
        title: Set(format!("{word} failed")),
        answer: Set("ok".to_owned()),
        created_at: Set(0),
        tried_at: Set(Some(0)),
        ..Default::default()
    };
    let transaction = services.db.begin().await.unwrap();
    let id = row.insert(&transaction).await.unwrap().id;
    transaction.commit().await.unwrap();
    id
}
