//! What the retention policy lets go: ordered once a day by the server that has the cluster's duties, and then
//! done as what people ask for.

use super::{Asked, extent, store};
use crate::authority::Caller;
use crate::rules::cleaning::bounds;
use crate::{Result, Services, retention};
use entity::Millis;
use entity::cleaning::What;

/// Between two orders. Somewhat less than a day, so that it is about the same time each day.
const EVERY: Millis = 23 * 3_600_000;
const WAYS: [What; 3] = [What::TooOld, What::SuccessTooOld, What::TooMany];

/// Whether it is time to look what goes: to count the runs of every job may take seconds. `looked_at` is when
/// this server did it last.
pub async fn is_due(services: &Services, looked_at: Option<Millis>) -> Result<bool> {
    let ordered_at = store::last_asked(services.db.reader(), &WAYS).await?;
    let changed_at = retention::current(services).await?.updated_at;
    let is_over = |last: Millis| last <= changed_at || last + EVERY <= services.clock.now();
    Ok(ordered_at.max(looked_at).is_none_or(is_over))
}

/// Orders all that the policy lets go now; how many orders. What would delete nothing is none.
pub async fn order(services: &Services) -> Result<usize> {
    let now = services.clock.now();
    let policy = retention::current(services).await?;
    let mut rows = Vec::new();
    for what in WAYS {
        let asked = Asked { executor: None, job_id: None, bounds: bounds(what, &policy, now) };
        let expected = extent(services, &asked).await?.runs;
        if expected > 0 {
            rows.push(asked.row(what, expected, &Caller::server(), now));
        }
    }
    let orders = rows.len();
    let transaction = services.db.begin().await?;
    for row in rows {
        store::insert(&transaction, row).await?;
    }
    transaction.commit().await?;
    Ok(orders)
}
