//! Two namespaces with the same things in each, and somebody of each kind in one of them.

#[path = "ground/alerts.rs"]
mod alerts;
#[path = "ground/approvals.rs"]
mod approvals;

use crate::support::TestServer;
use app::api::jobs::JobForm;
use app::ssr::USER_KEY;
use entity::executor::Registration;
use entity::grant::Role;
use entity::job::{JobState, RunMode};
use entity::user::UserRole;
use reqwest::RequestBuilder;
use scheduler::api_tokens::{self, TokenDraft};
use scheduler::authority::Caller;
use scheduler::calendars::{self, CalendarEdit};
use scheduler::executors::{self, ExecutorDraft, ExecutorEdit};
use scheduler::freezes::{self, FreezeDraft};
use scheduler::grants;
use scheduler::jobs::{self, JobDraft};
use scheduler::namespaces::{self, NamespaceDraft};
use scheduler::users::{self, PasswordChange, UserDraft};
use scheduler::{Services, runs, sessions};
use server::http::sessions::COOKIE;
use std::collections::HashMap;
use tower_sessions::session::Id;

/// In the names of all that is in the other namespace.
pub const FOREIGN_WORD: &str = "fremdgut";

/// Somebody who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Persona {
    Nobody,
    /// An owner, but with a one-time password.
    MustChangePassword,
    Ungranted,
    Viewer,
    Operator,
    Editor,
    Approver,
    Owner,
    SuperAdmin,
}

impl Persona {
    pub const ALL: [Self; 9] = [
        Self::Nobody,
        Self::MustChangePassword,
        Self::Ungranted,
        Self::Viewer,
        Self::Operator,
        Self::Editor,
        Self::Approver,
        Self::Owner,
        Self::SuperAdmin,
    ];

    pub fn role(self) -> Option<Role> {
        match self {
            Self::Nobody | Self::Ungranted | Self::SuperAdmin => None,
            Self::Viewer => Some(Role::Viewer),
            Self::Operator => Some(Role::Operator),
            Self::Editor => Some(Role::Editor),
            Self::Approver => Some(Role::Approver),
            Self::MustChangePassword | Self::Owner => Some(Role::Owner),
        }
    }
}

/// Whose objects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Own,
    Foreign,
}

/// The ids of what is in a namespace.
struct Things {
    namespace: i32,
    executor: i32,
    /// Of another executor, where nothing runs.
    instance: i32,
    job: i32,
    /// A job with code.
    script: i32,
    calendar: i32,
    freeze: i32,
    run: i64,
    /// Of the job: the number of an entry of the audit.
    change: i64,
    channel: i32,
    rule: i32,
    delivery: i32,
    /// Waits for somebody.
    approval: i32,
}

pub struct Ground {
    pub test: TestServer,
    own: Things,
    foreign: Things,
    people: HashMap<Persona, i32>,
    /// Somebody with a grant and a token whom nobody plays.
    bystander: i32,
    token: i32,
}

impl Ground {
    pub async fn new(test: TestServer) -> Self {
        let root = Caller::operator();
        let services = test.services.clone();
        let (own, foreign) = (things(&services, "own").await, things(&services, FOREIGN_WORD).await);
        let mut people = HashMap::new();
        for who in Persona::ALL.into_iter().filter(|who| *who != Persona::Nobody) {
            let name = format!("{who:?}").to_lowercase();
            let id = person(&services, &name, who).await;
            if let Some(role) = who.role() {
                grants::grant(&services, &root, own.namespace, &name, role).await.unwrap();
            }
            people.insert(who, id);
        }
        let bystander = person(&services, "bystander", Persona::Ungranted).await;
        let caller = sessions::caller(&services, bystander).await.unwrap();
        let draft = TokenDraft { name: "t".into(), role: Role::Viewer, namespaces: Vec::new(), days: 1 };
        let (token, _) = api_tokens::create(&services, &caller, draft).await.unwrap();
        Self { test, own, foreign, people, bystander, token: token.id }
    }

