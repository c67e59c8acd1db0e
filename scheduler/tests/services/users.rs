use super::support::{World, draft as job_draft, faults};
use entity::fault::Fault;
use entity::grant::Role;
use entity::job::JobState;
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::users::{
    self, ADMINISTRATOR, FirstStart, PasswordChange, UserDraft, UserEdit, UserFilter, UserRow,
};
use scheduler::{Error, Refusal, grants, jobs, namespaces, sessions};

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

/// An account with an e-mail address, as its administrators see it.
async fn row(world: &World, name: &str, role: UserRole) -> UserRow {
    let draft = UserDraft { role, email: format!("{name}@example.com"), ..draft(name) };
    let (user, _) = users::create(&world.services, &world.root, draft).await.unwrap();
    users::detail(&world.services, &world.root, user.id).await.unwrap()
}

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let world = World::new().await;
    for (name, role) in
        [("ada", UserRole::SuperAdmin), ("adam", UserRole::Ordinary), ("eve", UserRole::Ordinary)]
    {
        row(&world, name, role).await;
    }
    let names = async |filter: UserFilter| {
        let rows = users::list(&world.services, &world.root, &filter).await.unwrap();
        rows.into_iter().map(|row| row.user.name).collect::<Vec<_>>()
    };
    assert_eq!(names(UserFilter::default()).await, ["ada", "adam", "eve"]);
    assert_eq!(names(UserFilter { name: "ADA".into(), ..Default::default() }).await, ["ada", "adam"]);
    assert_eq!(names(UserFilter { email: "eve@".into(), ..Default::default() }).await, ["eve"]);
    assert_eq!(names(UserFilter { name: "%".into(), ..Default::default() }).await, Vec::<String>::new());
    let role = Some(UserRole::Ordinary);
    assert_eq!(names(UserFilter { name: "a".into(), role, ..Default::default() }).await, ["adam"]);
    let stranger = users::list(&world.services, &world.stranger(), &UserFilter::default()).await;
    assert!(matches!(stranger, Err(Error::Forbidden)));
}

#[tokio::test]
async fn an_edit_changes_what_was_sent_and_keeps_the_rest_and_the_grants() {
    let world = World::new().await;
    let ada = row(&world, "ada", UserRole::Ordinary).await;
    row(&world, "eve", UserRole::Ordinary).await;
    let namespace = namespaces::ensure(&world.services, "a", "b").await.unwrap().id;
    grants::grant(&world.services, &world.root, namespace, "ada", Role::Viewer).await.unwrap();
    let edit =
        async |version, edit| users::edit(&world.services, &world.root, ada.user.id, version, edit).await;
    let email = UserEdit { email: Some("Ada@Elsewhere.example".into()), ..Default::default() };
    let changed = edit(1, email).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.email.as_deref()), ("ada", Some("ada@elsewhere.example")));
    assert!(matches!(edit(1, UserEdit::default()).await, Err(Error::Conflict(2))), "somebody saved since");
    let taken = UserEdit { name: Some("EVE".into()), email: Some("eve@example.com".into()), role: None };
    let found = faults(edit(2, taken).await);
    assert!(
        matches!(found[..], [("name", Fault::Taken { .. }), ("email", Fault::Taken { .. })]),
        "{found:?}"
    );
    let none = UserEdit { email: Some(String::new()), ..Default::default() };
    assert_eq!(edit(2, none).await.unwrap().email, None);
    let stored = users::detail(&world.services, &world.root, ada.user.id).await.unwrap();
    assert_eq!(stored.grants.iter().map(|grant| grant.role).collect::<Vec<_>>(), [Role::Viewer]);
    let stranger = users::edit(&world.services, &world.stranger(), ada.user.id, 3, UserEdit::default()).await;
    assert!(matches!(stranger, Err(Error::Forbidden)));
}

