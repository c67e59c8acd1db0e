//! Somebody of each role in each namespace, and a change that waits for one of them.

use anyhow::{Context, Result, bail};
use entity::grant::Role;
use entity::job::Model as Job;
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::jobs::{self, JobDraft};
use scheduler::namespaces::{self, NamespaceEdit};
use scheduler::users::{self, UserDraft};
use scheduler::{Error, Services, grants, sessions};

const PEOPLE: [(&str, Role); 5] = [
    ("vera", Role::Viewer),
    ("oscar", Role::Operator),
    ("edith", Role::Editor),
    ("anton", Role::Approver),
    ("olivia", Role::Owner),
];
/// Of these, who submits.
const SUBMITTER: &str = "edith";

/// Makes them, and prints their one-time passwords.
pub async fn people(services: &Services) -> Result<()> {
    let operator = Caller::operator();
    let namespaces = namespaces::list(services, &operator).await?;
    for (name, role) in PEOPLE {
        let draft = UserDraft { name: name.to_owned(), email: String::new(), role: UserRole::Ordinary };
        let (_, password) = users::create(services, &operator, draft)
            .await
            .map_err(super::super::super::readable)
            .with_context(|| format!("the user {name}"))?;
        for namespace in &namespaces {
            grants::grant(services, &operator, namespace.id, name, role).await?;
        }
        println!("{name} ({}): {password}", role.code());
    }
    Ok(())
}

/// Lets definitions wait for approval in the job's namespace, and somebody wish to change the job.
pub async fn open_approval(services: &Services, job: &Job) -> Result<()> {
    let operator = Caller::operator();
    let namespace = namespaces::get(services, &operator, job.namespace_id).await?;
    let edit = NamespaceEdit {
        remark: namespace.remark.clone(),
        approve_definitions: true,
        ..NamespaceEdit::default()
    };
    namespaces::edit(services, &operator, namespace.id, namespace.version, &edit).await?;
    let detail = jobs::get(services, &operator, job.id).await?;
    let children = detail.children.iter().map(|child| child.id).collect();
    let draft = JobDraft {
        schedule: "0 10 3 ? * MON-SAT".to_owned(),
        timeout_s: 2_700,
        ..JobDraft::of(&detail.job, children)
    };
    let users = users::list(services, &operator, &Default::default()).await?;
    let submitter = users.iter().find(|row| row.user.name == SUBMITTER).context("nobody submits")?;
    // The one-time password has not been changed yet.
    let submitter =
        Caller { must_change_password: false, ..sessions::caller(services, submitter.user.id).await? };
    match jobs::edit(services, &submitter, job.id, detail.job.version, draft).await {
        Err(Error::Held(_)) => Ok(()),
        Err(error) => Err(super::super::super::readable(error)),
        Ok(_) => bail!("the change did not wait"),
    }
}
