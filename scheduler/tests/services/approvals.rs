//! Approvals: what is held back, who decides, and that an approved change happens once and as it was shown.

use super::channels::{channel, typed};
use super::hooks::{Behaviour, Hook, alerts};
use super::support::{HOUR, MINUTE, START, World, automatic, draft, faults};
use entity::approval::{self, ApprovalState, Void};
use entity::audit_entry::{Noun, Verb};
use entity::calendar;
use entity::channel::ChannelKind;
use entity::fault::Fault;
use entity::grant::Role;
use entity::job::{self, JobState, RunMode};
use entity::run::RunState;
use entity::user::UserRole;
use scheduler::alerts::Alerts;
use scheduler::alerts::deliver::Deliverer;
use scheduler::approvals::{self, ApprovalFilter, Request};
use scheduler::audit::{self, Filter};
use scheduler::authority::Caller;
use scheduler::calendars::CalendarEdit;
use scheduler::executors::ExecutorDraft;
use scheduler::job_sources::SourceDraft;
use scheduler::jobs::{self, JobDraft};
use scheduler::namespaces::{self, NamespaceEdit};
use scheduler::rules::approval::WAITS;
use scheduler::runs::{self, BackfillDraft, Deal};
use scheduler::users::{self, UserDraft};
use scheduler::{Error, Refusal, Result, calendars, channels, executors, grants, job_sources, sessions};
use sea_orm::EntityTrait;

const EVERYTHING: NamespaceEdit = NamespaceEdit {
    remark: String::new(),
    approve_definitions: true,
    approve_switching: true,
    approve_runs: true,
    approval_channel_id: None,
};

/// A namespace where everything is approved, with a job, and the people there.
struct Office {
    world: World,
    job: job::Model,
    /// An editor.
    ada: Caller,
    /// Two approvers.
    eve: Caller,
    bob: Caller,
}

impl Office {
    async fn new() -> Self {
        Self::with(EVERYTHING).await
    }

    async fn with(edit: NamespaceEdit) -> Self {
        let world = World::new().await;
        let job = world.job("invoice", JobState::Stopped).await;
        let ada = person(&world, "ada", job.namespace_id, Role::Editor).await;
        let eve = person(&world, "eve", job.namespace_id, Role::Approver).await;
        let bob = person(&world, "bob", job.namespace_id, Role::Owner).await;
        let office = Self { world, job, ada, eve, bob };
        office.ask_for(edit).await;
        office
    }

    /// By the operator, of whom nobody asks an approval.
    async fn ask_for(&self, edit: NamespaceEdit) {
        let (services, root) = (&self.world.services, &self.world.root);
        let namespace = namespaces::get(services, root, self.job.namespace_id).await.unwrap();
        namespaces::edit(services, root, namespace.id, namespace.version, &edit).await.unwrap();
    }

    async fn stored(&self) -> job::Model {
        jobs::get(&self.world.services, &self.world.root, self.job.id).await.unwrap().job
    }

    async fn approval(&self, id: i32) -> approval::Model {
        approval::Entity::find_by_id(id).one(self.world.services.db.reader()).await.unwrap().unwrap()
    }

    async fn state(&self, id: i32) -> ApprovalState {
        self.approval(id).await.state
    }

    /// The job with another owner, as the form sends it.
    fn renamed(&self) -> JobDraft {
        JobDraft { name: self.job.name.clone(), owner: "billing".to_owned(), ..draft(self.job.executor_id) }
    }

    /// Ada's edit, which waits.
    async fn submitted(&self) -> i32 {
        let version = self.stored().await.version;
        held(jobs::edit(&self.world.services, &self.ada, self.job.id, version, self.renamed()).await)
    }

    async fn approve(&self, who: &Caller, id: i32) -> Result<approvals::Done> {
        approvals::approve(&self.world.services, who, id, "").await
    }
}

