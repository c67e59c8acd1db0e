//! The audit: who changed what, from where, what it was before and is now.
//!
//! Every service that changes something ends its transaction with `commit`, so that a change and its entry
//! are there together or not at all. Entries seal one another ([`crate::rules::audit`]); accesses (sign-ins,
//! refusals, reads of the audit) are not chained, and sealed by the minute.

mod entry;
mod prune;
mod verify;

pub use crate::store::audit::Filter;
pub(crate) use entry::{Audited, Definition, Entry, Object, Rights, RunOfJob, SOURCE_DIGEST};
pub use prune::prune_accesses;
pub use verify::{Verdict, verify};

use crate::authority::{Action, Caller, Scope, authorise};
use crate::paging;
use crate::store::audit as store;
use crate::{Error, Result, Services};
use entity::Millis;
use entity::audit_access::{self, Event, TEXT_LENGTH};
use entity::audit_entry::{Model, Noun, Verb};
use sea_orm::{DatabaseTransaction, Set};
use serde_json::json;

/// Entries of a page.
const PAGE: u64 = 50;
/// Accesses that one entry seals.
const SEALED_AT_ONCE: u64 = 1_000;
/// Entries that a large change adds with one statement.
const CHUNK: usize = 200;

/// A page of entries, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Model>,
    /// Where the next page begins; none where there is none.
    pub after: Option<String>,
}

/// Whether the last entry is sealed with this program's key; true where there is none yet.
pub async fn is_sealed_with_our_key(services: &Services) -> Result<bool> {
    let reader = services.db.reader();
    let last = match store::head(reader).await? {
        Some(head) => store::by_seq(reader, head.seq).await?,
        None => None,
    };
    Ok(last.is_none_or(|entry| entry.key_id == services.audit.id()))
}

/// Commits a change with what the audit says about it, which is written last: whoever changes something at
/// the same time waits for the commit only.
pub(crate) async fn commit(
    services: &Services,
    caller: &Caller,
    transaction: DatabaseTransaction,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<()> {
    append(services, caller, &transaction, entries.into_iter().collect()).await?;
    Ok(transaction.commit().await?)
}

/// Adds entries, as late in a transaction as can be.
pub(crate) async fn add(
    services: &Services,
    caller: &Caller,
    transaction: &DatabaseTransaction,
    entries: Vec<Entry>,
) -> Result<()> {
    append(services, caller, transaction, entries).await.map(drop)
}

/// Adds entries at the end of the chain; returns the number of the last one.
async fn append(
    services: &Services,
    caller: &Caller,
    transaction: &DatabaseTransaction,
    entries: Vec<Entry>,
) -> Result<i64> {
    let head = store::head_locked(transaction).await?;
    let head = head.ok_or_else(|| Error::Internal("the audit has no head".to_owned()))?;
    let (mut seq, mut mac) = (head.seq, head.mac);
    let now = services.clock.now();
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        seq += 1;
        let mut row = entry.row(seq, now, caller, &services.audit);
        row.mac = services.audit.seal(&mac, &row);
        mac.clone_from(&row.mac);
        rows.push(row);
    }
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(CHUNK));
        store::append(transaction, rows).await?;
        rows = rest;
    }
    Ok(seq)
}

/// Records who came, was turned away or read. Texts are cut at 255 characters.
pub async fn access(
    services: &Services,
    event: Event,
    actor: &str,
    address: &str,
    about: &str,
) -> Result<()> {
    let cut = |text: &str| -> String {
        // PostgreSQL stores no zero bytes, and nobody reads control characters.
        text.chars().filter(|character| !character.is_control()).take(TEXT_LENGTH).collect()
    };
    let row = audit_access::ActiveModel {
        at: Set(services.clock.now()),
        actor: Set(cut(actor)),
        address: Set(cut(address)),
        event: Set(event),
        about: Set(cut(about)),
        sealed_by: Set(None),
        ..Default::default()
    };
    let transaction = services.db.begin().await?;
    store::add_access(&transaction, row).await?;
    Ok(transaction.commit().await?)
}

