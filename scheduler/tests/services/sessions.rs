use super::support::{HOUR, MINUTE, START, World};
use entity::user::UserRole;
use scheduler::users::{self, UserDraft};
use scheduler::{Error, sessions};
use sea_orm::EntityTrait;

const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn the_database_never_holds_the_id_itself() {
    let world = World::new().await;
    sessions::create(&world.services, "raw-id", Some(1), "{}".into()).await.unwrap();
    let rows = entity::session::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].id_hash.contains("raw-id"));
    assert_eq!(rows[0].id_hash.len(), 64);
}

#[tokio::test]
async fn a_session_ends_after_twelve_idle_hours_and_use_moves_the_end() {
    let world = World::new().await;
    let end = sessions::create(&world.services, "s", Some(1), "{}".into()).await.unwrap();
    assert_eq!(end, START + 12 * HOUR);
    world.clock.advance(11 * HOUR);
    let loaded = sessions::load(&world.services, "s").await.unwrap().unwrap();
    assert_eq!(loaded.expires_at, START + 23 * HOUR);
    world.clock.advance(12 * HOUR - 1);
    let read_late = sessions::load(&world.services, "s").await.unwrap();
    assert!(read_late.is_some(), "used within twelve hours");
    world.clock.advance(12 * HOUR);
    assert!(sessions::load(&world.services, "s").await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_busy_it_is() {
    let world = World::new().await;
    sessions::create(&world.services, "s", Some(1), "{}".into()).await.unwrap();
    while world.clock.advance(6 * HOUR) < START + 7 * DAY {
        assert!(sessions::load(&world.services, "s").await.unwrap().is_some());
    }
    assert!(sessions::load(&world.services, "s").await.unwrap().is_none());
    assert_eq!(sessions::save(&world.services, "s", Some(1), "{}".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_nobody_signed_in_to_ends_after_an_hour() {
    let world = World::new().await;
    sessions::create(&world.services, "s", None, "{}".into()).await.unwrap();
    world.clock.advance(HOUR);
    assert!(sessions::load(&world.services, "s").await.unwrap().is_none());
}

#[tokio::test]
async fn saving_replaces_the_data_and_knows_who_signed_in() {
    let world = World::new().await;
    sessions::create(&world.services, "s", None, "{}".into()).await.unwrap();
    world.clock.advance(MINUTE);
    let end = sessions::save(&world.services, "s", Some(7), r#"{"a":1}"#.into()).await.unwrap();
    assert_eq!(end, Some(START + MINUTE + 12 * HOUR));
    let loaded = sessions::load(&world.services, "s").await.unwrap().unwrap();
    assert_eq!((loaded.user_id, loaded.data.as_str()), (Some(7), r#"{"a":1}"#));
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good() {
    let world = World::new().await;
    sessions::create(&world.services, "s", Some(1), "{}".into()).await.unwrap();
    sessions::delete(&world.services, "s").await.unwrap();
    assert!(sessions::load(&world.services, "s").await.unwrap().is_none());
    assert_eq!(sessions::save(&world.services, "s", Some(1), "{}".into()).await.unwrap(), None);
}

#[tokio::test]
async fn ended_sessions_are_swept_and_living_ones_stay() {
    let world = World::new().await;
    sessions::create(&world.services, "old", None, "{}".into()).await.unwrap();
    world.clock.advance(2 * HOUR);
    sessions::create(&world.services, "new", None, "{}".into()).await.unwrap();
    assert_eq!(sessions::delete_expired(&world.services).await.unwrap(), 1);
    assert!(sessions::load(&world.services, "new").await.unwrap().is_some());
}

#[tokio::test]
async fn the_caller_is_read_anew_so_that_a_deleted_account_is_out_at_once() {
    let world = World::new().await;
    let draft = UserDraft { name: "ada".into(), email: String::new(), role: UserRole::Ordinary };
    let (user, _) = users::create(&world.services, &world.root, draft).await.unwrap();
    assert_eq!(sessions::caller(&world.services, user.id).await.unwrap().name, "ada");
    let transaction = world.services.db.begin().await.unwrap();
    entity::user::Entity::delete_by_id(user.id).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(matches!(sessions::caller(&world.services, user.id).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn a_kept_text_is_taken_once_from_its_own_session_and_outlives_other_saves() {
    let world = World::new().await;
    let services = &world.services;
    sessions::create(services, "s", Some(1), "{}".into()).await.unwrap();
    sessions::keep(services, "s", 1, "token", "first".into()).await.unwrap();
    sessions::keep(services, "s", 1, "token", "second".into()).await.unwrap();
    // What another request of the same browser read before it saves now.
    sessions::save(services, "s", Some(1), "{\"a\":1}".into()).await.unwrap();
    assert_eq!(sessions::take(services, "other", "token").await.unwrap(), None);
    assert_eq!(sessions::take(services, "s", "else").await.unwrap(), None);
    assert_eq!(sessions::take(services, "s", "token").await.unwrap().as_deref(), Some("second"));
    assert_eq!(sessions::take(services, "s", "token").await.unwrap(), None);
}

#[tokio::test]
async fn a_kept_text_is_gone_after_an_hour_and_with_the_sessions_of_its_user() {
    let world = World::new().await;
    let services = &world.services;
    sessions::keep(services, "s", 1, "token", "late".into()).await.unwrap();
    world.clock.advance(HOUR);
    assert_eq!(sessions::take(services, "s", "token").await.unwrap(), None);
    sessions::keep(services, "s", 1, "token", "ended".into()).await.unwrap();
    sessions::delete_of_user(services, 1).await.unwrap();
    assert_eq!(sessions::take(services, "s", "token").await.unwrap(), None);
}