async fn person(world: &World, name: &str, namespace_id: i32, role: Role) -> Caller {
    let draft = UserDraft { name: name.into(), email: String::new(), role: UserRole::Ordinary };
    let user = users::create(&world.services, &world.root, draft).await.unwrap().0;
    grants::grant(&world.services, &world.root, namespace_id, name, role).await.unwrap();
    let caller = sessions::caller(&world.services, user.id).await.unwrap();
    Caller { must_change_password: false, ..caller }
}

/// The approval that it waits for.
fn held<T: std::fmt::Debug>(result: Result<T>) -> i32 {
    match result {
        Err(Error::Held(id)) => id,
        other => panic!("not held back: {other:?}"),
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_changes_until_somebody_else_approves_and_then_it_does_at_once() {
    let office = Office::new().await;
    let id = office.submitted().await;
    assert_eq!(office.stored().await, office.job, "untouched");
    let approval = office.approval(id).await;
    assert_eq!(
        (approval.state, approval.noun, approval.verb),
        (ApprovalState::Waiting, Noun::Job, Verb::Edit)
    );
    assert_eq!((approval.object_id, approval.object.as_str()), (office.job.id.into(), "invoice"));
    assert_eq!((approval.submitter.as_str(), approval.submitted_at), ("ada", START));
    office.world.clock.advance(MINUTE);
    office.approve(&office.eve, id).await.unwrap();
    let stored = office.stored().await;
    assert_eq!((stored.owner.as_str(), stored.version), ("billing", office.job.version + 1));
    assert_eq!(stored.updated_by, Some(office.ada.user_id), "it is the submitter's change");
    let approval = office.approval(id).await;
    assert_eq!((approval.state, approval.decided_at), (ApprovalState::Applied, Some(START + MINUTE)));
    assert_eq!((approval.decided_by, approval.decider.as_str()), (Some(office.eve.user_id), "eve"));
}

#[tokio::test]
async fn every_change_that_is_covered_waits_and_happens_when_it_is_approved() {
    let office = Office::new().await;
    let (services, ada, root) = (&office.world.services, &office.ada, &office.world.root);
    let executor_id = office.job.executor_id;
    let script = JobDraft {
        run_mode: RunMode::Shell,
        source: "echo 1".to_owned(),
        ..JobDraft::by_hand(executor_id, "script", "")
    };
    let script = jobs::create(services, root, script, JobState::Stopped).await.unwrap();
    let days = |days: &str| CalendarEdit { name: "holidays".to_owned(), days: days.to_owned() };
    let calendar = calendars::create(services, root, office.job.namespace_id, &days("sat")).await.unwrap();
    let run = office.world.run(&office.job, START, |_| ()).await;
    let ended = |run: &mut entity::run::Model| {
        (run.state, run.ended_at) = (RunState::Failed, Some(START));
        (run.attention, run.live_bucket) = (Some(run.executor_id), None);
    };
    let failed = office.world.run(&office.job, START - MINUTE, ended).await;
    let (job, version) = (office.job.id, office.job.version);
    let namespace_id = office.job.namespace_id;
    let executor = ExecutorDraft { namespace_id, token: None, edit: automatic("another") };
    let source = SourceDraft { source: "echo 2".to_owned(), remark: "says two".to_owned() };
    let past = BackfillDraft {
        from: "2026-11-20 23:58:00".to_owned(),
        until: "2026-11-20 23:59:00".to_owned(),
        parallel: 1,
    };
    let new = JobDraft::by_hand(executor_id, "new one", "h");
    let spare = jobs::create(services, root, JobDraft::by_hand(executor_id, "spare", "h"), JobState::Stopped);
    let spare = spare.await.unwrap().id;
    let asked = [
        held(executors::create(services, ada, executor).await),
        held(executors::edit(services, ada, executor_id, 1, &automatic("worker2")).await),
        held(
            calendars::create(
                services,
                ada,
                namespace_id,
                &CalendarEdit { name: "b".into(), days: "sun".into() },
            )
            .await,
        ),
        held(calendars::edit(services, ada, calendar.id, calendar.version, &days("sun")).await),
        held(jobs::create(services, ada, new, JobState::On).await),
        held(jobs::delete(services, ada, spare).await),
        held(job_sources::save(services, ada, script.id, 1, source).await),
        held(runs::run_now(services, ada, job, Some("7".to_owned())).await),
        held(runs::backfill(services, ada, job, &past).await),
        held(runs::order_kill(services, ada, run).await),
        held(runs::deal(services, ada, failed, Deal::Replay).await),
        held(jobs::edit(services, ada, job, version, office.renamed()).await),
    ];
    assert_eq!(office.stored().await, office.job);
    assert_eq!(office.approval(asked[4]).await.object_id, 0, "there is no such job yet");
    assert_eq!(
        jobs::get(services, root, spare).await.unwrap().job.state,
        JobState::Stopped,
        "not even disabled"
    );
    for id in asked {
        office.approve(&office.eve, id).await.unwrap_or_else(|error| panic!("approval {id}: {error}"));
        assert_eq!(office.state(id).await, ApprovalState::Applied);
    }
    let names: Vec<_> = executors::list(services, root, &Default::default()).await.unwrap();
    let names: Vec<_> = names.iter().map(|row| row.executor.app_name.as_str()).collect();
    assert_eq!(names, ["another", "worker2"]);
    assert_eq!(calendar::Entity::find().all(services.db.reader()).await.unwrap().len(), 2);
    assert_eq!(calendars::get(services, root, calendar.id).await.unwrap().calendar.days, "sun");
    assert!(matches!(jobs::get(services, root, spare).await, Err(Error::NotFound(_))));
    assert_eq!(jobs::get(services, root, script.id).await.unwrap().job.source, "echo 2");
    assert_eq!(office.stored().await.owner, "billing");
    let approval = office.approval(asked[4]).await;
    let made = i32::try_from(approval.object_id).unwrap();
    assert_eq!(jobs::get(services, root, made).await.unwrap().job.name, "new one", "the row leads to it");
    assert!(audit::verify(services, None).await.unwrap().broken.is_none());
}

#[tokio::test]
async fn a_job_is_switched_when_that_is_approved() {
    let office = Office::new().await;
    let (services, ada) = (&office.world.services, &office.ada);
    let start = held(jobs::start(services, ada, office.job.id).await);
    assert_eq!(office.stored().await.state, JobState::Stopped);
    office.approve(&office.eve, start).await.unwrap();
    assert_eq!(office.stored().await.state, JobState::On);
    let stop = held(jobs::stop(services, ada, office.job.id).await);
    office.approve(&office.bob, stop).await.unwrap();
    assert_eq!(office.stored().await.state, JobState::Stopped);
}

#[tokio::test]
async fn what_no_switch_covers_happens_at_once() {
    let office = Office::with(NamespaceEdit { approve_definitions: true, ..NamespaceEdit::default() }).await;
    let (services, ada) = (&office.world.services, &office.ada);
    jobs::start(services, ada, office.job.id).await.unwrap();
    runs::run_now(services, ada, office.job.id, None).await.unwrap();
    held(jobs::delete(services, ada, office.job.id).await);
    office.ask_for(NamespaceEdit::default()).await;
    jobs::delete(services, ada, office.job.id).await.unwrap();
}

#[tokio::test]
async fn a_change_that_is_not_valid_or_not_allowed_is_refused_and_does_not_wait() {
    let office = Office::new().await;
    let services = &office.world.services;
    let wrong = JobDraft { schedule: "x".to_owned(), ..office.renamed() };
    let wrong = jobs::edit(services, &office.ada, office.job.id, office.job.version, wrong).await;
    assert!(matches!(wrong, Err(Error::Invalid(_))));
    let viewer = person(&office.world, "vic", office.job.namespace_id, Role::Viewer).await;
    let foreign = jobs::delete(services, &viewer, office.job.id).await;
    assert!(matches!(foreign, Err(Error::RoleNeeded(Role::Editor))));
    let token = ExecutorDraft {
        namespace_id: office.job.namespace_id,
        token: Some("a-token-of-the-field-4711".to_owned()),
        edit: automatic("another"),
    };
    assert_eq!(faults(executors::create(services, &office.ada, token).await), [("token", Fault::NotKept)]);
    let all = approvals::list(services, &office.bob, ApprovalFilter::All, None).await.unwrap();
    assert!(all.rows.is_empty());
}

#[tokio::test]
async fn nobody_approves_the_own_change_nor_without_the_role() {
    let office = Office::new().await;
    let id = office.submitted().await;
    assert!(matches!(office.approve(&office.ada, id).await, Err(Error::RoleNeeded(Role::Approver))));
    let services = &office.world.services;
    let own = held(jobs::delete(services, &office.bob, office.job.id).await);
    assert_eq!(refusal(office.approve(&office.bob, own).await), Refusal::OwnApproval);
    assert_eq!(refusal(approvals::reject(services, &office.bob, own, "no").await), Refusal::OwnApproval);
    let elsewhere = namespaces::ensure(services, "else", "where").await.unwrap().id;
    let mallory = person(&office.world, "mallory", elsewhere, Role::Owner).await;
    assert!(matches!(office.approve(&mallory, id).await, Err(Error::NotFound("approval"))));
    assert!(matches!(approvals::get(services, &mallory, id).await, Err(Error::NotFound("approval"))));
    assert_eq!(office.state(id).await, ApprovalState::Waiting);
}

#[tokio::test]
async fn of_two_who_approve_at_the_same_moment_one_does_and_the_change_happens_once() {
    let office = Office::new().await;
    let services = &office.world.services;
    let id = held(runs::run_now(services, &office.ada, office.job.id, None).await);
    assert_eq!(
        office.approval(id).await.after.as_deref(),
        Some(r#"{"parameter":null}"#),
        "no run has a number yet"
    );
    let (one, other) = tokio::join!(office.approve(&office.eve, id), office.approve(&office.bob, id));
    let (done, refused) = match (one, other) {
        (Ok(done), refused) => (done, refused),
        (refused, Ok(done)) => (done, refused),
        both => panic!("nobody could: {both:?}"),
    };
    assert!(done.made.is_some());
    assert_eq!(refusal(refused), Refusal::ApprovalEnded);
    let runs = entity::run::Entity::find().all(services.db.reader()).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(
        refusal(office.approve(&office.eve, id).await),
        Refusal::ApprovalEnded,
        "and not later either"
    );
}

#[tokio::test]
async fn an_approval_is_void_when_the_object_was_changed_meanwhile() {
    let office = Office::new().await;
    let (services, root) = (&office.world.services, &office.world.root);
    let (edit, run) =
        (office.submitted().await, held(runs::run_now(services, &office.ada, office.job.id, None).await));
    let other = JobDraft {
        description: "changed".to_owned(),
        name: office.job.name.clone(),
        ..draft(office.job.executor_id)
    };
    jobs::edit(services, root, office.job.id, office.job.version, other).await.unwrap();
    let seen = approvals::get(services, &office.eve, edit).await.unwrap();
    assert!(!seen.is_unchanged, "the page says so before");
    for id in [edit, run] {
        let refused = refusal(office.approve(&office.eve, id).await);
        assert_eq!(refused, Refusal::ApprovalVoid(Void::Changed));
        let ended = office.approval(id).await;
        assert_eq!((ended.state, ended.remark.as_str()), (ApprovalState::Void, "changed"));
    }
    assert_eq!(office.stored().await.owner, "", "it was not applied");
    assert!(entity::run::Entity::find().all(services.db.reader()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_approval_is_void_when_its_submitter_lost_the_right_or_the_object_is_gone() {
    let office = Office::new().await;
    let (services, root) = (&office.world.services, &office.world.root);
    let id = office.submitted().await;
    grants::grant(services, root, office.job.namespace_id, "ada", Role::Viewer).await.unwrap();
    assert_eq!(refusal(office.approve(&office.eve, id).await), Refusal::ApprovalVoid(Void::NotAllowed));
    grants::grant(services, root, office.job.namespace_id, "ada", Role::Editor).await.unwrap();
    let id = office.submitted().await;
    users::delete(services, root, office.ada.user_id).await.unwrap();
    assert_eq!(refusal(office.approve(&office.eve, id).await), Refusal::ApprovalVoid(Void::NotAllowed));
    let gone = held(jobs::start(services, &office.bob, office.job.id).await);
    jobs::delete(services, root, office.job.id).await.unwrap();
    assert_eq!(refusal(office.approve(&office.eve, gone).await), Refusal::ApprovalVoid(Void::Gone));
}

#[tokio::test]
async fn what_is_rejected_cancelled_or_expired_leaves_the_job_and_cannot_be_approved() {
    let office = Office::new().await;
    let services = &office.world.services;
    let rejected = office.submitted().await;
    assert_eq!(
        faults(approvals::reject(services, &office.eve, rejected, " ").await),
        [("remark", Fault::Required)]
    );
    approvals::reject(services, &office.eve, rejected, "Not on a Friday").await.unwrap();
    let cancelled = office.submitted().await;
    assert_eq!(refusal(approvals::cancel(services, &office.eve, cancelled).await), Refusal::NotOwnApproval);
    approvals::cancel(services, &office.ada, cancelled).await.unwrap();
    let expired = office.submitted().await;
    office.world.clock.advance(WAITS);
    assert_eq!(refusal(office.approve(&office.eve, expired).await), Refusal::ApprovalExpired);
    assert_eq!(approvals::expire(services).await.unwrap(), 1);
    assert_eq!(approvals::expire(services).await.unwrap(), 0);
    let ended = [
        (rejected, ApprovalState::Rejected, "Not on a Friday"),
        (cancelled, ApprovalState::Cancelled, ""),
        (expired, ApprovalState::Expired, ""),
    ];
    for (id, state, remark) in ended {
        let approval = office.approval(id).await;
        assert_eq!((approval.state, approval.remark.as_str()), (state, remark));
        assert_eq!(refusal(office.approve(&office.bob, id).await), Refusal::ApprovalEnded);
    }
    assert_eq!(office.stored().await, office.job);
}

#[tokio::test]
async fn approval_is_switched_off_by_approval_only() {
    let office = Office::new().await;
    let services = &office.world.services;
    let draft = UserDraft { name: "rita".into(), email: String::new(), role: UserRole::SuperAdmin };
    let rita = users::create(services, &office.world.root, draft).await.unwrap().0;
    let rita = Caller { must_change_password: false, ..sessions::caller(services, rita.id).await.unwrap() };
    let namespace = namespaces::get(services, &rita, office.job.namespace_id).await.unwrap();
    let off =
        namespaces::edit(services, &rita, namespace.id, namespace.version, &NamespaceEdit::default()).await;
    let id = held(off);
    assert_eq!(
        refusal(office.approve(&rita, id).await),
        Refusal::OwnApproval,
        "not even a super-administrator"
    );
    assert!(namespaces::get(services, &rita, namespace.id).await.unwrap().approves());
    office.approve(&office.eve, id).await.unwrap();
    assert!(!namespaces::get(services, &rita, namespace.id).await.unwrap().approves());
}

/// An office whose approvals take the code that a hook is told.
async fn with_hook() -> (Office, Hook, Alerts) {
    let hook = Hook::saying("taken").await;
    let office = Office::with(NamespaceEdit::default()).await;
    let alerts = alerts(&office.world, None);
    let channel = channel(&office.world, &alerts, typed(ChannelKind::Webhook, &hook.url)).await;
    office.ask_for(NamespaceEdit { approval_channel_id: Some(channel.id), ..EVERYTHING }).await;
    (office, hook, alerts)
}

/// Sends what is due, and waits for the answers.
async fn deliver(alerts: &Alerts) {
    let mut deliverer = Deliverer::new(alerts.clone());
    deliverer.tick().await.unwrap();
    deliverer.settle().await;
}

/// The code of the message that came last.
fn code(hook: &Hook) -> String {
    let received = hook.received();
    received.last().unwrap().json()["approval"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_hook_is_told_who_wants_what_where_to_look_and_the_code_that_it_takes() {
    let (office, hook, alerts) = with_hook().await;
    let id = office.submitted().await;
    let early = approvals::approve(&office.world.services, &office.eve, id, "whatever").await;
    assert_eq!(refusal(early), Refusal::ApprovalCodeNotTold);
    deliver(&alerts).await;
    let got = hook.received()[0].json();
    assert_eq!(got["title"], "[default:default] Approval wanted: edit job invoice");
    assert_eq!(got["approval"]["submitter"], "ada");
    let lines = got["lines"].to_string();
    let code = code(&hook);
    assert!(code.len() >= 8 && code.chars().any(|c| !c.is_ascii_digit()), "{code}");
    assert!(lines.contains(&code) && lines.contains(&format!("#{id}")), "{lines}");
    // Nothing that is stored or told to people holds the code.
    let approval = office.approval(id).await;
    assert!(!format!("{approval:?}").contains(&code));
    let services = &office.world.services;
    let alert = entity::alert::Entity::find().one(services.db.reader()).await.unwrap().unwrap();
    assert!(!alert.content.contains(&code));
    let detail = approvals::get(services, &office.eve, id).await.unwrap();
    assert!(!format!("{detail:?}").contains(&code));
    approvals::approve(services, &office.eve, id, &format!(" {code} ")).await.unwrap();
    assert_eq!(office.stored().await.owner, "billing");
    let all = audit::list(services, &office.world.root, &Filter::default(), None).await.unwrap();
    assert!(!format!("{all:?}").contains(&code));
}

#[tokio::test]
async fn an_answer_that_repeats_the_code_is_kept_without_it() {
    let (office, hook, alerts) = with_hook().await;
    hook.behave(Behaviour::Echoes);
    office.submitted().await;
    deliver(&alerts).await;
    let code = code(&hook);
    let kept =
        entity::delivery::Entity::find().one(office.world.services.db.reader()).await.unwrap().unwrap();
    assert!(!kept.answer.is_empty() && !kept.answer.contains(&code), "{}", kept.answer);
}

#[tokio::test]
async fn wrong_codes_are_counted_and_after_five_nobody_can_approve_it() {
    let (office, hook, alerts) = with_hook().await;
    let services = &office.world.services;
    let id = office.submitted().await;
    deliver(&alerts).await;
    assert_eq!(faults(approvals::approve(services, &office.eve, id, "").await), [("code", Fault::Required)]);
    for left in (0..5).rev() {
        let wrong = approvals::approve(services, &office.eve, id, "wrong-code").await;
        assert_eq!(faults(wrong), [("code", Fault::WrongCode { left })]);
    }
    assert_eq!(office.state(id).await, ApprovalState::Locked);
    let right = approvals::approve(services, &office.eve, id, &code(&hook)).await;
    assert_eq!(refusal(right), Refusal::ApprovalEnded);
    assert_eq!(office.stored().await, office.job);
}

#[tokio::test]
async fn each_attempt_tells_another_code_and_the_last_one_holds() {
    let (office, hook, alerts) = with_hook().await;
    hook.behave(Behaviour::Says(500, "no".to_owned()));
    let id = office.submitted().await;
    deliver(&alerts).await;
    let first = code(&hook);
    hook.behave(Behaviour::Says(200, "yes".to_owned()));
    office.world.clock.advance(HOUR);
    deliver(&alerts).await;
    let second = code(&hook);
    assert_ne!(first, second);
    let services = &office.world.services;
    let old = approvals::approve(services, &office.eve, id, &first).await;
    assert_eq!(faults(old), [("code", Fault::WrongCode { left: 4 })]);
    approvals::approve(services, &office.eve, id, &second).await.unwrap();
}

#[tokio::test]
async fn the_channel_of_approvals_stays_as_it_is() {
    let (office, _hook, alerts) = with_hook().await;
    let services = &office.world.services;
    let channel = channels::list(services, &office.bob).await.unwrap().remove(0);
    let elsewhere = typed(ChannelKind::Webhook, "http://127.0.0.1:9/own");
    let edited = channels::edit(&alerts, &office.bob, channel.id, channel.version, &elsewhere).await;
    assert_eq!(refusal(edited), Refusal::ChannelTellsApprovals);
    assert_eq!(
        refusal(channels::delete(services, &office.bob, channel.id).await),
        Refusal::ChannelTellsApprovals
    );
    let foreign = namespaces::ensure(services, "else", "where").await.unwrap();
    let edit = NamespaceEdit { approval_channel_id: Some(channel.id), ..NamespaceEdit::default() };
    let edit = namespaces::edit(services, &office.world.root, foreign.id, foreign.version, &edit).await;
    assert_eq!(faults(edit), [("approval_channel_id", Fault::Unknown)]);
}

#[tokio::test]
async fn the_approver_sees_the_fields_the_fires_that_move_and_the_code() {
    let office = Office::new().await;
    let (services, root) = (&office.world.services, &office.world.root);
    let daily = |hour: u32| JobDraft {
        name: "nightly".to_owned(),
        schedule: format!("0 0 {hour} * * ?"),
        ..draft(office.job.executor_id)
    };
    let job = jobs::create(services, root, daily(18), JobState::On).await.unwrap();
    let id = held(jobs::edit(services, &office.ada, job.id, job.version, daily(17)).await);
    let seen = approvals::get(services, &office.eve, id).await.unwrap();
    assert!(seen.is_unchanged && seen.decide == Some(Ok(())) && !seen.may_cancel);
    let plan = seen.plan.unwrap();
    assert_eq!((plan.moves.moved, plan.moves.appearing, plan.moves.vanishing), (7, 0, 0));
    assert_eq!(plan.moves.days[0].moved, [(START + 18 * HOUR, START + 17 * HOUR)]);
    let stop = held(jobs::stop(services, &office.ada, job.id).await);
    let plan = approvals::get(services, &office.eve, stop).await.unwrap().plan.unwrap();
    assert_eq!((plan.moves.moved, plan.moves.vanishing), (0, 7));
    let script = JobDraft {
        run_mode: RunMode::Shell,
        source: "echo 1\n".to_owned(),
        ..JobDraft::by_hand(office.job.executor_id, "script", "")
    };
    let script = jobs::create(services, root, script, JobState::Stopped).await.unwrap();
    let source = SourceDraft { source: "echo 2\n".to_owned(), remark: "says two".to_owned() };
    let save = held(job_sources::save(services, &office.ada, script.id, 1, source).await);
    let seen = approvals::get(services, &office.ada, save).await.unwrap();
    assert!(seen.decide.is_none() && seen.may_cancel, "an editor sees it and may take the own one back");
    let source = seen.source.unwrap();
    assert_eq!((source.added, source.removed), (1, 1));
}

#[tokio::test]
async fn the_queue_counts_what_waits_for_somebody() {
    let office = Office::new().await;
    let services = &office.world.services;
    let id = office.submitted().await;
    assert_eq!(approvals::waiting_for(services, &office.eve).await.unwrap(), 1);
    assert_eq!(approvals::waiting_for(services, &office.ada).await.unwrap(), 0, "an editor decides nothing");
    let own = held(jobs::delete(services, &office.bob, office.job.id).await);
    assert_eq!(approvals::waiting_for(services, &office.bob).await.unwrap(), 1, "not the own one");
    let waiting = approvals::list(services, &office.eve, ApprovalFilter::Waiting, None).await.unwrap();
    let ids: Vec<i32> = waiting.rows.iter().map(|row| row.approval.id).collect();
    assert_eq!(ids, [own, id]);
    office.approve(&office.eve, id).await.unwrap();
    let ended = approvals::list(services, &office.eve, ApprovalFilter::Ended, None).await.unwrap();
    assert_eq!(ended.rows.len(), 1);
}

#[tokio::test]
async fn the_audit_says_who_submitted_who_approved_and_of_what_digest() {
    let office = Office::new().await;
    let services = &office.world.services;
    let id = office.submitted().await;
    let eve = Caller { address: "10.0.0.9".to_owned(), ..office.eve.clone() };
    office.approve(&eve, id).await.unwrap();
    let entries = audit::list(services, &office.world.root, &Filter::default(), None).await.unwrap().entries;
    let said: Vec<_> =
        entries.iter().take(3).map(|entry| (entry.noun, entry.verb, entry.actor.as_str())).collect();
    assert_eq!(
        said,
        [
            (Noun::Job, Verb::Edit, "ada"),
            (Noun::Approval, Verb::Approve, "eve"),
            (Noun::Approval, Verb::Submit, "ada")
        ]
    );
    assert_eq!(entries[1].address, "10.0.0.9");
    let digest = office.approval(id).await.digest;
    assert!(entries[1].after.as_ref().unwrap().contains(&digest));
}

#[tokio::test]
async fn a_request_that_somebody_altered_in_the_database_is_not_applied() {
    let office = Office::new().await;
    let services = &office.world.services;
    let id = office.submitted().await;
    let altered = Request::DeleteJob { id: office.job.id };
    let transaction = services.db.begin().await.unwrap();
    let row = approval::ActiveModel {
        id: sea_orm::Unchanged(id),
        request: sea_orm::Set(serde_json::to_string(&altered).unwrap()),
        ..Default::default()
    };
    approval::Entity::update(row).exec(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(refusal(office.approve(&office.eve, id).await), Refusal::ApprovalVoid(Void::Changed));
    assert_eq!(office.stored().await, office.job);
}

#[tokio::test]
async fn a_new_code_is_sent_once_a_minute_and_alone_holds_and_wrong_ones_count_on() {
    let (office, hook, alerts) = with_hook().await;
    let services = &office.world.services;
    let id = office.submitted().await;
    let send_again = async |who| approvals::send_code(services, who, id).await;
    deliver(&alerts).await;
    let first = code(&hook);
    let wrong = approvals::approve(services, &office.eve, id, "wrong-code").await;
    assert_eq!(faults(wrong), [("code", Fault::WrongCode { left: 4 })]);
    assert_eq!(refusal(send_again(&office.eve).await), Refusal::CodeSentLately(60));
    office.world.clock.advance(MINUTE - 1);
    assert_eq!(refusal(send_again(&office.eve).await), Refusal::CodeSentLately(1));
    office.world.clock.advance(1);
    assert!(matches!(send_again(&office.ada).await, Err(Error::RoleNeeded(_))), "who submitted it");
    send_again(&office.eve).await.unwrap();
    assert_eq!(refusal(send_again(&office.bob).await), Refusal::CodeSentLately(60), "it is on its way");
    deliver(&alerts).await;
    let second = code(&hook);
    assert_ne!(first, second);
    assert_eq!(hook.received().len(), 2);
    let old = approvals::approve(services, &office.eve, id, &first).await;
    assert_eq!(faults(old), [("code", Fault::WrongCode { left: 3 })]);
    approvals::approve(services, &office.eve, id, &second).await.unwrap();
    assert_eq!(refusal(send_again(&office.eve).await), Refusal::ApprovalEnded);
    let sent = audit::list(services, &office.world.root, &Filter::default(), None).await.unwrap();
    assert_eq!(sent.entries.iter().filter(|entry| entry.verb == Verb::SendAgain).count(), 1);
}
