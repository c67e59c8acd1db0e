//! API tokens: a program acts as the person who made its token, within the token's limits.
//!
//! A token is random and shown once; the database holds its SHA-256 only. Whoever it belongs to, and what
//! was granted to them, is read anew for every request, as for a session.

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Limit, Scope, authorise, visible};
use crate::fields::Faults;
use crate::store::{api_tokens as store, users};
use crate::{Error, Result, Services, passwords, sessions};
use entity::Millis;
use entity::api_token::{ActiveModel, Model};
use entity::audit_entry::Verb;
use entity::fault::Fault;
use entity::grant::Role;
use sea_orm::Set;
use std::collections::BTreeSet;

/// What every token begins with, so that people and scanners know one when they see it.
pub const PREFIX: &str = "orr_";
/// For how many days a token may be made.
pub const DAYS: (i64, i64) = (1, 365);
/// Tokens that work at the same time, for each person.
const MOST: u64 = 50;
/// Rows of the list at most, with those that do not work any more.
const LIST_LENGTH: u64 = 100;
const NAME_LENGTH: u32 = 120;
const MOST_NAMESPACES: usize = 50;
/// About 248 bits.
const RANDOM_LENGTH: usize = 43;
const DAY: Millis = 24 * 3_600_000;
/// A use is noted again only after this long: calling is seldom a write.
const USE_STEP: Millis = 60_000;

/// A new token. The names of wrong fields are the names here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDraft {
    /// What it is for.
    pub name: String,
    pub role: Role,
    /// Empty = all that its user may see.
    pub namespaces: Vec<i32>,
    pub days: i64,
}

/// A token without its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    pub id: i32,
    pub name: String,
    pub role: Role,
    /// None = all that its user may see.
    pub namespaces: Option<BTreeSet<i32>>,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub last_used_at: Option<Millis>,
    pub revoked_at: Option<Millis>,
}

impl From<Model> for TokenView {
    fn from(token: Model) -> Self {
        Self {
            id: token.id,
            namespaces: token.limited_to(),
            name: token.name,
            role: token.role,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// The caller's own tokens, newest first, with those that ended; at most 100.
pub async fn list(services: &Services, caller: &Caller) -> Result<Vec<TokenView>> {
    authorise_own(caller)?;
    let tokens = store::of_user(services.db.reader(), caller.user_id, LIST_LENGTH).await?;
    Ok(tokens.into_iter().map(TokenView::from).collect())
}

/// Makes a token for the caller. Returns its text, which nothing shows again.
///
/// # Errors
/// [`Error::Invalid`] naming `name`, `namespaces`, `days`.
pub async fn create(services: &Services, caller: &Caller, draft: TokenDraft) -> Result<(TokenView, String)> {
    authorise_own(caller)?;
    let (name, namespaces) = check(caller, &draft)?;
    let text = format!("{PREFIX}{}", passwords::random_text(RANDOM_LENGTH));
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    // Locked: a person's tokens are counted one after another, and none is made for an account that goes.
    users::by_id_locked(&transaction, caller.user_id).await?.ok_or(Error::Unauthenticated)?;
    if store::count_valid(&transaction, caller.user_id, now).await? >= MOST {
        return Err(Error::field("name", Fault::TooMany { max: MOST as u32 }));
    }
    let row = ActiveModel {
        user_id: Set(caller.user_id),
        name: Set(name),
        token_hash: Set(sessions::id_hash(&text)),
        role: Set(draft.role),
        namespaces: Set(namespaces),
        created_at: Set(now),
        expires_at: Set(now + draft.days * DAY),
        last_used_at: Set(None),
        revoked_at: Set(None),
        ..Default::default()
    };
    let token = store::insert(&transaction, row).await?;
    audit::commit(services, caller, transaction, [Entry::created(&token)]).await?;
    Ok((token.into(), text))
}

/// Ends one of the caller's tokens. One that has ended stays so.
pub async fn revoke(services: &Services, caller: &Caller, id: i32) -> Result<()> {
    authorise_own(caller)?;
    let transaction = services.db.begin().await?;
    let token =
        store::by_id_locked(&transaction, caller.user_id, id).await?.ok_or(Error::NotFound("token"))?;
    if token.revoked_at.is_none() {
        store::revoke(&transaction, id, services.clock.now()).await?;
    }
    audit::commit(services, caller, transaction, [Entry::of(Verb::Revoke, &token)]).await
}

/// On whose behalf somebody with this token calls, cut down to the token's limits.
///
/// # Errors
/// [`Error::Unauthenticated`] when it is none, has expired or was revoked, or when its user is gone.
pub async fn caller(services: &Services, text: &str) -> Result<Caller> {
    if !text.starts_with(PREFIX) {
        return Err(Error::Unauthenticated);
    }
    let now = services.clock.now();
    let found = store::by_hash(services.db.reader(), &sessions::id_hash(text)).await?;
    let works = |token: &Model| token.revoked_at.is_none() && token.expires_at > now;
    let token = found.filter(works).ok_or(Error::Unauthenticated)?;
    let limit = Limit { role: token.role, namespaces: token.limited_to() };
    let caller = Caller { limit: Some(limit), ..sessions::caller(services, token.user_id).await? };
    if token.last_used_at.is_none_or(|used| used < now - USE_STEP) {
        let transaction = services.db.begin().await?;
        store::note_use(&transaction, token.id, now - USE_STEP, now).await?;
        transaction.commit().await?;
    }
    Ok(caller)
}

fn authorise_own(caller: &Caller) -> Result<()> {
    authorise(caller, Action::ManageTokens, Scope::Account { user_id: caller.user_id })
}

/// Name and namespaces in the form that is stored.
fn check(caller: &Caller, draft: &TokenDraft) -> Result<(String, String)> {
    let mut faults = Faults::default();
    let name = faults.required_line("name", &draft.name, NAME_LENGTH);
    faults.range("days", draft.days, DAYS.0, DAYS.1);
    let namespaces: BTreeSet<i32> = draft.namespaces.iter().copied().collect();
    let visible = visible(caller)?;
    let unknown: Vec<i32> = namespaces.iter().copied().filter(|id| !visible.contains(*id)).collect();
    if namespaces.len() > MOST_NAMESPACES {
        faults.add("namespaces", Fault::TooMany { max: MOST_NAMESPACES as u32 });
    } else if !unknown.is_empty() {
        faults.add("namespaces", Fault::Unknown);
    }
    faults.into_result()?;
    let ids: Vec<String> = namespaces.iter().map(i32::to_string).collect();
    Ok((name, ids.join(",")))
}
