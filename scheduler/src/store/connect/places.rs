//! A database at several places, of which one writes: a primary with its standbys, the nodes of a Galera cluster.
//!
//! New connections go to the one that writes. Each second it is asked whether it still does; when it does not,
//! or says nothing, the others are asked, and all connections to it are given up for those to another.

use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions, Connection, Database, MySqlConnection, PgConnection, Pool, Row};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two questions to the place that writes.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// A place that says nothing for so long does not write.
const ANSWERS_WITHIN: Duration = Duration::from_secs(3);

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A connection that knows whether its place takes writes.
pub trait Writes {
    fn writes(&mut self) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;
}

impl Writes for PgConnection {
    /// A standby says no, as does a primary whose transactions are read-only by default.
    async fn writes(&mut self) -> Result<bool, sqlx::Error> {
        let row = sqlx::query("SHOW transaction_read_only").fetch_one(self).await?;
        Ok(row.try_get::<String, _>(0)? == "off")
    }
}

impl Writes for MySqlConnection {
    /// A replica says no. A Galera node without its cluster says yes, but begins no transaction.
    async fn writes(&mut self) -> Result<bool, sqlx::Error> {
        let mut transaction = self.begin().await?;
        let row = sqlx::query("SELECT @@global.read_only = 0").fetch_one(&mut *transaction).await?;
        transaction.rollback().await?;
        Ok(row.try_get::<i64, _>(0)? == 1)
    }
}

/// The URL for each of the hosts of a URL that has several: `postgres://user@one:5432,two:5432/orrery`.
pub fn split(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

/// The hosts of a URL, without their ports. None where it leads to a file or to a socket of this machine.
pub fn hosts(url: &str) -> Vec<String> {
    let host = |url: String| {
        let (_, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let host = match address.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next()?,
            None => address.split(':').next()?,
        };
        (!host.is_empty()).then(|| host.to_owned())
    };
    split(url).into_iter().filter_map(host).collect()
}

/// The places of one database, and which of them writes.
pub struct Places<DB: Database> {
    all: Vec<Options<DB>>,
    /// The one that new connections go to.
    here: usize,
    /// When that changed: connections that are older lead elsewhere.
    since: Arc<Mutex<Instant>>,
}

impl<DB: Database> Places<DB>
where
    DB::Connection: Writes,
{
    /// Looks for the one that writes; one place alone is not asked.
    ///
    /// # Errors
    /// None of them writes; why the last one was not reached, if it was not.
    pub async fn find(all: Vec<Options<DB>>) -> Result<Self, sqlx::Error> {
        let here = match all.len() {
            1 => 0,
            _ => writer::<DB>(&all).await?.0,
        };
        Ok(Self { all, here, since: Arc::new(Mutex::new(Instant::now())) })
    }

    /// A pool of connections to the place that writes.
    pub async fn open(&self, pool: PoolOptions<DB>) -> Result<Pool<DB>, sqlx::Error> {
        let since = self.since.clone();
        let pool = pool.before_acquire(move |_, connection| {
            let moved = since.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
            Box::pin(async move { Ok(connection.age <= moved) })
        });
        pool.connect_with(self.all[self.here].clone()).await
    }

    /// Follows the writing place with these pools, until they are closed. Where there is one place there is nothing
    /// to follow.
    pub fn follow(mut self, pools: Vec<Pool<DB>>) {
        if self.all.len() > 1 {
            tokio::spawn(async move { self.watch(&pools).await });
        }
    }

    async fn watch(&mut self, pools: &[Pool<DB>]) {
        let mut asked = None;
        while pools.iter().all(|pool| !pool.is_closed()) {
            tokio::time::sleep(ASK_EVERY).await;
            if let Some(connection) = &mut asked
                && still_writes::<DB>(connection).await
            {
                continue;
            }
            asked = match writer::<DB>(&self.all).await {
                Ok((found, connection)) => {
                    if found != self.here {
                        self.move_to(found, pools);
                    }
                    Some(connection)
                }
                Err(error) => {
                    tracing::warn!(%error, "no place of the database writes");
                    None
                }
            };
        }
    }

    fn move_to(&mut self, place: usize, pools: &[Pool<DB>]) {
        self.here = place;
        for pool in pools {
            pool.set_connect_options(self.all[place].clone());
        }
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let host = self.all[place].to_url_lossy();
        let host = host.host_str().unwrap_or_default();
        tracing::warn!(host, "the database writes at another place now");
    }
}

/// The first of these that writes, and a connection to it. All are asked at the same time.
async fn writer<DB: Database>(places: &[Options<DB>]) -> Result<(usize, DB::Connection), sqlx::Error>
where
    DB::Connection: Writes,
{
    let asked = places.iter().map(|place| async {
        let mut connection = place.connect().await?;
        match connection.writes().await? {
            true => Ok(connection),
            false => Err(refused("none of the database's places takes writes")),
        }
    });
    let asked = asked.map(|asked| tokio::time::timeout(ANSWERS_WITHIN, asked));
    let mut last = refused("none of the database's places answers");
    for (place, answer) in futures::future::join_all(asked).await.into_iter().enumerate() {
        match answer {
            Ok(Ok(connection)) => return Ok((place, connection)),
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

fn refused(reason: &str) -> sqlx::Error {
    sqlx::Error::Configuration(reason.into())
}

async fn still_writes<DB: Database>(connection: &mut DB::Connection) -> bool
where
    DB::Connection: Writes,
{
    matches!(tokio::time::timeout(ANSWERS_WITHIN, connection.writes()).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use super::{hosts, split};

    #[test]
    fn a_url_with_several_hosts_is_one_for_each() {
        assert_eq!(
            split("postgres://me:p%2C@one:5432,two/orrery?sslmode=require"),
            [
                "postgres://me:p%2C@one:5432/orrery?sslmode=require",
                "postgres://me:p%2C@two/orrery?sslmode=require"
            ]
        );
        assert_eq!(split("mysql://a:1,b:2,c:3/o"), ["mysql://a:1/o", "mysql://b:2/o", "mysql://c:3/o"]);
        assert_eq!(split("mysql://u:a,b@one/o"), ["mysql://u:a,b@one/o"], "a comma of the password is none");
        assert_eq!(split("postgres:///orrery?host=/run,x"), ["postgres:///orrery?host=/run,x"]);
        assert_eq!(split("sqlite:data/a,b.db"), ["sqlite:data/a,b.db"]);
    }

    #[test]
    fn the_hosts_of_a_url_are_named_without_what_is_around_them() {
        assert_eq!(hosts("postgres://me:p%40@one:5432,two/orrery?sslmode=require"), ["one", "two"]);
        assert_eq!(hosts("mysql://u:a,b@[fd00::7]:3306/o"), ["fd00::7"]);
        assert_eq!(hosts("postgres:///orrery?host=/run/postgresql"), [""; 0]);
        assert_eq!(hosts("sqlite:data/orrery.db"), [""; 0]);
    }
}
