//! Where the next page of a list begins, as a text for the URL: the sort key of the last row, which
//! says nothing that the page did not show.

use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn encode(key: &impl Serialize) -> String {
    // Numbers and texts always become JSON; should one not, the list simply ends.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// # Errors
/// [`Error::Invalid`] naming `after`.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let key = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    key.ok_or_else(|| Error::field("after", Fault::Choice))
}
