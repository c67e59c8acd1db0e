//! Browser sessions for the pages, kept by the domain: it alone knows how long they last and stores
//! nothing but a hash of their id.

use app::ssr::USER_KEY;
use async_trait::async_trait;
use scheduler::{Services, sessions};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

/// The cookie that holds a session's id.
pub const COOKIE: &str = "orrery_session";

/// The sessions in the database.
#[derive(Clone)]
pub struct StoredSessions(Services);

/// The layer that gives each request its session.
pub fn layer(services: Services, secure: bool) -> SessionManagerLayer<StoredSessions> {
    // The cookie outlives the session; when that ends is decided where it is stored.
    let longest = Duration::milliseconds(sessions::ABSOLUTE);
    SessionManagerLayer::new(StoredSessions(services))
        .with_name(COOKIE)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(secure)
        .with_expiry(Expiry::OnInactivity(longest))
}

#[async_trait]
impl SessionStore for StoredSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (user, data) = content(record)?;
        sessions::create(&self.0, &record.id.to_string(), user, data).await.map_err(backend)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (user, data) = content(record)?;
        // A session that was ended meanwhile stays ended.
        sessions::save(&self.0, &record.id.to_string(), user, data).await.map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = sessions::load(&self.0, &id.to_string()).await.map_err(backend)?;
        let Some(stored) = stored else { return Ok(None) };
        let data: HashMap<String, Value> =
            serde_json::from_str(&stored.data).map_err(|error| Error::Decode(error.to_string()))?;
        let seconds = stored.expires_at.div_euclid(1000);
        let expiry_date =
            OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sessions::delete(&self.0, &id.to_string()).await.map_err(backend)
    }
}

impl fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredSessions")
    }
}

/// Who is signed in, and the data as JSON.
fn content(record: &Record) -> Result<(Option<i32>, String)> {
    let user = record.data.get(USER_KEY).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    let data = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    Ok((user, data))
}

fn backend(error: scheduler::Error) -> Error {
    Error::Backend(error.to_string())
}
