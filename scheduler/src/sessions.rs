//! Signing in, and the browser sessions behind it.
//!
//! A session's id is random and lives in the cookie; the database holds its SHA-256 only. Whoever
//! is signed in is read anew for every request ([`caller`]), so that a changed role holds at once.

mod guard;

use crate::authority::{Caller, Consent, Grants};
use crate::rules::digest::hex;
use crate::store::{sessions as store, sign_in_guards, users};
use crate::users::UserView;
use crate::{Error, Result, Services, audit, passwords};
use entity::audit_access::Event;
use entity::session::Model;
use entity::{Millis, grant, user};
use sha2::{Digest, Sha256};

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
/// A session that is signed in ends after this long without a request …
pub const IDLE: Millis = 12 * HOUR;
/// … and after this long at any rate.
pub const ABSOLUTE: Millis = 7 * 24 * HOUR;
/// A session that nobody signed in to keeps the state of a form for a while.
pub const ANONYMOUS: Millis = HOUR;
/// A request moves the end of a session only when that gains at least this much: reading a page
/// is seldom a write.
const EXTEND_STEP: Millis = 10 * MINUTE;
const SWEEP: u64 = 500;

/// Somebody whose password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub caller: Caller,
    pub user: UserView,
}

/// A session as its owner's browser left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    pub user_id: Option<i32>,
    pub data: String,
    pub expires_at: Millis,
}

/// Checks a name (or e-mail address) and password. `client_address` is the browser's IP address.
/// The attempt counts before the password is looked at, so that many guesses at once gain nothing.
///
/// # Errors
/// [`Error::WrongCredentials`] for an unknown name as for a wrong password, after the same time;
/// [`Error::Locked`] after five failures for a name or fifty from an address within 15 minutes.
pub async fn sign_in(
    services: &Services,
    name_or_email: &str,
    password: &str,
    client_address: &str,
) -> Result<SignedIn> {
    let typed = name_or_email.trim().to_lowercase();
    let (by_name, by_address) = (guard::name_subject(&typed), guard::address_subject(client_address));
    let record = async |event, name: &str| audit::access(services, event, name, client_address, "").await;
    if let Err(error) = count_attempt(services, &[by_name, by_address.clone()]).await {
        if matches!(error, Error::Locked(_)) {
            record(Event::SignInLocked, &typed).await?;
        }
        return Err(error);
    }
    let user = users::by_name_or_email(services.db.reader(), &typed).await?;
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let right = !passwords::is_too_long(password) && passwords::verify(password, hash).await?;
    let Some(user) = user.filter(|_| right) else {
        record(Event::SignInFailed, &typed).await?;
        return Err(Error::WrongCredentials);
    };
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    for subject in guard_subjects(&user) {
        sign_in_guards::delete(&transaction, &subject).await?;
    }
    let address = sign_in_guards::lock(&transaction, &by_address).await?;
    sign_in_guards::save(&transaction, guard::forgive(address)).await?;
    users::set_last_sign_in(&transaction, user.id, now).await?;
    transaction.commit().await?;
    record(Event::SignedIn, &user.name).await?;
    let user = user::Model { last_sign_in_at: Some(now), ..user };
    let caller = Caller { address: client_address.to_owned(), ..caller(services, user.id).await? };
    Ok(SignedIn { caller, user: user.into() })
}

/// The signed-in person as stored now, with what is granted now; whoever knows the browser's IP address adds it.
///
/// # Errors
/// [`Error::Unauthenticated`] when the account is gone.
pub async fn caller(services: &Services, user_id: i32) -> Result<Caller> {
    let found = users::with_grants(services.db.reader(), user_id).await?;
    let (user, grants) = found.ok_or(Error::Unauthenticated)?;
    Ok(caller_of(user, grants))
}

/// Stores a new session under its raw id. Returns when it ends unless it is used.
pub async fn create(services: &Services, id: &str, user_id: Option<i32>, data: String) -> Result<Millis> {
    let now = services.clock.now();
    let expires_at = expiry(user_id, now, now);
    let row = Model { id_hash: id_hash(id), user_id, data, created_at: now, expires_at };
    let transaction = services.db.begin().await?;
    store::insert(&transaction, row).await?;
    transaction.commit().await?;
    Ok(expires_at)
}

/// Replaces the data of a session. None when it does not exist any more: a session that was ended
/// meanwhile (sign-out, password change) is not revived.
pub async fn save(
    services: &Services,
    id: &str,
    user_id: Option<i32>,
    data: String,
) -> Result<Option<Millis>> {
    let (hash, now) = (id_hash(id), services.clock.now());
    let transaction = services.db.begin().await?;
    let stored = store::by_hash(&transaction, &hash).await?.filter(|session| session.expires_at > now);
    let Some(stored) = stored else { return Ok(None) };
    let expires_at = expiry(user_id, stored.created_at, now);
    let saved = store::update(&transaction, &hash, user_id, data, expires_at).await?;
    transaction.commit().await?;
    Ok(saved.then_some(expires_at))
}

