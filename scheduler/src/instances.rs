//! Instances as they report themselves: registration, heartbeat, signing off, falling silent; and
//! whether the token they send is the right one.
//!
//! Facts from XXL-JOB's protocol: an executor registers every 10 to 60 seconds with its app name
//! and address, removes itself on an orderly stop, and counts as gone after 90 s of silence.

mod client;
mod drain;
mod turned_away;

use crate::rules::about::About;
use crate::rules::pinning::Labels;
use crate::signals::Change;
use crate::store::instances::{self as store, Announced};
use crate::store::{executors, namespaces, turned_away as turned_away_store};
use crate::{Result, Services, addresses};
use entity::executor::Registration;
use entity::instance::{self, Client};
use entity::{Millis, executor};
use protocol::native::Announcement;
use sea_orm::DatabaseTransaction;
use subtle::{Choice, ConstantTimeEq};

pub use client::{ClientHints, recognise};
pub use drain::{drain, take_back};
pub use turned_away::{strangers, turned_away};

/// How long an instance may be silent before the engine marks it as gone: three periods of most
/// clients.
pub const SILENCE: Millis = 90_000;
/// What XXL-JOB's clients send as `registryGroup`.
pub const GROUP: &str = "EXECUTOR";
/// Addresses of one executor, those included that are gone: a client that registers under ever new addresses
/// does not fill the table.
const MOST_INSTANCES: u64 = 5000;
/// Where there is no more room, those are forgotten that have been gone for so long: where each start has an address
/// of its own, as in a container, thousands come together within months.
const GONE_KEPT: Millis = 24 * 3_600_000;
/// So many at once, so that not each newcomer has to wait for it.
const FORGOTTEN: u64 = 500;
const LIFE_LENGTH: usize = 40;
/// How often a sign of life is written that meets another transaction.
const TRIES: usize = 3;

/// A call to register or to remove an instance, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationCall {
    /// `registryGroup`.
    pub group: String,
    /// `registryKey`.
    pub app_name: String,
    /// `registryValue`.
    pub address: String,
    /// `labels`, `key=value` with commas between; only from clients that know it, else empty.
    pub labels: String,
    /// `life`: names the process of a client that understands [`protocol::native`]; else empty.
    pub life: String,
    /// `announces`: what the program says of itself; only from clients that know it.
    pub announces: Option<Announcement>,
    /// `business:service`, from our own clients; none = every namespace whose executor of that
    /// name accepts the token.
    pub namespace: Option<String>,
    /// The token header; none when it is missing or empty.
    pub token: Option<String>,
    pub client: Client,
}

/// What became of a [`RegistrationCall`]. Everything but `Done` changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// Accepted; `changed` are the executors whose set of instances is now another.
    Done {
        changed: Vec<i32>,
    },
    /// A field is empty, the group is another one than `EXECUTOR`, or the name of the process is none.
    Malformed,
    /// The address is no URL that may be called.
    BadAddress,
    /// The labels cannot be read, or are too many.
    BadLabels,
    /// The version is too long, there are too many handlers, or one has a name that no job can give.
    BadAnnouncement,
    /// No executor has that app name (in that namespace): create it first, it holds the token.
    UnknownAppName,
    WrongToken,
    /// The executor has too many addresses already.
    TooMany,
}

/// A sign of life of an instance, its first or a later one. `shared_token` is the token that the
/// configuration accepts for every executor, if any.
pub async fn register(
    services: &Services,
    shared_token: Option<&str>,
    call: &RegistrationCall,
) -> Result<RegisterOutcome> {
    let admitted = match admit(services, shared_token, call).await? {
        Ok(admitted) => admitted,
        Err(refused) => {
            turned_away::note(services, call, &refused.concerned, &refused.outcome).await?;
            return Ok(refused.outcome);
        }
    };
    let mut changed = Vec::new();
    for executor in &admitted.executors {
        // Somebody typed the addresses of a manual one: what registers is not asked.
        if executor.registration == Registration::Manual {
            continue;
        }
        match appear(services, executor.id, &admitted, call).await? {
            Appearance::Known => {}
            Appearance::New => changed.push(executor.id),
            Appearance::TooMany => {
                turned_away::note(services, call, &[executor.id], &RegisterOutcome::TooMany).await?;
                return Ok(RegisterOutcome::TooMany);
            }
        }
    }
    publish(services, &changed);
    Ok(RegisterOutcome::Done { changed })
}

