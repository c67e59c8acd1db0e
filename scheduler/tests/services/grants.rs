use super::support::{World, draft, faults};
use entity::fault::Fault;
use entity::grant::Role;
use entity::job::JobState;
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::users::{self, UserDraft};
use scheduler::{Error, executors, grants, jobs, namespaces, sessions};

async fn person(world: &World, name: &str) -> i32 {
    let email = format!("{name}@example.com");
    let draft = UserDraft { name: name.into(), email, role: UserRole::Ordinary };
    users::create(&world.services, &world.root, draft).await.unwrap().0.id
}

/// As stored now, with the password changed.
async fn caller(world: &World, user_id: i32) -> Caller {
    let caller = sessions::caller(&world.services, user_id).await.unwrap();
    Caller { must_change_password: false, ..caller }
}

#[tokio::test]
async fn several_are_granted_at_once_and_those_whom_nobody_knows_are_told_by_name() {
    let world = World::new().await;
    let namespace = namespaces::ensure(&world.services, "a", "b").await.unwrap().id;
    person(&world, "ada").await;
    person(&world, "eve").await;
    let typed = "ada@example.com, nobody@example.com;\nEVE ada@example.com，x@y";
    let granted = grants::grant(&world.services, &world.root, namespace, typed, Role::Editor).await.unwrap();
    assert_eq!(
        (granted.granted, &granted.unknown[..]),
        (2, &["nobody@example.com".into(), "x@y".into()][..])
    );
    let members = grants::of_namespace(&world.services, &world.root, namespace).await.unwrap();
    let members: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.role)).collect();
    assert_eq!(members, [("ada", Role::Editor), ("eve", Role::Editor)]);
    let nobody = grants::grant(&world.services, &world.root, namespace, " ,; ", Role::Editor).await;
    assert_eq!(faults(nobody), [("people", Fault::Required)]);
    let crowd = (0..201).map(|n| format!("p{n}")).collect::<Vec<_>>().join(" ");
    let crowd = grants::grant(&world.services, &world.root, namespace, &crowd, Role::Viewer).await;
    assert_eq!(faults(crowd), [("people", Fault::TooMany { max: 200 })]);
    let nowhere = grants::grant(&world.services, &world.root, 99, "ada", Role::Viewer).await;
    assert!(matches!(nowhere, Err(Error::NotFound("namespace"))));
}

#[tokio::test]
async fn granting_again_changes_the_role() {
    let world = World::new().await;
    let namespace = namespaces::ensure(&world.services, "a", "b").await.unwrap().id;
    let ada = person(&world, "ada").await;
    for role in [Role::Viewer, Role::Owner] {
        grants::grant(&world.services, &world.root, namespace, "ada", role).await.unwrap();
        assert_eq!(caller(&world, ada).await.grants, [(namespace, role)].into());
    }
    let member = grants::of_namespace(&world.services, &world.root, namespace).await.unwrap().remove(0);
    grants::change(&world.services, &world.root, member.id, Role::Operator).await.unwrap();
    assert_eq!(caller(&world, ada).await.grants, [(namespace, Role::Operator)].into());
    let gone = grants::change(&world.services, &world.root, 99, Role::Operator).await;
    assert!(matches!(gone, Err(Error::NotFound("grant"))));
}

#[tokio::test]
async fn a_role_that_is_taken_back_counts_at_the_next_call() {
    let world = World::new().await;
    let job = world.job("nightly", JobState::Stopped).await;
    let ada = person(&world, "ada").await;
    grants::grant(&world.services, &world.root, job.namespace_id, "ada", Role::Operator).await.unwrap();
    jobs::start(&world.services, &caller(&world, ada).await, job.id).await.unwrap();
    let edited = jobs::edit(&world.services, &caller(&world, ada).await, job.id, 2, draft(1)).await;
    assert!(matches!(edited, Err(Error::RoleNeeded(Role::Editor))));
    let member =
        grants::of_namespace(&world.services, &world.root, job.namespace_id).await.unwrap().remove(0);
    grants::change(&world.services, &world.root, member.id, Role::Viewer).await.unwrap();
    let stopped = jobs::stop(&world.services, &caller(&world, ada).await, job.id).await;
    assert!(matches!(stopped, Err(Error::RoleNeeded(Role::Operator))));
    grants::revoke(&world.services, &world.root, member.id).await.unwrap();
    let seen = jobs::get(&world.services, &caller(&world, ada).await, job.id).await;
    assert!(matches!(seen, Err(Error::NotFound("job"))));
}

#[tokio::test]
async fn lists_show_what_was_granted_and_nothing_else() {
    let world = World::new().await;
    let (own, _) = world.executor("own", "worker").await;
    let (foreign, _) = world.executor("foreign", "stranger").await;
    for executor in [own.id, foreign.id] {
        jobs::create(&world.services, &world.root, draft(executor), JobState::Stopped).await.unwrap();
    }
    let ada = person(&world, "ada").await;
    grants::grant(&world.services, &world.root, own.namespace_id, "ada", Role::Editor).await.unwrap();
    let ada = caller(&world, ada).await;
    let executors = executors::list(&world.services, &ada, &Default::default()).await.unwrap();
    assert_eq!(executors.iter().map(|row| row.executor.id).collect::<Vec<_>>(), [own.id]);
    let order = jobs::JobOrder::Name;
    let jobs = jobs::list(&world.services, &ada, &Default::default(), order, None).await.unwrap();
    assert_eq!(jobs.rows.iter().map(|row| row.executor_id).collect::<Vec<_>>(), [own.id]);
    let filter = jobs::JobFilter { namespace_id: Some(foreign.namespace_id), ..Default::default() };
    let asked = jobs::list(&world.services, &ada, &filter, order, None).await.unwrap();
    assert_eq!(asked.rows, [], "a filter shows no more");
}

#[tokio::test]
async fn only_super_administrators_grant() {
    let world = World::new().await;
    let namespace = namespaces::ensure(&world.services, "a", "b").await.unwrap().id;
    let ada = person(&world, "ada").await;
    grants::grant(&world.services, &world.root, namespace, "ada", Role::Owner).await.unwrap();
    let ada = caller(&world, ada).await;
    let more = grants::grant(&world.services, &ada, namespace, "ada", Role::Owner).await;
    assert!(matches!(more, Err(Error::Forbidden)));
    assert!(matches!(grants::of_namespace(&world.services, &ada, namespace).await, Err(Error::Forbidden)));
    let own = grants::of_namespace(&world.services, &world.root, namespace).await.unwrap().remove(0).id;
    assert!(matches!(grants::revoke(&world.services, &ada, own).await, Err(Error::Forbidden)));
    assert!(matches!(grants::change(&world.services, &ada, own, Role::Owner).await, Err(Error::Forbidden)));
}