/// Seals the accesses of which no entry holds the digest yet, at most 1,000; call it every minute or so.
/// Returns how many.
pub async fn seal_accesses(services: &Services) -> Result<u64> {
    if store::unsealed(services.db.reader(), 1).await?.is_empty() {
        return Ok(0);
    }
    let transaction = services.db.begin().await?;
    let accesses = store::unsealed(&transaction, SEALED_AT_ONCE).await?;
    if accesses.is_empty() {
        return Ok(0);
    }
    let count = accesses.len() as u64;
    let digest = crate::rules::audit::digest(&accesses);
    let entry = Entry::about(Noun::Access, Verb::Seal).with(json!({"count": count, "sha256": digest}));
    let seq = append(services, &Caller::server(), &transaction, vec![entry]).await?;
    let ids = accesses.into_iter().map(|access| access.id).collect();
    if store::seal(&transaction, ids, seq).await? != count {
        // Another server has just sealed them.
        return Ok(0);
    }
    transaction.commit().await?;
    Ok(count)
}

/// A page of entries, the newest first; for super-administrators. That somebody looked is recorded, too.
///
/// # Errors
/// [`Error::Invalid`] naming `after`.
pub async fn list(
    services: &Services,
    caller: &Caller,
    filter: &Filter,
    after: Option<&str>,
) -> Result<Page> {
    authorise(caller, Action::ViewAudit, Scope::Platform)?;
    let before = after.map(paging::decode).transpose()?;
    let mut entries = store::list(services.db.reader(), filter, before, PAGE + 1).await?;
    let has_more = entries.len() as u64 > PAGE;
    entries.truncate(PAGE as usize);
    let after = entries.last().filter(|_| has_more).map(|last| paging::encode(&last.seq));
    access(services, Event::ReadAudit, &caller.name, &caller.address, &words(filter)).await?;
    Ok(Page { entries, after })
}

/// One entry; for super-administrators.
pub async fn get(services: &Services, caller: &Caller, seq: i64) -> Result<Model> {
    authorise(caller, Action::ViewAudit, Scope::Platform)?;
    store::by_seq(services.db.reader(), seq).await?.ok_or(Error::NotFound("audit entry"))
}

/// The newest accesses, 50 a page; for super-administrators.
///
/// # Errors
/// [`Error::Invalid`] naming `after`.
pub async fn accesses(
    services: &Services,
    caller: &Caller,
    after: Option<&str>,
) -> Result<(Vec<audit_access::Model>, Option<String>)> {
    authorise(caller, Action::ViewAudit, Scope::Platform)?;
    let before = after.map(paging::decode).transpose()?;
    let mut accesses = store::accesses(services.db.reader(), before, PAGE + 1).await?;
    let has_more = accesses.len() as u64 > PAGE;
    accesses.truncate(PAGE as usize);
    let after = accesses.last().filter(|_| has_more).map(|last| paging::encode(&last.id));
    Ok((accesses, after))
}

/// Some hundreds of entries after one, in order, for an export. The first call records that somebody
/// exports.
pub async fn export(
    services: &Services,
    caller: &Caller,
    after: i64,
    from: Option<Millis>,
    until: Option<Millis>,
) -> Result<Vec<Model>> {
    authorise(caller, Action::ViewAudit, Scope::Platform)?;
    if after == 0 {
        let about = words(&Filter { from, until, ..Filter::default() });
        access(services, Event::ExportedAudit, &caller.name, &caller.address, &about).await?;
    }
    Ok(store::between(services.db.reader(), after, from, until, CHUNK as u64).await?)
}

/// The last entry: its number, 0 for none, and its seal, which whoever keeps an export keeps with it.
pub async fn head(services: &Services, caller: &Caller) -> Result<(i64, String)> {
    authorise(caller, Action::ViewAudit, Scope::Platform)?;
    let head = store::head(services.db.reader()).await?;
    Ok(head.map(|head| (head.seq, head.mac)).unwrap_or_default())
}

/// What somebody asked for.
fn words(filter: &Filter) -> String {
    let Filter { actor, object, noun, from, until } = filter;
    let mut asked = json!({"actor": actor, "object": object, "noun": noun, "from": from, "until": until});
    if let Some(fields) = asked.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    }
    asked.to_string()
}
