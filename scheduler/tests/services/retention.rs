//! How long the past is kept: who may say so, and what may be said.

use super::support::{World, faults};
use entity::fault::Fault;
use entity::retention::Model;
use scheduler::retention::{self, RetentionEdit};
use scheduler::{Error, audit};

fn usual() -> RetentionEdit {
    RetentionEdit::from(&Model::default())
}

#[tokio::test]
async fn what_is_saved_holds_and_the_audit_says_what_changed() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    assert_eq!(retention::current(services).await.unwrap(), Model::default());
    let first = retention::edit(services, root, 0, &RetentionEdit { run_days: 0, ..usual() }).await.unwrap();
    assert_eq!((first.version, first.run_days, first.log_days), (1, 0, 30));
    let second = RetentionEdit { success_days: 14, ..usual() };
    let second = retention::edit(services, root, 1, &second).await.unwrap();
    assert_eq!(retention::get(services, root).await.unwrap(), second);
    let told = &audit::list(services, root, &Default::default(), None).await.unwrap().entries[0];
    assert!(told.before.as_deref().unwrap().contains("\"success_days\":0"), "{told:?}");
    assert!(told.after.as_deref().unwrap().contains("\"success_days\":14"), "{told:?}");
}

#[tokio::test]
async fn who_saves_what_somebody_else_changed_is_told_so() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    retention::edit(services, root, 0, &usual()).await.unwrap();
    for stale in [0, 2] {
        let refused = retention::edit(services, root, stale, &usual()).await;
        assert!(matches!(refused, Err(Error::Conflict(1))), "{refused:?}");
    }
}

#[tokio::test]
async fn each_wrong_number_is_named_with_its_bounds() {
    let world = World::new().await;
    let wrong = RetentionEdit {
        run_days: 30,
        success_days: 31,
        runs_per_job: -1,
        log_days: 0,
        log_mib: 0,
        host_sample_hours: 169,
        host_minute_days: 401,
        access_days: 36_501,
    };
    let refused = retention::edit(&world.services, &world.root, 0, &wrong).await;
    let expected = [
        ("success_days", 0, 30),
        ("runs_per_job", 0, 100_000_000),
        ("log_days", 1, 36_500),
        ("log_mib", 1, 1 << 30),
        ("host_sample_hours", 1, 168),
        ("host_minute_days", 1, 400),
        ("access_days", 1, 36_500),
    ];
    assert_eq!(faults(refused), expected.map(|(field, min, max)| (field, Fault::OutOfRange { min, max })));
    assert_eq!(retention::current(&world.services).await.unwrap(), Model::default());
}

#[tokio::test]
async fn it_is_the_super_administrators_to_see_and_to_change() {
    let world = World::new().await;
    let somebody = world.stranger();
    let seen = retention::get(&world.services, &somebody).await;
    assert!(matches!(seen, Err(Error::Forbidden)), "{seen:?}");
    let changed = retention::edit(&world.services, &somebody, 0, &usual()).await;
    assert!(matches!(changed, Err(Error::Forbidden)), "{changed:?}");
}