/// The session with this raw id, unless it has ended. Using it moves its end.
pub async fn load(services: &Services, id: &str) -> Result<Option<StoredSession>> {
    let (hash, now) = (id_hash(id), services.clock.now());
    let stored = store::by_hash(services.db.reader(), &hash).await?;
    let Some(stored) = stored.filter(|session| session.expires_at > now) else { return Ok(None) };
    let mut expires_at = expiry(stored.user_id, stored.created_at, now);
    if expires_at - stored.expires_at >= EXTEND_STEP {
        let transaction = services.db.begin().await?;
        store::extend(&transaction, &hash, expires_at).await?;
        transaction.commit().await?;
    } else {
        expires_at = stored.expires_at;
    }
    Ok(Some(StoredSession { user_id: stored.user_id, data: stored.data, expires_at }))
}

/// Keeps a text for the next look at `what` from this session, within the hour. It has a row of its own: what
/// else the browser does at the same moment saves its session whole, and would lose it.
pub async fn keep(services: &Services, id: &str, user_id: i32, what: &str, text: String) -> Result<()> {
    let (hash, now) = (kept_hash(id, what), services.clock.now());
    let row = Model {
        id_hash: hash.clone(),
        user_id: Some(user_id),
        data: text,
        created_at: now,
        expires_at: now + ANONYMOUS,
    };
    let transaction = services.db.begin().await?;
    store::delete(&transaction, &hash).await?;
    store::insert(&transaction, row).await?;
    Ok(transaction.commit().await?)
}

/// Takes the text that [`keep`] kept: whoever takes it first has it, and nobody after.
pub async fn take(services: &Services, id: &str, what: &str) -> Result<Option<String>> {
    let (hash, now) = (kept_hash(id, what), services.clock.now());
    if store::by_hash(services.db.reader(), &hash).await?.is_none() {
        return Ok(None);
    }
    let transaction = services.db.begin().await?;
    let kept = store::by_hash(&transaction, &hash).await?.filter(|kept| kept.expires_at > now);
    if !store::delete(&transaction, &hash).await? {
        return Ok(None);
    }
    transaction.commit().await?;
    Ok(kept.map(|kept| kept.data))
}

/// Ends a session: sign-out.
pub async fn delete(services: &Services, id: &str) -> Result<()> {
    let transaction = services.db.begin().await?;
    store::delete(&transaction, &id_hash(id)).await?;
    Ok(transaction.commit().await?)
}

/// Ends all sessions of a user.
pub async fn delete_of_user(services: &Services, user_id: i32) -> Result<u64> {
    let transaction = services.db.begin().await?;
    let ended = store::delete_of_user(&transaction, user_id, None).await?;
    transaction.commit().await?;
    Ok(ended)
}

/// Removes ended sessions and stale guards, some hundreds at a time; call it every minute or so.
/// Returns how many sessions went.
pub async fn delete_expired(services: &Services) -> Result<u64> {
    let now = services.clock.now();
    let hashes = store::expired(services.db.reader(), now, SWEEP).await?;
    let transaction = services.db.begin().await?;
    let deleted =
        if hashes.is_empty() { 0 } else { store::delete_expired(&transaction, hashes, now).await? };
    sign_in_guards::delete_older(&transaction, now - guard::KEPT).await?;
    transaction.commit().await?;
    Ok(deleted)
}

/// What the database knows a session by.
pub(crate) fn id_hash(id: &str) -> String {
    hex(&Sha256::digest(id.as_bytes()))
}

/// What the database knows a kept text by: nobody's session, for no id has a space in it.
fn kept_hash(id: &str, what: &str) -> String {
    id_hash(&format!("{id} {what}"))
}

/// The names under which failed attempts for this user are counted.
pub(crate) fn guard_subjects(user: &user::Model) -> Vec<String> {
    let names = std::iter::once(&user.name).chain(&user.email);
    names.map(|name| guard::name_subject(name)).collect()
}

/// Counts an attempt for each subject, or refuses it because one of them is locked.
pub(crate) async fn count_attempt(services: &Services, subjects: &[String]) -> Result<()> {
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    let mut guards = Vec::with_capacity(subjects.len());
    for subject in subjects {
        guards.push(sign_in_guards::lock(&transaction, subject).await?);
    }
    if let Some(until) = guards.iter().filter_map(|guard| guard::locked_until(guard, now)).max() {
        return Err(Error::Locked(until));
    }
    for guard in guards {
        sign_in_guards::save(&transaction, guard::after_attempt(guard, now)).await?;
    }
    Ok(transaction.commit().await?)
}

fn expiry(user_id: Option<i32>, created_at: Millis, now: Millis) -> Millis {
    let idle = if user_id.is_some() { IDLE } else { ANONYMOUS };
    (now + idle).min(created_at + ABSOLUTE)
}

fn caller_of(user: user::Model, grants: Vec<grant::Model>) -> Caller {
    let grants: Grants = grants.into_iter().map(|grant| (grant.namespace_id, grant.role)).collect();
    Caller {
        user_id: user.id,
        name: user.name,
        role: user.role,
        must_change_password: user.must_change_password,
        address: String::new(),
        grants,
        limit: None,
        consent: Consent::ToBeAsked,
    }
}
