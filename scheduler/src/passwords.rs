//! Passwords: hashing, the rules for new ones, and one-time passwords.

use crate::{Error, Result};
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use entity::fault::Fault;
use rand::Rng;
use tokio::sync::Semaphore;

const SHORTEST: usize = 10;
const LONGEST: usize = 128;
/// Passwords and tokens that products have shipped with; whoever scans for open servers tries them
/// first. In lower case.
const KNOWN_DEFAULTS: [&str; 14] = [
    "default_token",
    "io.suite.com",
    "admin",
    "admin123",
    "administrator",
    "changeme",
    "password",
    "password123",
    "123456",
    "12345678",
    "1234567890",
    "0123456789",
    "qwertyuiop",
    "orrery",
];
/// Without the letters and digits that people take for one another.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const ONE_TIME_LENGTH: usize = 24;
/// Each hash takes 19 MiB: many sign-ins at once queue instead of filling the memory.
static HASHING: Semaphore = Semaphore::const_new(4);

/// Argon2id in PHC string form, with a random salt. Takes tens of milliseconds on a thread of its
/// own: never call it inside a transaction.
pub async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    blocking(move || hash_now(&password, &rand::rng().random::<[u8; 16]>())).await
}

/// Whether `password` is the one of `stored`. Without a stored hash (unknown user) it takes as
/// long and is false.
pub async fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    let (password, stored) = (password.to_owned(), stored.map(str::to_owned));
    blocking(move || match stored {
        Some(stored) => {
            let stored = PasswordHash::new(&stored).map_err(defect)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
        }
        None => hash_now(&password, &[0; 16]).map(|_| false),
    })
    .await
}

/// A random password to be used once and changed: about 139 bits.
pub fn one_time() -> String {
    random_text(ONE_TIME_LENGTH)
}

/// Random letters and digits that are easy to tell apart, ≈ 5.8 bits each.
pub fn random_text(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// What is wrong with `password` as a new password of the user `name`.
pub fn fault_of_new(password: &str, name: &str) -> Option<Fault> {
    let length = password.chars().count();
    if password.is_empty() {
        Some(Fault::Required)
    } else if is_known_default(password) {
        Some(Fault::KnownDefault)
    } else if password.eq_ignore_ascii_case(name) {
        Some(Fault::Reused)
    } else if length < SHORTEST {
        Some(Fault::TooShort { min: SHORTEST as u32 })
    } else if length > LONGEST {
        Some(Fault::TooLong { max: LONGEST as u32 })
    } else {
        None
    }
}

/// Whether a text is one of the published defaults.
pub fn is_known_default(text: &str) -> bool {
    KNOWN_DEFAULTS.contains(&text.trim().to_lowercase().as_str())
}

/// Longer texts are not even hashed.
pub fn is_too_long(password: &str) -> bool {
    password.len() > 4 * LONGEST
}

fn hash_now(password: &str, salt: &[u8; 16]) -> Result<String> {
    let salt = SaltString::encode_b64(salt).map_err(defect)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(defect)?;
    Ok(hash.to_string())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let permit = HASHING.acquire().await.map_err(defect)?;
    let done = tokio::task::spawn_blocking(work).await.map_err(defect)?;
    drop(permit);
    done
}

fn defect(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("password hashing: {error}"))
}
