use super::support::{World, faults};
use entity::fault::Fault;
use entity::user::UserRole;
use scheduler::users::{self, ADMINISTRATOR, FirstStart, PasswordChange, UserDraft};
use scheduler::{Error, sessions};

fn draft(name: &str) -> UserDraft {
    UserDraft { name: name.into(), email: String::new(), role: UserRole::Ordinary }
}

fn change(current: &str, new: &str) -> PasswordChange {
    PasswordChange { current: current.into(), new: new.into(), again: new.into() }
}

#[tokio::test]
async fn the_first_start_creates_one_administrator_with_a_one_time_password() {
    let world = World::new().await;
    let first = users::ensure_administrator(&world.services, None).await.unwrap();
    let FirstStart::Created { one_time_password: Some(password) } = first else { panic!("{first:?}") };
    assert!(password.chars().count() >= 20);
    let signed_in = sessions::sign_in(&world.services, "Admin", &password, "::1").await.unwrap();
    assert_eq!(signed_in.caller.role, UserRole::SuperAdmin);
    assert!(signed_in.caller.must_change_password);
    let again = users::ensure_administrator(&world.services, None).await.unwrap();
    assert_eq!(again, FirstStart::Existing);
}

#[tokio::test]
async fn a_configured_first_password_has_to_be_changed_too_and_known_defaults_are_refused() {
    let world = World::new().await;
    for weak in ["admin", "123456", "short"] {
        let refused = faults(users::ensure_administrator(&world.services, Some(weak.into())).await);
        assert_eq!(refused[0].0, "admin_password");
    }
    let given = Some("a long enough one".to_owned());
    let first = users::ensure_administrator(&world.services, given).await.unwrap();
    assert_eq!(first, FirstStart::Created { one_time_password: None });
    let signed_in =
        sessions::sign_in(&world.services, ADMINISTRATOR, "a long enough one", "::1").await.unwrap();
    assert!(signed_in.caller.must_change_password);
}

#[tokio::test]
async fn a_forced_change_stands_before_everything_else() {
    let world = World::new().await;
    let (user, password) = users::create(&world.services, &world.root, draft("ada")).await.unwrap();
    let caller = sessions::sign_in(&world.services, "ada", &password, "::1").await.unwrap().caller;
    let list = scheduler::executors::list(&world.services, &caller, &Default::default()).await;
    assert!(matches!(list, Err(Error::PasswordChangeRequired)));
    let own = users::get(&world.services, &caller, user.id).await;
    assert!(matches!(own, Err(Error::PasswordChangeRequired)));
    users::change_password(&world.services, &caller, change(&password, "correct horse battery"), None)
        .await
        .unwrap();
    let caller = sessions::caller(&world.services, user.id).await.unwrap();
    assert!(!caller.must_change_password);
    assert_eq!(users::get(&world.services, &caller, user.id).await.unwrap().name, "ada");
}

#[tokio::test]
async fn names_and_addresses_are_checked_all_at_once() {
    let world = World::new().await;
    let bad = UserDraft { name: "<script>".into(), email: "nobody".into(), role: UserRole::Ordinary };
    let found = faults(users::create(&world.services, &world.root, bad).await);
    assert_eq!(found, [("name", Fault::Character), ("email", Fault::Character)]);
    let create = async |name: &str| users::create(&world.services, &world.root, draft(name)).await;
    assert_eq!(faults(create("").await), [("name", Fault::Required)]);
    assert_eq!(faults(create("a").await), [("name", Fault::TooShort { min: 2 })]);
    assert_eq!(faults(create(&"a".repeat(10_000)).await), [("name", Fault::TooLong { max: 64 })]);
    create("Müller").await.unwrap();
    assert!(
        matches!(&faults(create("MÜLLER").await)[..], [(name, Fault::Taken { id: Some(_) })] if *name == "name")
    );
}

#[tokio::test]
async fn an_ordinary_user_sees_only_the_own_account_and_creates_nobody() {
    let world = World::new().await;
    let (user, _) = users::create(&world.services, &world.root, draft("ada")).await.unwrap();
    let stranger = world.stranger();
    assert!(matches!(users::get(&world.services, &stranger, user.id).await, Err(Error::Forbidden)));
    assert!(matches!(users::create(&world.services, &stranger, draft("eve")).await, Err(Error::Forbidden)));
    assert!(matches!(users::reset_password(&world.services, &stranger, "ada").await, Err(Error::Forbidden)));
}

#[tokio::test]
async fn a_password_change_names_each_wrong_field() {
    let world = World::new().await;
    let (user, password) = users::create(&world.services, &world.root, draft("grace-hopper")).await.unwrap();
    let caller = sessions::caller(&world.services, user.id).await.unwrap();
    let try_change = async |typed| users::change_password(&world.services, &caller, typed, None).await;
    let mut typed = change("wrong", "123456");
    typed.again = "1234567".into();
    assert_eq!(faults(try_change(typed).await), [("new", Fault::KnownDefault), ("again", Fault::Mismatch)]);
    for (new, fault) in [
        ("Grace-Hopper".to_owned(), Fault::Reused),
        (password.clone(), Fault::Reused),
        ("short".to_owned(), Fault::TooShort { min: 10 }),
        ("x".repeat(10_000), Fault::TooLong { max: 128 }),
        (String::new(), Fault::Required),
    ] {
        assert_eq!(faults(try_change(change(&password, &new)).await), [("new", fault)]);
    }
    let wrong = faults(try_change(change("wrong", "correct horse battery")).await);
    assert_eq!(wrong, [("current", Fault::WrongPassword)]);
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let world = World::new().await;
    let (user, password) = users::create(&world.services, &world.root, draft("ada")).await.unwrap();
    for id in ["here", "elsewhere"] {
        sessions::create(&world.services, id, Some(user.id), "{}".into()).await.unwrap();
    }
    let caller = sessions::caller(&world.services, user.id).await.unwrap();
    let typed = change(&password, "correct horse battery");
    users::change_password(&world.services, &caller, typed, Some("here")).await.unwrap();
    assert!(sessions::load(&world.services, "here").await.unwrap().is_some());
    assert!(sessions::load(&world.services, "elsewhere").await.unwrap().is_none());
    let saved = sessions::save(&world.services, "elsewhere", Some(user.id), "{}".into()).await.unwrap();
    assert_eq!(saved, None, "an ended session is not revived by a request that had it open");
}

#[tokio::test]
async fn a_reset_gives_a_one_time_password_ends_sessions_and_lifts_the_lock() {
    let world = World::new().await;
    let (user, _) = users::create(&world.services, &world.root, draft("ada")).await.unwrap();
    sessions::create(&world.services, "here", Some(user.id), "{}".into()).await.unwrap();
    for _ in 0..6 {
        sessions::sign_in(&world.services, "ada", "wrong", "::1").await.unwrap_err();
    }
    let password = users::reset_password(&world.services, &world.root, " ADA ").await.unwrap();
    assert!(sessions::load(&world.services, "here").await.unwrap().is_none());
    let caller = sessions::sign_in(&world.services, "ada", &password, "::1").await.unwrap().caller;
    assert!(caller.must_change_password);
    let nobody = users::reset_password(&world.services, &world.root, "nobody").await;
    assert!(matches!(nobody, Err(Error::NotFound("user"))));
}
