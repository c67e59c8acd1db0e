use super::support::{HOUR, World, faults};
use entity::api_token;
use entity::fault::Fault;
use entity::grant::Role;
use entity::user::UserRole;
use scheduler::api_tokens::{self, TokenDraft};
use scheduler::authority::Caller;
use scheduler::users::{self, PasswordChange, UserDraft};
use scheduler::{Error, grants, namespaces, sessions};
use sea_orm::EntityTrait;

fn draft(days: i64) -> TokenDraft {
    TokenDraft { name: "ci".into(), role: Role::Editor, namespaces: Vec::new(), days }
}

/// Somebody with a password of their own.
async fn person(world: &World, name: &str) -> Caller {
    let draft = UserDraft { name: name.into(), email: String::new(), role: UserRole::Ordinary };
    let (user, current) = users::create(&world.services, &world.root, draft).await.unwrap();
    let caller = sessions::caller(&world.services, user.id).await.unwrap();
    let new = "correct horse battery".to_owned();
    let change = PasswordChange { current, new: new.clone(), again: new };
    users::change_password(&world.services, &caller, change, None).await.unwrap();
    sessions::caller(&world.services, user.id).await.unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_stored_as_a_hash() {
    let world = World::new().await;
    let ada = person(&world, "ada").await;
    let (made, text) = api_tokens::create(&world.services, &ada, draft(90)).await.unwrap();
    assert!(text.starts_with("orr_") && text.len() > 40);
    assert_eq!(made.expires_at - made.created_at, 90 * 24 * HOUR);
    let rows = api_token::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert!(!format!("{rows:?}").contains(&text[4..]), "only a hash is stored");
    let listed = api_tokens::list(&world.services, &ada).await.unwrap();
    assert_eq!(listed, [made]);
    assert_eq!(listed[0].last_used_at, None);
    let caller = api_tokens::caller(&world.services, &text).await.unwrap();
    assert_eq!((caller.user_id, caller.limit.unwrap().role), (ada.user_id, Role::Editor));
    let listed = api_tokens::list(&world.services, &ada).await.unwrap();
    assert!(listed[0].last_used_at.is_some());
}

#[tokio::test]
async fn a_token_lasts_at_most_a_year_and_names_what_is_wrong() {
    let world = World::new().await;
    let ada = person(&world, "ada").await;
    for days in [0, -1, 366] {
        let found = faults(api_tokens::create(&world.services, &ada, draft(days)).await);
        assert_eq!(found, [("days", Fault::OutOfRange { min: 1, max: 365 })]);
    }
    let foreign = namespaces::ensure(&world.services, "a", "b").await.unwrap();
    let bad = TokenDraft { name: " ".into(), namespaces: vec![foreign.id], ..draft(1) };
    let found = faults(api_tokens::create(&world.services, &ada, bad).await);
    assert_eq!(found, [("name", Fault::Required), ("namespaces", Fault::Unknown)]);
}

#[tokio::test]
async fn an_expired_or_revoked_token_or_one_whose_user_is_gone_is_nobodys() {
    let world = World::new().await;
    let (ada, eve) = (person(&world, "ada").await, person(&world, "eve").await);
    let open = async |text: &str| api_tokens::caller(&world.services, text).await;
    let (revoked, first) = api_tokens::create(&world.services, &ada, draft(1)).await.unwrap();
    let foreign = api_tokens::revoke(&world.services, &eve, revoked.id).await;
    assert!(matches!(foreign, Err(Error::NotFound("token"))), "another person's");
    api_tokens::revoke(&world.services, &ada, revoked.id).await.unwrap();
    assert!(matches!(open(&first).await, Err(Error::Unauthenticated)));
    let (_, second) = api_tokens::create(&world.services, &ada, draft(1)).await.unwrap();
    let (_, third) = api_tokens::create(&world.services, &ada, draft(2)).await.unwrap();
    world.clock.advance(24 * HOUR);
    assert!(matches!(open(&second).await, Err(Error::Unauthenticated)), "it ends in the very instant");
    assert!(open(&third).await.is_ok());
    users::delete(&world.services, &world.root, ada.user_id).await.unwrap();
    assert!(matches!(open(&third).await, Err(Error::Unauthenticated)));
    let rows = api_token::Entity::find().all(world.services.db.reader()).await.unwrap();
    assert_eq!(rows, [], "they end with the account");
}

#[tokio::test]
async fn what_is_granted_or_revoked_later_holds_for_tokens_too() {
    let world = World::new().await;
    let ada = person(&world, "ada").await;
    let namespace = namespaces::ensure(&world.services, "a", "b").await.unwrap();
    let (_, text) = api_tokens::create(&world.services, &ada, draft(1)).await.unwrap();
    let sees = async || {
        let caller = api_tokens::caller(&world.services, &text).await.unwrap();
        namespaces::list(&world.services, &caller).await.unwrap().len()
    };
    assert_eq!(sees().await, 0);
    grants::grant(&world.services, &world.root, namespace.id, "ada", Role::Viewer).await.unwrap();
    assert_eq!(sees().await, 1);
    let member = &grants::of_namespace(&world.services, &world.root, namespace.id).await.unwrap()[0];
    grants::revoke(&world.services, &world.root, member.id).await.unwrap();
    assert_eq!(sees().await, 0);
}

#[tokio::test]
async fn a_token_makes_no_token() {
    let world = World::new().await;
    let ada = person(&world, "ada").await;
    let (made, text) = api_tokens::create(&world.services, &ada, draft(1)).await.unwrap();
    let program = api_tokens::caller(&world.services, &text).await.unwrap();
    let another = api_tokens::create(&world.services, &program, draft(1)).await;
    assert!(matches!(another, Err(Error::Forbidden)));
    assert!(matches!(api_tokens::list(&world.services, &program).await, Err(Error::Forbidden)));
    let revoked = api_tokens::revoke(&world.services, &program, made.id).await;
    assert!(matches!(revoked, Err(Error::Forbidden)));
}