#[tokio::test]
async fn a_deleted_user_is_gone_at_once_and_stays_readable_by_name() {
    let world = World::new().await;
    let (boss, ada) =
        (row(&world, "boss", UserRole::SuperAdmin).await, row(&world, "ada", UserRole::SuperAdmin).await);
    let by_ada = sessions::caller(&world.services, ada.user.id).await.unwrap();
    let by_ada = Caller { must_change_password: false, ..by_ada };
    let executor = world.executor("default", "worker").await.0.id;
    let job = jobs::create(&world.services, &by_ada, job_draft(executor), JobState::Stopped).await.unwrap();
    let edited = UserEdit { role: Some(UserRole::SuperAdmin), ..Default::default() };
    users::edit(&world.services, &by_ada, boss.user.id, 1, edited).await.unwrap();
    sessions::create(&world.services, "here", Some(ada.user.id), "{}".into()).await.unwrap();
    grants::grant(&world.services, &world.root, job.namespace_id, "ada", Role::Owner).await.unwrap();
    users::delete(&world.services, &world.root, ada.user.id).await.unwrap();
    assert!(sessions::load(&world.services, "here").await.unwrap().is_none());
    assert!(matches!(sessions::caller(&world.services, ada.user.id).await, Err(Error::Unauthenticated)));
    assert_eq!(grants::of_namespace(&world.services, &world.root, job.namespace_id).await.unwrap(), []);
    let detail = jobs::get(&world.services, &world.root, job.id).await.unwrap();
    assert_eq!(detail.updated_by.as_deref(), Some("ada"));
    let boss = users::detail(&world.services, &world.root, boss.user.id).await.unwrap();
    assert_eq!(boss.updated_by.as_deref(), Some("ada"));
    // The name is free again, and the new account is somebody else.
    let again = row(&world, "ada", UserRole::Ordinary).await;
    assert_ne!(again.user.id, ada.user.id);
}

#[tokio::test]
async fn nobody_deletes_the_own_account_and_one_super_administrator_remains() {
    let world = World::new().await;
    let ada = row(&world, "ada", UserRole::SuperAdmin).await.user.id;
    let by_ada = sessions::caller(&world.services, ada).await.unwrap();
    let by_ada = Caller { must_change_password: false, ..by_ada };
    let own = users::delete(&world.services, &by_ada, ada).await;
    assert!(matches!(own, Err(Error::Refused(Refusal::OwnAccount))));
    let last = users::delete(&world.services, &world.root, ada).await;
    assert!(matches!(last, Err(Error::Refused(Refusal::LastSuperAdmin))));
    let less = UserEdit { role: Some(UserRole::Ordinary), ..Default::default() };
    let last = users::edit(&world.services, &by_ada, ada, 1, less.clone()).await;
    assert!(matches!(last, Err(Error::Refused(Refusal::LastSuperAdmin))));
    row(&world, "eve", UserRole::SuperAdmin).await;
    users::edit(&world.services, &by_ada, ada, 1, less).await.unwrap();
    let now = sessions::caller(&world.services, ada).await.unwrap();
    assert_eq!(now.role, UserRole::Ordinary, "it counts at the next call");
    let gone = users::delete(&world.services, &world.root, 999).await;
    assert!(matches!(gone, Err(Error::NotFound("user"))));
}

#[tokio::test]
async fn of_two_who_delete_each_other_at_the_same_moment_one_remains() {
    let world = World::new().await;
    let (ada, eve) = (
        row(&world, "ada", UserRole::SuperAdmin).await.user.id,
        row(&world, "eve", UserRole::SuperAdmin).await.user.id,
    );
    let caller = async |id| {
        let caller = sessions::caller(&world.services, id).await.unwrap();
        Caller { must_change_password: false, ..caller }
    };
    let (by_ada, by_eve) = (caller(ada).await, caller(eve).await);
    let (first, second) = tokio::join!(
        users::delete(&world.services, &by_ada, eve),
        users::delete(&world.services, &by_eve, ada)
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|done| **done).count(), 1);
}
