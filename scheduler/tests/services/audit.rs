use super::support::{MINUTE, START, World, draft};
use entity::audit_access::{self, Event};
use entity::audit_entry::{self, Model, Noun, Verb};
use entity::job::JobState;
use scheduler::audit::{self, Filter, Verdict};
use scheduler::authority::Caller;
use scheduler::jobs::JobDraft;
use scheduler::rules::audit::{Break, Key};
use scheduler::users::{self, PasswordChange, UserDraft};
use scheduler::{Error, Services, executors, jobs, runs, sessions};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::sync::Arc;

async fn entries(world: &World) -> Vec<Model> {
    audit::list(&world.services, &world.root, &Filter::default(), None).await.unwrap().entries
}

async fn verify(world: &World) -> Verdict {
    audit::verify(&world.services, None).await.unwrap()
}

/// Behind the back of the services, as whoever has the database's password can.
async fn rewrite(world: &World, seq: i64, column: audit_entry::Column, value: &str) {
    let transaction = world.services.db.begin().await.unwrap();
    let update = audit_entry::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(audit_entry::Column::Seq.eq(seq));
    assert_eq!(update.exec(&transaction).await.unwrap().rows_affected, 1);
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn each_change_says_who_from_where_what_before_and_after() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let ada = Caller { address: "10.0.0.7".to_owned(), name: "ada".to_owned(), ..world.root.clone() };
    let draft = JobDraft { name: job.name.clone(), owner: "billing".to_owned(), ..draft(job.executor_id) };
    jobs::edit(&world.services, &ada, job.id, job.version, draft).await.unwrap();
    let edited = &entries(&world).await[0];
    assert_eq!((edited.noun, edited.verb), (Noun::Job, Verb::Edit));
    assert_eq!((edited.actor.as_str(), edited.address.as_str()), ("ada", "10.0.0.7"));
    assert_eq!((edited.object_id, edited.object.as_str()), (job.id.into(), "invoice"));
    assert_eq!(edited.namespace_id, Some(job.namespace_id));
    assert_eq!(edited.at, START);
    let found = scheduler::rules::audit::differences(edited.before.as_deref(), edited.after.as_deref());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].field.as_str(), found[0].after.as_deref()), ("owner", Some("billing")));
}

#[tokio::test]
async fn whatever_people_do_is_recorded_in_order_and_holds() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let job = world.job("invoice", JobState::Stopped).await;
    jobs::start(services, root, job.id).await.unwrap();
    jobs::stop(services, root, job.id).await.unwrap();
    let run = runs::run_now(services, root, job.id, Some("7".to_owned())).await.unwrap();
    runs::order_kill(services, root, run).await.unwrap();
    executors::rotate_token(services, root, job.executor_id, 0).await.unwrap();
    jobs::delete(services, root, job.id).await.unwrap();
    executors::delete(services, root, job.executor_id).await.unwrap();
    let mut done: Vec<(Noun, Verb)> =
        entries(&world).await.iter().map(|entry| (entry.noun, entry.verb)).collect();
    done.reverse();
    let expected = [
        (Noun::Namespace, Verb::Create),
        (Noun::Executor, Verb::Create),
        (Noun::Job, Verb::Create),
        (Noun::Job, Verb::Start),
        (Noun::Job, Verb::Stop),
        (Noun::Job, Verb::Run),
        (Noun::Run, Verb::Kill),
        (Noun::Executor, Verb::RotateToken),
        (Noun::Job, Verb::Disable),
        (Noun::Job, Verb::Delete),
        (Noun::Executor, Verb::Delete),
    ];
    assert_eq!(done, expected);
    let verdict = verify(&world).await;
    assert_eq!((verdict.entries, verdict.broken), (11, None));
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_entry() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let before = entries(&world).await.len();
    assert!(executors::delete(&world.services, &world.root, job.executor_id).await.is_err());
    assert!(jobs::edit(&world.services, &world.root, job.id, 99, draft(job.executor_id)).await.is_err());
    assert_eq!(entries(&world).await.len(), before);
}