/// An instance signs off: it gets no more runs from now on.
pub async fn remove(
    services: &Services,
    shared_token: Option<&str>,
    call: &RegistrationCall,
) -> Result<RegisterOutcome> {
    let admitted = match admit(services, shared_token, call).await? {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(refused.outcome),
    };
    let now = services.clock.now();
    let mut changed = Vec::new();
    let transaction = services.db.begin().await?;
    for executor in admitted.executors {
        let is_automatic = executor.registration == Registration::Automatic;
        if is_automatic && store::mark_gone(&transaction, executor.id, &admitted.address, now).await? {
            changed.push(executor.id);
        }
    }
    transaction.commit().await?;
    publish(services, &changed);
    Ok(RegisterOutcome::Done { changed })
}

/// Ids of the instances that are there as the process that this call comes from, of the executors that its
/// token opens. Of addresses that people typed the process is not known.
///
/// # Errors
/// The inner one as for [`register`].
pub async fn registered(
    services: &Services,
    shared_token: Option<&str>,
    call: &RegistrationCall,
) -> Result<Result<Vec<i32>, RegisterOutcome>> {
    let admitted = match admit(services, shared_token, call).await? {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(Err(refused.outcome)),
    };
    let mut found = Vec::new();
    for executor in &admitted.executors {
        let known = store::by_address(services.db.reader(), executor.id, &admitted.address).await?;
        let is_it = |instance: &instance::Model| {
            instance.gone_at.is_none() && (instance.manual || instance.life == call.life)
        };
        found.extend(known.filter(is_it).map(|instance| instance.id));
    }
    Ok(Ok(found))
}

/// Those of `asked` (ids of executors) whose runs a client with this token may report on.
pub async fn authorise_callback(
    services: &Services,
    shared_token: Option<&str>,
    token: Option<&str>,
    asked: Vec<i32>,
) -> Result<Vec<i32>> {
    let now = services.clock.now();
    let executors = executors::by_ids(services.db.reader(), asked).await?;
    let allowed = executors.into_iter().filter(|executor| accepts(executor, shared_token, token, now));
    Ok(allowed.map(|executor| executor.id).collect())
}

/// Whether a token opens this executor: its own, the one before within its overlap, or the shared
/// one. Takes the same time wherever two tokens differ. An empty token opens nothing.
pub fn accepts(
    executor: &executor::Model,
    shared_token: Option<&str>,
    token: Option<&str>,
    now: Millis,
) -> bool {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return false };
    let old_counts = executor.old_token_until.is_some_and(|until| now < until);
    let old = executor.old_token.as_deref().filter(|_| old_counts);
    let equal = |known: Option<&str>| {
        known
            .filter(|known| !known.is_empty())
            .map_or(Choice::from(0), |known| known.as_bytes().ct_eq(token.as_bytes()))
    };
    (equal(Some(&executor.token)) | equal(old) | equal(shared_token)).into()
}

/// A call with a right token.
struct Admitted {
    executors: Vec<executor::Model>,
    /// Normalised.
    address: String,
    /// Normalised.
    labels: String,
    about: Option<About>,
}

/// A call that is not let in.
struct Refused {
    outcome: RegisterOutcome,
    /// The executors that it wanted to belong to.
    concerned: Vec<i32>,
}

impl Refused {
    fn of(outcome: RegisterOutcome, executors: &[executor::Model]) -> Self {
        Self { outcome, concerned: executors.iter().map(|executor| executor.id).collect() }
    }
}

