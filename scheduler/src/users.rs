//! Accounts: the first one, new ones, and their passwords.

mod list;
mod manage;

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::fields::{Faults, is_taken};
use crate::store::{sessions as session_store, sign_in_guards, users as store};
use crate::{Error, Result, Services, passwords, sessions};
use entity::Millis;
use entity::audit_entry::Verb;
use entity::fault::Fault;
use entity::user::{ActiveModel, Model, UserRole};
use sea_orm::{DatabaseTransaction, Set};

pub use list::{LIST_LENGTH, UserFilter, UserGrant, UserRow, detail, list};
pub use manage::{UserEdit, delete, edit};

/// The name of the account that the first start creates.
pub const ADMINISTRATOR: &str = "admin";
const NAME: (usize, usize) = (2, 64);
const EMAIL_LENGTH: u32 = 254;

/// An account as others may see it: without the password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    pub id: i32,
    pub name: String,
    pub email: Option<String>,
    pub role: UserRole,
    pub must_change_password: bool,
    pub created_at: Millis,
    pub password_changed_at: Millis,
    pub last_sign_in_at: Option<Millis>,
    pub version: i32,
}

impl From<Model> for UserView {
    fn from(user: Model) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            must_change_password: user.must_change_password,
            created_at: user.created_at,
            password_changed_at: user.password_changed_at,
            last_sign_in_at: user.last_sign_in_at,
            version: user.version,
        }
    }
}

/// What [`ensure_administrator`] found or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FirstStart {
    /// There are accounts already; a configured password is not looked at.
    Existing,
    /// `admin` was created. `one_time_password` is to be shown once; none when the configuration
    /// gave the password.
    Created { one_time_password: Option<String> },
}

/// A new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserDraft {
    /// 2 to 64 letters, digits, `.`, `_` and `-`; stored in lower case.
    pub name: String,
    /// Empty = none.
    pub email: String,
    pub role: UserRole,
}

/// What somebody types to change the own password. The names of wrong fields are `current`, `new`
/// and `again`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordChange {
    pub current: String,
    pub new: String,
    pub again: String,
}

/// Creates `admin` when there is no account at all. The password, configured or generated, has to
/// be changed at the first sign-in.
///
/// # Errors
/// [`Error::Invalid`] naming `admin_password` when the configured password breaks the rules.
pub async fn ensure_administrator(services: &Services, password: Option<String>) -> Result<FirstStart> {
    if store::exist(services.db.reader()).await? {
        return Ok(FirstStart::Existing);
    }
    if let Some(fault) = password.as_deref().and_then(|text| passwords::fault_of_new(text, ADMINISTRATOR)) {
        return Err(Error::field("admin_password", fault));
    }
    let one_time_password = password.is_none().then(passwords::one_time);
    let chosen = password.or_else(|| one_time_password.clone()).unwrap_or_default();
    let draft =
        UserDraft { name: ADMINISTRATOR.to_owned(), email: String::new(), role: UserRole::SuperAdmin };
    let row = new_row(draft, None, passwords::hash(&chosen).await?, services.clock.now());
    let transaction = services.db.begin().await?;
    if store::exist(&transaction).await? {
        return Ok(FirstStart::Existing);
    }
    match store::insert(&transaction, row).await {
        Ok(user) => {
            audit::commit(services, &Caller::server(), transaction, [Entry::created(&user)]).await?;
        }
        // Another server was first.
        Err(error) if is_taken(&error) => return Ok(FirstStart::Existing),
        Err(error) => return Err(error.into()),
    }
    Ok(FirstStart::Created { one_time_password })
}

/// Creates an account with a one-time password, which is returned and stored nowhere readable.
pub async fn create(services: &Services, caller: &Caller, draft: UserDraft) -> Result<(UserView, String)> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    let draft = validate(draft)?;
    let password = passwords::one_time();
    let hash = passwords::hash(&password).await?;
    let row = new_row(draft.clone(), caller.account(), hash, services.clock.now());
    let transaction = services.db.begin().await?;
    check_free(&transaction, &draft.name, &draft.email, None).await?;
    let user = store::insert(&transaction, row).await.map_err(taken)?;
    audit::commit(services, caller, transaction, [Entry::created(&user)]).await?;
    Ok((user.into(), password))
}

/// One account: the own one, or any for a super-administrator.
pub async fn get(services: &Services, caller: &Caller, user_id: i32) -> Result<UserView> {
    authorise(caller, Action::View, Scope::Account { user_id })?;
    Ok(stored(services, user_id).await?.into())
}

/// Gives the account with this name (or e-mail address) a one-time password, which is returned,
/// ends its sessions and lifts a lock-out.
pub async fn reset_password(services: &Services, caller: &Caller, name_or_email: &str) -> Result<String> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    let name = name_or_email.trim().to_lowercase();
    let user = store::by_name_or_email(services.db.reader(), &name).await?;
    reset(services, caller, user.ok_or(Error::NotFound("user"))?).await
}

/// As [`reset_password`], for the account with this id.
pub async fn reset_password_of(services: &Services, caller: &Caller, id: i32) -> Result<String> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    reset(services, caller, stored(services, id).await?).await
}