#[tokio::test]
async fn neither_tokens_nor_passwords_are_recorded() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    let (executor, token) = world.executor("default", "worker").await;
    let (_, rotated) = executors::rotate_token(services, root, executor.id, MINUTE).await.unwrap();
    let ada = UserDraft { name: "ada".into(), email: String::new(), role: entity::user::UserRole::Ordinary };
    let (user, password) = users::create(services, root, ada).await.unwrap();
    let reset = users::reset_password(services, root, "ada").await.unwrap();
    let caller = sessions::caller(services, user.id).await.unwrap();
    let chosen = "correct horse battery".to_owned();
    let change = PasswordChange { current: reset.clone(), new: chosen.clone(), again: chosen.clone() };
    users::change_password(services, &caller, change, None).await.unwrap();
    let entries = entries(&world).await;
    assert_eq!(entries.iter().filter(|entry| entry.noun == Noun::User).count(), 3);
    let all = serde_json::to_string(&entries).unwrap();
    for secret in [token, rotated, password, reset, chosen, "argon2".to_owned()] {
        assert!(!all.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn an_altered_and_a_removed_entry_are_found() {
    let world = World::new().await;
    world.job("invoice", JobState::On).await;
    rewrite(&world, 2, audit_entry::Column::Actor, "somebody else").await;
    assert_eq!(verify(&world).await.broken, Some(Break::Altered(2)));
    let transaction = world.services.db.begin().await.unwrap();
    audit_entry::Entity::delete_by_id(2_i64).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let verdict = verify(&world).await;
    assert_eq!((verdict.entries, verdict.broken), (1, Some(Break::Missing(2))));
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_and_by_a_kept_head_even_with_the_head_rewritten() {
    let world = World::new().await;
    world.job("invoice", JobState::On).await;
    let kept = audit::head(&world.services, &world.root).await.unwrap();
    assert_eq!(audit::verify(&world.services, Some(kept.clone())).await.unwrap().broken, None);
    let second = audit::get(&world.services, &world.root, 2).await.unwrap();
    let transaction = world.services.db.begin().await.unwrap();
    audit_entry::Entity::delete_by_id(3_i64).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(verify(&world).await.broken, Some(Break::CutOff(2)));
    let transaction = world.services.db.begin().await.unwrap();
    let head = entity::audit_head::Entity::update_many()
        .col_expr(entity::audit_head::Column::Seq, Expr::value(2_i64))
        .col_expr(entity::audit_head::Column::Mac, Expr::value(second.mac));
    head.exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(verify(&world).await.broken, None, "nobody who kept nothing can know");
    let verdict = audit::verify(&world.services, Some(kept)).await.unwrap();
    assert_eq!(verdict.broken, Some(Break::OtherHistory(3)));
}

#[tokio::test]
async fn who_comes_and_who_is_turned_away_is_sealed_and_alterations_are_found() {
    let world = World::new().await;
    let (services, root) = (&world.services, &world.root);
    users::ensure_administrator(services, Some("correct horse battery".to_owned())).await.unwrap();
    let wrong = sessions::sign_in(services, "admin", "guessed", "10.0.0.8").await;
    assert!(matches!(wrong, Err(Error::WrongCredentials)));
    sessions::sign_in(services, "admin", "correct horse battery", "10.0.0.7").await.unwrap();
    assert_eq!(verify(&world).await.unsealed, 2);
    assert_eq!(audit::seal_accesses(services).await.unwrap(), 2);
    assert_eq!(audit::seal_accesses(services).await.unwrap(), 0);
    let (accesses, next) = audit::accesses(services, root, None).await.unwrap();
    assert!(next.is_none());
    let told: Vec<(Event, &str, &str)> = accesses
        .iter()
        .map(|access| (access.event, access.actor.as_str(), access.address.as_str()))
        .collect();
    let expected = [(Event::SignedIn, "admin", "10.0.0.7"), (Event::SignInFailed, "admin", "10.0.0.8")];
    assert_eq!(told, expected);
    let verdict = verify(&world).await;
    assert_eq!((verdict.accesses, verdict.unsealed, verdict.broken), (2, 0, None));
    let transaction = services.db.begin().await.unwrap();
    let failed = audit_access::Column::Event.eq(Event::SignInFailed);
    audit_access::Entity::delete_many().filter(failed).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(verify(&world).await.broken, Some(Break::Accesses(2)));
}

#[tokio::test]
async fn another_key_than_that_of_the_last_entry_is_noticed() {
    let world = World::new().await;
    let services = &world.services;
    let other = Services { audit: Arc::new(Key::new([8; 32])), ..services.clone() };
    world.executor("default", "worker").await;
    assert!(audit::is_sealed_with_our_key(services).await.unwrap());
    assert!(!audit::is_sealed_with_our_key(&other).await.unwrap());
}

#[tokio::test]
async fn accesses_that_are_too_old_go_when_they_are_sealed_and_the_audit_is_whole_without_them() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let world = World::new().await;
    let services = &world.services;
    let come = async || audit::access(services, Event::SignedIn, "admin", "10.0.0.7", "").await.unwrap();
    come().await;
    audit::seal_accesses(services).await.unwrap();
    world.clock.advance(3 * DAY);
    come().await;
    let prune = async |age: i64| {
        world.clock.set(START + age);
        audit::prune_accesses(services).await.unwrap()
    };
    assert_eq!(prune(400 * DAY + DAY / 2).await, 0, "none a day too old");
    assert_eq!(prune(402 * DAY).await, 1);
    assert_eq!(prune(411 * DAY).await, 0, "the other is not sealed");
    let verdict = verify(&world).await;
    assert_eq!((verdict.accesses, verdict.unsealed, verdict.broken), (0, 1, None));
    audit::seal_accesses(services).await.unwrap();
    let transaction = services.db.begin().await.unwrap();
    audit_access::Entity::delete_many().exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(matches!(verify(&world).await.broken, Some(Break::Accesses(_))), "nothing said that these go");
}

#[tokio::test]
async fn filters_narrow_pages_follow_and_reading_is_recorded() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    for _ in 0..30 {
        world.clock.advance(MINUTE);
        jobs::start(&world.services, &world.root, job.id).await.unwrap();
        jobs::stop(&world.services, &world.root, job.id).await.unwrap();
    }
    let list = async |filter: Filter, after: Option<String>| {
        audit::list(&world.services, &world.root, &filter, after.as_deref()).await.unwrap()
    };
    let first = list(Filter::default(), None).await;
    assert_eq!((first.entries.len(), first.entries[0].seq), (50, 63));
    let second = list(Filter::default(), first.after).await;
    assert_eq!((second.entries.len(), second.after), (13, None));
    let count = async |filter: Filter| list(filter, None).await.entries.len();
    assert_eq!(count(Filter { noun: Some(Noun::Executor), ..Default::default() }).await, 1);
    assert_eq!(
        count(Filter { object: "INVO".into(), from: Some(START + 30 * MINUTE), ..Default::default() }).await,
        2
    );
    assert_eq!(count(Filter { until: Some(START + MINUTE), ..Default::default() }).await, 3);
    assert_eq!(count(Filter { actor: "nobody".into(), ..Default::default() }).await, 0);
    let (accesses, _) = audit::accesses(&world.services, &world.root, None).await.unwrap();
    assert!(accesses.iter().all(|access| access.event == Event::ReadAudit));
    assert_eq!(accesses[0].about, "{\"actor\":\"nobody\"}");
}

#[tokio::test]
async fn nobody_but_a_super_administrator_reads_it() {
    let world = World::new().await;
    let (services, stranger) = (&world.services, &world.stranger());
    let refused = [
        audit::list(services, stranger, &Filter::default(), None).await.err(),
        audit::get(services, stranger, 1).await.err(),
        audit::accesses(services, stranger, None).await.err(),
        audit::export(services, stranger, 0, None, None).await.err(),
        audit::head(services, stranger).await.err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(Error::Forbidden)), "{error:?}");
    }
}

#[tokio::test]
async fn changes_at_the_same_moment_all_have_their_place() {
    let world = World::new().await;
    let job = world.job("invoice", JobState::Stopped).await;
    let start = || jobs::start(&world.services, &world.root, job.id);
    let outcomes = futures::future::join_all((0..20).map(|_| start())).await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count() as i64;
    assert!(done > 0);
    let verdict = verify(&world).await;
    assert_eq!((verdict.entries, verdict.broken), (3 + done, None));
}
