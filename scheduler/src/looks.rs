//! Looking again and again until something has happened that others do.

use crate::Result;
use std::time::Duration;

/// How often, and how many times, somebody looks: 4 s in all.
const EVERY: Duration = Duration::from_millis(50);
const LOOKS: u32 = 80;

/// Waits until a look finds nothing in the way any more; what is still there after 4 s. Counted in looks,
/// not read from the clock: the clock may stand still in a test.
///
/// # Errors
/// Those of a look.
pub async fn until_nothing<T, F>(mut look: impl FnMut() -> F) -> Result<Option<T>>
where
    F: Future<Output = Result<Option<T>>>,
{
    for _ in 0..LOOKS {
        if look().await?.is_none() {
            return Ok(None);
        }
        tokio::time::sleep(EVERY).await;
    }
    look().await
}