async fn admit(
    services: &Services,
    shared_token: Option<&str>,
    call: &RegistrationCall,
) -> Result<Result<Admitted, Refused>> {
    let app_name = call.app_name.trim();
    let is_empty = app_name.is_empty() || call.address.trim().is_empty();
    if call.group.trim() != GROUP || is_empty || !is_life(&call.life) {
        return Ok(Err(Refused::of(RegisterOutcome::Malformed, &[])));
    }
    let mut executors = executors::by_app_name(services.db.reader(), app_name).await?;
    if let Some(name) = &call.namespace {
        let id = namespace_id(services, name).await?;
        executors.retain(|executor| Some(executor.namespace_id) == id);
    }
    if executors.is_empty() {
        return Ok(Err(Refused::of(RegisterOutcome::UnknownAppName, &[])));
    }
    let refused = |outcome| Ok(Err(Refused::of(outcome, &executors)));
    let Ok(address) = addresses::normalise(&call.address) else {
        return refused(RegisterOutcome::BadAddress);
    };
    let Ok(labels) = call.labels.parse::<Labels>() else {
        return refused(RegisterOutcome::BadLabels);
    };
    let about = call.announces.as_ref().map(About::of);
    if matches!(about, Some(None)) {
        return refused(RegisterOutcome::BadAnnouncement);
    }
    let now = services.clock.now();
    let accepts = |executor: &executor::Model| accepts(executor, shared_token, call.token.as_deref(), now);
    if !executors.iter().any(accepts) {
        return refused(RegisterOutcome::WrongToken);
    }
    executors.retain(accepts);
    Ok(Ok(Admitted { executors, address, labels: labels.to_string(), about: about.flatten() }))
}

async fn namespace_id(services: &Services, name: &str) -> Result<Option<i32>> {
    let Some((business, service)) = name.split_once(':') else { return Ok(None) };
    let namespace = namespaces::by_name(services.db.reader(), business, service).await?;
    Ok(namespace.map(|namespace| namespace.id))
}

/// Letters, digits and hyphens.
fn is_life(text: &str) -> bool {
    text.len() <= LIFE_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

enum Appearance {
    /// It was there already.
    Known,
    /// It was not there, or not as it is now: new, back in its next life, or saying something else of itself.
    New,
    TooMany,
}

/// Done again where the database gave it up for another one's sake: an executor would not be back for half a minute.
async fn appear(
    services: &Services,
    executor_id: i32,
    admitted: &Admitted,
    call: &RegistrationCall,
) -> Result<Appearance> {
    let mut tries = 1;
    loop {
        match appear_once(services, executor_id, admitted, call).await {
            Err(error) if error.is_aborted() && tries < TRIES => tries += 1,
            appearance => return appearance,
        }
    }
}

async fn appear_once(
    services: &Services,
    executor_id: i32,
    admitted: &Admitted,
    call: &RegistrationCall,
) -> Result<Appearance> {
    let Admitted { address, labels, about, .. } = admitted;
    let announced = Announced { labels, client: call.client, life: &call.life, about: about.as_ref() };
    let now = services.clock.now();
    let transaction = services.db.begin().await?;
    if store::touch(&transaction, executor_id, address, announced, now).await? {
        transaction.commit().await?;
        return Ok(Appearance::Known);
    }
    let appearance = match store::by_address(&transaction, executor_id, address).await? {
        Some(known) if store::revive(&transaction, known.id, announced, false, now).await? => Appearance::New,
        Some(known) if known.labels != *labels || known.announced != announced.digest() => {
            store::describe(&transaction, known.id, announced, now).await?;
            Appearance::New
        }
        // It came back through another server at this very moment.
        Some(_) => Appearance::Known,
        None if !has_room(&transaction, executor_id, now).await? => Appearance::TooMany,
        None => match store::insert(&transaction, executor_id, address, announced, false, now).await {
            Ok(()) => Appearance::New,
            Err(error) if crate::fields::is_taken(&error) => return Ok(Appearance::Known),
            Err(error) => return Err(error.into()),
        },
    };
    if matches!(appearance, Appearance::New) {
        turned_away_store::forget(&transaction, executor_id, call.app_name.trim(), call.address.trim())
            .await?;
    }
    transaction.commit().await?;
    Ok(appearance)
}

/// Whether an executor may have one more address.
async fn has_room(transaction: &DatabaseTransaction, executor_id: i32, now: Millis) -> Result<bool> {
    let is_full = store::count_of(transaction, executor_id).await? >= MOST_INSTANCES;
    Ok(!is_full || store::forget_gone(transaction, executor_id, now - GONE_KEPT, FORGOTTEN).await? > 0)
}

fn publish(services: &Services, executors: &[i32]) {
    for id in executors {
        services.signals.publish(Change::Executor(*id));
    }
}
