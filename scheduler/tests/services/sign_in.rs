use super::support::{MINUTE, START, World};
use entity::user::UserRole;
use scheduler::sessions::{self, SignedIn};
use scheduler::users::{self, UserDraft};
use scheduler::{Error, Result};

const ADDRESS: &str = "192.0.2.7";

async fn world_with_ada() -> (World, String) {
    let world = World::new().await;
    let draft = UserDraft { name: "ada".into(), email: "Ada@Example.org".into(), role: UserRole::SuperAdmin };
    let (_, password) = users::create(&world.services, &world.root, draft).await.unwrap();
    (world, password)
}

async fn sign_in(world: &World, name: &str, password: &str) -> Result<SignedIn> {
    sessions::sign_in(&world.services, name, password, ADDRESS).await
}

#[tokio::test]
async fn the_name_and_the_address_both_sign_in_in_any_case() {
    let (world, password) = world_with_ada().await;
    for name in ["ada", " ADA ", "ada@example.ORG"] {
        let signed_in = sign_in(&world, name, &password).await.unwrap();
        assert_eq!(signed_in.user.name, "ada");
        assert_eq!(signed_in.user.last_sign_in_at, Some(START));
    }
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_are_one_error() {
    let (world, _) = world_with_ada().await;
    for (name, password) in [("ada", "wrong"), ("nobody", "wrong"), ("", ""), ("ada", &*"x".repeat(10_000))] {
        assert!(matches!(sign_in(&world, name, password).await, Err(Error::WrongCredentials)));
    }
}

#[tokio::test]
async fn the_fifth_failure_locks_the_name_for_fifteen_minutes() {
    let (world, password) = world_with_ada().await;
    for _ in 0..5 {
        assert!(matches!(sign_in(&world, "ada", "wrong").await, Err(Error::WrongCredentials)));
    }
    let locked = sign_in(&world, "Ada", &password).await;
    assert!(matches!(locked, Err(Error::Locked(until)) if until == START + 15 * MINUTE), "{locked:?}");
    world.clock.advance(15 * MINUTE - 1);
    assert!(matches!(sign_in(&world, "ada", &password).await, Err(Error::Locked(_))));
    world.clock.advance(1);
    sign_in(&world, "ada", &password).await.unwrap();
}

#[tokio::test]
async fn names_that_do_not_exist_lock_alike() {
    let (world, _) = world_with_ada().await;
    for _ in 0..5 {
        assert!(matches!(sign_in(&world, "nobody", "wrong").await, Err(Error::WrongCredentials)));
    }
    assert!(matches!(sign_in(&world, "nobody", "wrong").await, Err(Error::Locked(_))));
}

#[tokio::test]
async fn a_success_forgets_the_failures_of_the_name() {
    let (world, password) = world_with_ada().await;
    for _ in 0..3 {
        for _ in 0..4 {
            sign_in(&world, "ada", "wrong").await.unwrap_err();
        }
        sign_in(&world, "ada", &password).await.unwrap();
    }
}

#[tokio::test]
async fn failures_older_than_fifteen_minutes_do_not_count() {
    let (world, password) = world_with_ada().await;
    for _ in 0..4 {
        sign_in(&world, "ada", "wrong").await.unwrap_err();
    }
    world.clock.advance(15 * MINUTE);
    sign_in(&world, "ada", "wrong").await.unwrap_err();
    sign_in(&world, "ada", &password).await.unwrap();
}

#[tokio::test]
async fn fifty_failures_lock_an_address_for_every_name() {
    let (world, password) = world_with_ada().await;
    for attempt in 0..50 {
        let name = format!("guess-{attempt}");
        assert!(matches!(sign_in(&world, &name, "wrong").await, Err(Error::WrongCredentials)));
    }
    assert!(matches!(sign_in(&world, "ada", &password).await, Err(Error::Locked(_))));
    sessions::sign_in(&world.services, "ada", &password, "192.0.2.8").await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_counted_before_they_are_checked() {
    let (world, _) = world_with_ada().await;
    let guesses = (0..12).map(|_| sign_in(&world, "ada", "wrong"));
    let answers = futures::future::join_all(guesses).await;
    let checked = answers.iter().filter(|answer| matches!(answer, Err(Error::WrongCredentials))).count();
    assert_eq!(checked, 5);
}

#[tokio::test]
async fn guessing_the_present_password_on_the_account_page_locks_too() {
    let (world, password) = world_with_ada().await;
    let caller = sign_in(&world, "ada", &password).await.unwrap().caller;
    let guess = || users::PasswordChange {
        current: "wrong".into(),
        new: "correct horse battery".into(),
        again: "correct horse battery".into(),
    };
    for _ in 0..5 {
        let refused = users::change_password(&world.services, &caller, guess(), None).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
    let refused = users::change_password(&world.services, &caller, guess(), None).await;
    assert!(matches!(refused, Err(Error::Locked(_))));
}
