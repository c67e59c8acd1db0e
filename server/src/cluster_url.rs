//! Where the other servers of a cluster reach this one.

use crate::config::Settings;
use scheduler::addresses;
use scheduler::store::database_hosts;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

/// For the name of the database's host. The database has been found by it a moment ago.
const RESOLVES_WITHIN: Duration = Duration::from_secs(2);

/// What the settings say, else the address where this server listens. Where that is every address of the machine,
/// the one from which it speaks to the database: the other servers speak to that, too. None where none is found, and
/// on SQLite, which has one server.
pub async fn of(settings: &Settings, listens: SocketAddr) -> Option<String> {
    if settings.sqlite_file().is_some() {
        return None;
    }
    if let Some(typed) = &settings.cluster_url {
        return addresses::normalise(typed).ok();
    }
    let found = match listens.ip().is_unspecified() {
        true => own_address(&settings.database_url, listens).await,
        false => Some(listens.ip()),
    };
    if found.is_none() {
        tracing::warn!("set cluster_url: it is not clear where the other servers reach this one");
    }
    found.map(|ip| format!("http://{}", SocketAddr::new(ip, listens.port())))
}

/// The address of this machine on the way to the first host of its database to which there is one.
async fn own_address(database_url: &str, listens: SocketAddr) -> Option<IpAddr> {
    let hosts = database_hosts(database_url);
    if hosts.is_empty() {
        // It is reached by a socket of this machine, and so are the servers beside it.
        return Some(loopback(listens));
    }
    for host in hosts {
        let resolved = timeout(RESOLVES_WITHIN, lookup_host((host, 1))).await;
        for there in resolved.into_iter().flatten().flatten().filter(|there| is_heard(listens, *there)) {
            if let Some(ip) = on_the_way_to(there).await {
                return Some(ip);
            }
        }
    }
    None
}

/// Whether who listens there hears what comes by the same protocol: `[::]` hears both.
fn is_heard(listens: SocketAddr, by: SocketAddr) -> bool {
    listens.is_ipv6() || by.is_ipv4()
}

/// Nothing is sent: connecting such a socket only chooses the way.
async fn on_the_way_to(there: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match there.is_ipv4() {
        true => Ipv4Addr::UNSPECIFIED.into(),
        false => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    socket.connect(there).await.ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

fn loopback(listens: SocketAddr) -> IpAddr {
    match listens.is_ipv4() {
        true => Ipv4Addr::LOCALHOST.into(),
        false => Ipv6Addr::LOCALHOST.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layers;

    async fn found(listens: &str, changed: &[(&str, &str)]) -> Option<String> {
        let flags: Vec<_> = changed.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let settings = Layers::new(None, Vec::new(), &flags).unwrap().settings().unwrap();
        of(&settings, listens.parse().unwrap()).await
    }

    const HERE: (&str, &str) = ("database_url", "postgres://orrery:x@127.0.0.1:5432/orrery");

    #[tokio::test]
    async fn it_is_where_the_server_listens_unless_somebody_says_otherwise() {
        assert_eq!(found("10.0.0.11:8080", &[HERE]).await.unwrap(), "http://10.0.0.11:8080");
        let typed = ("cluster_url", "HTTP://one.internal:8080/");
        assert_eq!(found("10.0.0.11:8080", &[HERE, typed]).await.unwrap(), "http://one.internal:8080");
    }

    #[tokio::test]
    async fn who_listens_everywhere_is_reached_where_it_speaks_to_the_database_from() {
        assert_eq!(found("0.0.0.0:8080", &[HERE]).await.unwrap(), "http://127.0.0.1:8080");
        assert_eq!(found("[::]:8080", &[HERE]).await.unwrap(), "http://127.0.0.1:8080");
        let socket = ("database_url", "postgres:///orrery?host=/run/postgresql");
        assert_eq!(found("0.0.0.0:8080", &[socket]).await.unwrap(), "http://127.0.0.1:8080");
        assert_eq!(found("[::]:8080", &[socket]).await.unwrap(), "http://[::1]:8080");
    }

    #[tokio::test]
    async fn a_database_that_is_reached_by_another_protocol_tells_nothing() {
        let other = ("database_url", "mysql://orrery:x@[::1]:3306/orrery");
        assert_eq!(found("0.0.0.0:8080", &[other]).await, None);
    }

    #[tokio::test]
    async fn of_several_hosts_the_first_that_is_found_counts() {
        let several = ("database_url", "postgres://orrery:x@nowhere.invalid,127.0.0.1:5433/orrery");
        assert_eq!(found("0.0.0.0:8080", &[several]).await.unwrap(), "http://127.0.0.1:8080");
    }

    #[tokio::test]
    async fn on_sqlite_nobody_is_to_reach_it() {
        assert_eq!(found("10.0.0.11:8080", &[("cluster_url", "http://one:8080")]).await, None);
    }
}