    /// A token of this person's with this role in the own namespace.
    pub async fn token(&self, who: Persona, role: Role) -> String {
        let services = &self.test.services;
        let caller = sessions::caller(services, self.people[&who]).await.unwrap();
        let name = format!("{who:?} as {role:?}");
        let draft = TokenDraft { name, role, namespaces: vec![self.own.namespace], days: 1 };
        api_tokens::create(services, &caller, draft).await.unwrap().1
    }

    /// With the cookie of a new session: some calls end theirs.
    pub async fn signed_in(&self, request: RequestBuilder, who: Persona) -> RequestBuilder {
        let Some(user) = self.people.get(&who).copied() else { return request };
        let session = Id::default().to_string();
        let data = serde_json::json!({ USER_KEY: user }).to_string();
        sessions::create(&self.test.services, &session, Some(user), data).await.unwrap();
        request.header("cookie", format!("{COOKIE}={session}"))
    }

    /// The text with the ids of this place's objects.
    pub async fn filled(&self, text: &str, who: Persona, place: Place) -> String {
        let things = match place {
            Place::Own => &self.own,
            Place::Foreign => &self.foreign,
        };
        let mut filled = text.to_owned();
        if text.contains("{spare_job}") {
            filled = filled.replace("{spare_job}", &self.spare_job(things.executor).await.to_string());
        }
        if text.contains("{spare_calendar}") {
            let id = self.spare_calendar(things.namespace).await;
            filled = filled.replace("{spare_calendar}", &id.to_string());
        }
        if text.contains("{spare_channel}") {
            let id = alerts::channel(&self.test.services, things.namespace, "spare").await;
            filled = filled.replace("{spare_channel}", &id.to_string());
        }
        if text.contains("{spare_rule}") {
            let id = alerts::rule(&self.test.services, things.namespace, things.channel).await;
            filled = filled.replace("{spare_rule}", &id.to_string());
        }
        if text.contains("{job_form}") {
            filled = filled.replace("{job_form}", &job_form(things.executor));
        }
        if text.contains("{grant}") {
            filled = filled.replace("{grant}", &self.grant().await.to_string());
        }
        let me = self.people.get(&who).copied().unwrap_or_default();
        let ids: [(&str, i64); 17] = [
            ("{namespace}", things.namespace.into()),
            ("{executor}", things.executor.into()),
            ("{instance}", things.instance.into()),
            ("{job}", things.job.into()),
            ("{script}", things.script.into()),
            ("{calendar}", things.calendar.into()),
            ("{freeze}", things.freeze.into()),
            ("{run}", things.run),
            ("{change}", things.change),
            ("{channel}", things.channel.into()),
            ("{rule}", things.rule.into()),
            ("{delivery}", things.delivery.into()),
            ("{approval}", things.approval.into()),
            ("{user}", self.bystander.into()),
            ("{token}", self.token.into()),
            ("{me}", me.into()),
            // The only one of its database.
            ("{server}", 1),
        ];
        ids.iter().fold(filled, |filled, (name, id)| filled.replace(name, &id.to_string()))
    }

    /// A job to be deleted.
    async fn spare_job(&self, executor: i32) -> i32 {
        let draft = JobDraft::by_hand(executor, &format!("spare {}", Id::default()), "spare");
        let created = jobs::create(&self.test.services, &Caller::operator(), draft, JobState::Stopped).await;
        created.unwrap().id
    }

    /// A calendar to be deleted.
    async fn spare_calendar(&self, namespace: i32) -> i32 {
        let typed = CalendarEdit { name: Id::default().to_string(), days: "sat".into() };
        let created = calendars::create(&self.test.services, &Caller::operator(), namespace, &typed).await;
        created.unwrap().id
    }

    /// A grant of the bystander's, made anew where it was revoked.
    async fn grant(&self) -> i32 {
        let (services, root) = (&self.test.services, Caller::operator());
        let namespace = self.own.namespace;
        grants::grant(services, &root, namespace, "bystander", Role::Viewer).await.unwrap();
        let members = grants::of_namespace(services, &root, namespace).await.unwrap();
        members.into_iter().find(|member| member.user_id == self.bystander).unwrap().id
    }
}

