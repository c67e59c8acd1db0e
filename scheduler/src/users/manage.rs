//! Changing and deleting other people's accounts.

use super::{UserView, check_email, check_free, check_name, taken};
use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::fields::Faults;
use crate::store::{
    api_tokens, former_users, grants, sessions as session_store, sign_in_guards, users as store,
};
use crate::{Error, Refusal, Result, Services, sessions};
use entity::former_user;
use entity::user::{ActiveModel, Model, UserRole};
use sea_orm::{DatabaseTransaction, Set};

/// What can be changed about an account; what is not given stays. The names of wrong fields are the names
/// here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserEdit {
    pub name: Option<String>,
    /// Empty = none.
    pub email: Option<String>,
    pub role: Option<UserRole>,
}

/// Changes an account of which `version` was shown; its grants stay.
///
/// # Errors
/// [`Error::Conflict`] when somebody saved since; [`Error::Invalid`] naming `name`, `email`;
/// [`Refusal::LastSuperAdmin`].
pub async fn edit(
    services: &Services,
    caller: &Caller,
    id: i32,
    version: i32,
    edit: UserEdit,
) -> Result<UserView> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    let mut faults = Faults::default();
    let name = edit.name.map(|text| check_name(&mut faults, &text));
    let email = edit.email.map(|text| check_email(&mut faults, &text));
    faults.into_result()?;
    let transaction = services.db.begin().await?;
    let admins = store::super_admins_locked(&transaction).await?;
    let before = locked(&transaction, id).await?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    let role = edit.role.unwrap_or(before.role);
    if role != UserRole::SuperAdmin {
        check_another(&admins, id)?;
    }
    let after = Model {
        name: name.unwrap_or_else(|| before.name.clone()),
        email: email.map_or_else(|| before.email.clone(), |email| (!email.is_empty()).then_some(email)),
        role,
        ..before.clone()
    };
    check_free(&transaction, &after.name, after.email.as_deref().unwrap_or_default(), Some(id)).await?;
    let changes = ActiveModel {
        name: Set(after.name),
        email: Set(after.email),
        role: Set(after.role),
        updated_at: Set(services.clock.now()),
        updated_by: Set(caller.account()),
        ..Default::default()
    };
    store::update(&transaction, &before, changes).await.map_err(taken)?;
    let user = locked(&transaction, id).await?;
    audit::commit(services, caller, transaction, [Entry::edited(&before, &user)]).await?;
    Ok(user.into())
}

/// Deletes an account: its sessions, API tokens and grants end at once. Its name stays readable where it was
/// recorded.
///
/// # Errors
/// [`Refusal::OwnAccount`], [`Refusal::LastSuperAdmin`].
pub async fn delete(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorise(caller, Action::ManageUsers, Scope::Platform)?;
    if caller.account() == Some(id) {
        return Err(Error::Refused(Refusal::OwnAccount));
    }
    let transaction = services.db.begin().await?;
    let admins = store::super_admins_locked(&transaction).await?;
    let user = locked(&transaction, id).await?;
    check_another(&admins, id)?;
    session_store::delete_of_user(&transaction, id, None).await?;
    api_tokens::delete_of_user(&transaction, id).await?;
    grants::delete_of_user(&transaction, id).await?;
    for subject in sessions::guard_subjects(&user) {
        sign_in_guards::delete(&transaction, &subject).await?;
    }
    store::delete(&transaction, id).await?;
    let (deleted_at, deleted_by) = (services.clock.now(), caller.account());
    let former = former_user::Model { id, name: user.name.clone(), deleted_at, deleted_by };
    former_users::insert(&transaction, former).await?;
    audit::commit(services, caller, transaction, [Entry::deleted(&user)]).await
}

/// Somebody has to remain who manages users.
fn check_another(admins: &[i32], id: i32) -> Result<()> {
    if admins == [id] { Err(Error::Refused(Refusal::LastSuperAdmin)) } else { Ok(()) }
}

async fn locked(transaction: &DatabaseTransaction, id: i32) -> Result<Model> {
    store::by_id_locked(transaction, id).await?.ok_or(Error::NotFound("user"))
}