async fn reset(services: &Services, caller: &Caller, user: Model) -> Result<String> {
    let password = passwords::one_time();
    let hash = passwords::hash(&password).await?;
    let transaction = services.db.begin().await?;
    if !store::set_password(&transaction, &user, hash, true, services.clock.now()).await? {
        return Err(Error::Unavailable("the password was changed at the same moment".to_owned()));
    }
    session_store::delete_of_user(&transaction, user.id, None).await?;
    for subject in sessions::guard_subjects(&user) {
        sign_in_guards::delete(&transaction, &subject).await?;
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::ResetPassword, &user)]).await?;
    Ok(password)
}

/// Changes the own password and ends all other sessions of the account. `keep_session` is the raw
/// id of the session that the change came from.
///
/// # Errors
/// [`Error::Invalid`] naming the wrong fields; wrong present passwords count as failed sign-ins,
/// so that [`Error::Locked`] comes after too many.
pub async fn change_password(
    services: &Services,
    caller: &Caller,
    change: PasswordChange,
    keep_session: Option<&str>,
) -> Result<()> {
    authorise(caller, Action::ChangePassword, Scope::Account { user_id: caller.user_id })?;
    let user = stored(services, caller.user_id).await?;
    check_new(&change, &user)?;
    let subjects = sessions::guard_subjects(&user);
    sessions::count_attempt(services, &subjects).await?;
    if !passwords::verify(&change.current, Some(&user.password_hash)).await? {
        return Err(Error::field("current", Fault::WrongPassword));
    }
    let hash = passwords::hash(&change.new).await?;
    let transaction = services.db.begin().await?;
    if !store::set_password(&transaction, &user, hash, false, services.clock.now()).await? {
        return Err(Error::field("current", Fault::WrongPassword));
    }
    let keep = keep_session.map(sessions::id_hash);
    session_store::delete_of_user(&transaction, user.id, keep.as_deref()).await?;
    for subject in subjects {
        sign_in_guards::delete(&transaction, &subject).await?;
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::ChangePassword, &user)]).await
}

async fn stored(services: &Services, user_id: i32) -> Result<Model> {
    store::by_id(services.db.reader(), user_id).await?.ok_or(Error::NotFound("user"))
}

fn check_new(change: &PasswordChange, user: &Model) -> Result<()> {
    let mut faults = Faults::default();
    if change.current.is_empty() {
        faults.add("current", Fault::Required);
    } else if passwords::is_too_long(&change.current) {
        faults.add("current", Fault::WrongPassword);
    }
    let reused = || (change.new == change.current).then_some(Fault::Reused);
    if let Some(fault) = passwords::fault_of_new(&change.new, &user.name).or_else(reused) {
        faults.add("new", fault);
    }
    if change.new != change.again {
        faults.add("again", Fault::Mismatch);
    }
    faults.into_result()
}

/// The draft with its name and address in lower case.
fn validate(draft: UserDraft) -> Result<UserDraft> {
    let mut faults = Faults::default();
    let name = check_name(&mut faults, &draft.name);
    let email = check_email(&mut faults, &draft.email);
    faults.into_result()?;
    Ok(UserDraft { name, email, role: draft.role })
}

fn check_name(faults: &mut Faults, typed: &str) -> String {
    let name = faults.required_line("name", typed, NAME.1 as u32).to_lowercase();
    let is_name_character = |character: char| character.is_alphanumeric() || "._-".contains(character);
    if !name.is_empty() && name.chars().count() < NAME.0 {
        faults.add("name", Fault::TooShort { min: NAME.0 as u32 });
    } else if name.chars().count() <= NAME.1 && !name.chars().all(is_name_character) {
        faults.add("name", Fault::Character);
    }
    name
}

fn check_email(faults: &mut Faults, typed: &str) -> String {
    let email = faults.line("email", typed, EMAIL_LENGTH).to_lowercase();
    let is_address = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !email.is_empty() && (!is_address || email.contains(char::is_whitespace)) {
        faults.add("email", Fault::Character);
    }
    email
}

/// Whether nobody else has this name or address.
async fn check_free(
    transaction: &DatabaseTransaction,
    name: &str,
    email: &str,
    own_id: Option<i32>,
) -> Result<()> {
    let mut faults = Faults::default();
    let another = |holder: &Model| Some(holder.id) != own_id;
    if let Some(holder) = store::by_name_or_email(transaction, name).await?.filter(another) {
        faults.add("name", Fault::Taken { id: Some(holder.id.into()) });
    }
    if !email.is_empty()
        && let Some(holder) = store::by_email(transaction, email).await?.filter(another)
    {
        faults.add("email", Fault::Taken { id: Some(holder.id.into()) });
    }
    faults.into_result()
}

/// Two people may take the same name at the same moment: the unique index tells.
fn taken(error: sea_orm::DbErr) -> Error {
    if is_taken(&error) { Error::field("name", Fault::Taken { id: None }) } else { error.into() }
}

fn new_row(draft: UserDraft, by: Option<i32>, password_hash: String, now: Millis) -> ActiveModel {
    ActiveModel {
        name: Set(draft.name),
        email: Set((!draft.email.is_empty()).then_some(draft.email)),
        password_hash: Set(password_hash),
        role: Set(draft.role),
        must_change_password: Set(true),
        created_at: Set(now),
        password_changed_at: Set(now),
        last_sign_in_at: Set(None),
        version: Set(1),
        updated_at: Set(now),
        updated_by: Set(by),
        ..Default::default()
    }
}
