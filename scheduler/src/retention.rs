//! How long the past is kept: one policy for all servers. What it lets go is deleted by those who keep it: runs
//! by [`crate::cleanings`], logs by [`crate::logs`], reports about hosts by [`crate::host_metrics`], accesses
//! by [`crate::audit`].

use crate::audit::{self, Entry};
use crate::authority::{Action, Caller, Scope, authorise};
use crate::fields::{Faults, is_taken};
use crate::store::retention as store;
use crate::{Error, Result, Services};
use entity::retention::{Model, ONLY};

/// A century.
const MOST_DAYS: i64 = 36_500;
const MOST_RUNS: i64 = 100_000_000;
const MOST_MIB: i64 = 1 << 30;
const MOST_SAMPLE_HOURS: i64 = 168;
const MOST_MINUTE_DAYS: i64 = 400;

/// What can be changed. The names of wrong fields are the names here, and they mean what they do in [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionEdit {
    pub run_days: i32,
    pub success_days: i32,
    pub runs_per_job: i32,
    pub log_days: i32,
    pub log_mib: i32,
    pub host_sample_hours: i32,
    pub host_minute_days: i32,
    pub access_days: i32,
}

/// What holds, for whoever deletes by it.
pub async fn current(services: &Services) -> Result<Model> {
    Ok(store::current(services.db.reader()).await?)
}

/// What holds, for a super-administrator.
pub async fn get(services: &Services, caller: &Caller) -> Result<Model> {
    authorise(caller, Action::ManageRetention, Scope::Platform)?;
    current(services).await
}

/// Changes what was shown as `version`. It holds from the next look on: some minutes later for logs and reports
/// about hosts, within a day for runs.
///
/// # Errors
/// [`Error::Invalid`] naming the fields of [`RetentionEdit`]; [`Error::Conflict`] when somebody saved since.
pub async fn edit(services: &Services, caller: &Caller, version: i32, edit: &RetentionEdit) -> Result<Model> {
    authorise(caller, Action::ManageRetention, Scope::Platform)?;
    edit.check()?;
    let transaction = services.db.begin().await?;
    let before = store::current_locked(&transaction).await?;
    if before.version != version {
        return Err(Error::Conflict(before.version));
    }
    let after = Model {
        version: version + 1,
        updated_at: services.clock.now(),
        updated_by: caller.account(),
        ..edit.in_force()
    };
    // Two that write the first row at the same moment find none to lock.
    let is_second = |error| if is_taken(&error) { Error::Conflict(1) } else { error.into() };
    store::save(&transaction, version, after.clone()).await.map_err(is_second)?;
    audit::commit(services, caller, transaction, [Entry::edited(&before, &after)]).await?;
    Ok(after)
}

impl From<&Model> for RetentionEdit {
    fn from(policy: &Model) -> Self {
        Self {
            run_days: policy.run_days,
            success_days: policy.success_days,
            runs_per_job: policy.runs_per_job,
            log_days: policy.log_days,
            log_mib: policy.log_mib,
            host_sample_hours: policy.host_sample_hours,
            host_minute_days: policy.host_minute_days,
            access_days: policy.access_days,
        }
    }
}

impl RetentionEdit {
    fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        // What succeeded is not kept for longer than what did not.
        let most_success_days = match self.run_days {
            0 => MOST_DAYS,
            days => i64::from(days).min(MOST_DAYS),
        };
        let bounds = [
            ("run_days", self.run_days, 0, MOST_DAYS),
            ("success_days", self.success_days, 0, most_success_days),
            ("runs_per_job", self.runs_per_job, 0, MOST_RUNS),
            ("log_days", self.log_days, 1, MOST_DAYS),
            ("log_mib", self.log_mib, 1, MOST_MIB),
            ("host_sample_hours", self.host_sample_hours, 1, MOST_SAMPLE_HOURS),
            ("host_minute_days", self.host_minute_days, 1, MOST_MINUTE_DAYS),
            ("access_days", self.access_days, 1, MOST_DAYS),
        ];
        for (field, value, least, most) in bounds {
            faults.range(field, value.into(), least, most);
        }
        faults.into_result()
    }

    fn in_force(&self) -> Model {
        Model {
            id: ONLY,
            run_days: self.run_days,
            success_days: self.success_days,
            runs_per_job: self.runs_per_job,
            log_days: self.log_days,
            log_mib: self.log_mib,
            host_sample_hours: self.host_sample_hours,
            host_minute_days: self.host_minute_days,
            access_days: self.access_days,
            ..Model::default()
        }
    }
}