/// The form of a new job on this executor, without a name.
fn job_form(executor: i32) -> String {
    let values = JobForm::fresh("UTC", Some(executor)).values();
    let pairs = values.into_iter().filter(|(name, _)| name != "version");
    pairs.map(|(name, value)| format!("form[{name}]={}", encoded(&value))).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Somebody with a password of their own, but for whom that is the point.
async fn person(services: &Services, name: &str, who: Persona) -> i32 {
    let role = match who {
        Persona::SuperAdmin => UserRole::SuperAdmin,
        _ => UserRole::Ordinary,
    };
    let draft = UserDraft { name: name.to_owned(), email: String::new(), role };
    let (user, current) = users::create(services, &Caller::operator(), draft).await.unwrap();
    if who != Persona::MustChangePassword {
        let caller = sessions::caller(services, user.id).await.unwrap();
        let new = "correct horse battery".to_owned();
        let change = PasswordChange { current, new: new.clone(), again: new };
        users::change_password(services, &caller, change, None).await.unwrap();
    }
    user.id
}

/// One of each kind; `word` is in the names of all.
async fn things(services: &Services, word: &str) -> Things {
    let root = Caller::operator();
    let draft =
        NamespaceDraft { business: "matrix".into(), service: word.into(), remark: format!("of {word}") };
    let namespace = namespaces::create(services, &root, draft).await.unwrap().id;
    let edit = ExecutorEdit {
        app_name: format!("{word}-worker"),
        title: format!("Workers of {word}"),
        registration: Registration::Automatic,
        addresses: String::new(),
        max_parallel: 0,
    };
    let typed = ExecutorEdit {
        app_name: format!("{word}-typed"),
        registration: Registration::Manual,
        addresses: "http://127.0.0.1:9".into(),
        ..edit.clone()
    };
    let draft = ExecutorDraft { namespace_id: namespace, token: None, edit };
    let executor = executors::create(services, &root, draft).await.unwrap().0.id;
    let draft = ExecutorDraft { namespace_id: namespace, token: None, edit: typed };
    let typed = executors::create(services, &root, draft).await.unwrap().0.id;
    let instance = executors::get(services, &root, typed).await.unwrap().instances[0].id;
    let typed = CalendarEdit { name: format!("{word} days"), days: "2026-12-25".into() };
    let calendar = calendars::create(services, &root, namespace, &typed).await.unwrap().id;
    let handler = format!("{word}Handler");
    let draft = JobDraft {
        run_mode: RunMode::Shell,
        source: format!("echo {word}"),
        ..JobDraft::by_hand(executor, &format!("{word} script"), "")
    };
    let script = jobs::create(services, &root, draft, JobState::Stopped).await.unwrap().id;
    let draft = JobDraft::by_hand(executor, &format!("{word} job"), &handler);
    let job = jobs::create(services, &root, draft, JobState::Stopped).await.unwrap().id;
    let run = runs::run_now(services, &root, job, None).await.unwrap();
    let freeze = FreezeDraft { namespace_id: Some(namespace), reason: format!("{word} stands") };
    let freeze = freezes::freeze(services, &root, freeze).await.unwrap().id;
    freezes::thaw(services, &root, freeze).await.unwrap();
    let change = jobs::history(services, &root, job).await.unwrap().last().unwrap().seq;
    let channel = alerts::channel(services, namespace, word).await;
    let rule = alerts::rule(services, namespace, channel).await;
    let delivery = alerts::delivery(services, namespace, channel, word).await;
    let approval = approvals::approval(services, word, namespace, job).await;
    Things {
        namespace,
        executor,
        instance,
        job,
        script,
        calendar,
        freeze,
        run,
        change,
        channel,
        rule,
        delivery,
        approval,
    }
}
