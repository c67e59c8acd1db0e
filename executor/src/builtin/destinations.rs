//! Where requests may go that whoever edits jobs describes: only where the operator of the executor says.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use reqwest::Url;

/// Addresses outside of the link-local networks where clouds answer with credentials or run their own services:
/// Alibaba, Azure, Oracle.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
/// The same of Amazon.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
/// Where IPv6 networks reach IPv4 addresses, which are the last 32 bits (RFC 6052).
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Hosts and networks that requests may go to. None, as by default, allows nothing.
///
/// Link-local addresses, those where clouds keep their credentials, multicast and the unspecified address are
/// refused whatever is allowed; so is a loopback address that is not allowed as a network, unless the host is
/// `localhost`: a name that somebody else owns may point anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destinations(Vec<Destination>);

/// One line of [`Destinations`], read from a text.
///
/// ```
/// use orrery_executor::builtin::Destinations;
///
/// let allowed: Destinations = ["api.example.com", "*.shop.example", "10.0.0.0/8", "127.0.0.1"]
///     .into_iter()
///     .map(|text| text.parse())
///     .collect::<Result<_, _>>()?;
/// # Ok::<(), orrery_executor::builtin::DestinationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// All addresses of a network; one address is a network of its own.
    Network(IpNet),
    /// A host by its name, in lower case.
    Host(String),
    /// Every host below a name, but not that itself; in lower case, with the dot in front.
    Below(String),
}

/// A text is no host and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is none of: a host (api.example.com), all hosts below a name (*.example.com), a network (10.0.0.0/8), an address"
)]
pub struct DestinationError(String);

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let wrong = || DestinationError(text.to_owned());
        let typed = text.trim().to_ascii_lowercase();
        if let Ok(network) = typed.parse::<IpNet>() {
            return Ok(Self(Kind::Network(network.trunc())));
        }
        if let Ok(address) = typed.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self(Kind::Network(address.into())));
        }
        let host = typed.strip_prefix("*.").unwrap_or(&typed);
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !host.split('.').all(is_label) {
            return Err(wrong());
        }
        Ok(Self(match typed.starts_with("*.") {
            true => Kind::Below(format!(".{host}")),
            false => Kind::Host(host.to_owned()),
        }))
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Network(network) => network.fmt(f),
            Kind::Host(host) => f.write_str(host),
            Kind::Below(name) => write!(f, "*{name}"),
        }
    }
}

impl FromIterator<Destination> for Destinations {
    fn from_iter<I: IntoIterator<Item = Destination>>(destinations: I) -> Self {
        Self(destinations.into_iter().collect())
    }
}

impl Destinations {
    /// The addresses behind a URL, if a request may go to all of them. They are the ones to be used: a second
    /// look-up could say something else.
    ///
    /// # Errors
    /// A sentence for the run's result.
    pub(crate) async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, String> {
        let host = url.host_str().ok_or("url: it has no host")?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or("url: it has no port")?;
        let has_networks = self.0.iter().any(|allowed| matches!(allowed.0, Kind::Network(_)));
        // Not even the question where a host is goes out for nothing: it can carry words, too.
        if !has_networks && !self.names(host) {
            return Err(self.not_allowed(host));
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let addresses: Vec<SocketAddr> = found.map_err(|error| format!("{host}: {error}"))?.collect();
        if addresses.is_empty() {
            return Err(format!("{host}: it has no address"));
        }
        self.check(host, addresses.iter().map(SocketAddr::ip))?;
        Ok(addresses)
    }

    fn check(&self, host: &str, addresses: impl Iterator<Item = IpAddr> + Clone) -> Result<(), String> {
        if let Some(address) = addresses.clone().find(|address| is_forbidden(*address)) {
            return Err(format!(
                "{host} is at {address}, which is refused whatever is allowed: \
                 a link-local address, or one where clouds keep credentials"
            ));
        }
        if addresses.clone().all(|address| self.covers(address)) {
            return Ok(());
        }
        let is_own = |address: IpAddr| address.to_canonical().is_loopback() && !self.covers(address);
        match addresses.clone().find(|address| is_own(*address)) {
            Some(address) if host != "localhost" => Err(format!(
                "{host} is at {address}, this machine itself, which has to be allowed as an address"
            )),
            _ if self.names(host) => Ok(()),
            _ => Err(self.not_allowed(host)),
        }
    }

    /// Whether a host is allowed by its name.
    fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|allowed| match &allowed.0 {
            Kind::Host(name) => *name == host,
            Kind::Below(name) => host.ends_with(name.as_str()),
            Kind::Network(_) => false,
        })
    }

    /// Whether an address is in one of the networks.
    fn covers(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|allowed| matches!(&allowed.0, Kind::Network(network) if network.contains(&address)))
    }

    fn not_allowed(&self, host: &str) -> String {
        match self.0.is_empty() {
            true => format!("{host} is not allowed: the operator of this executor allows requests nowhere"),
            false => {
                let allowed: Vec<String> = self.0.iter().map(Destination::to_string).collect();
                format!("{host} is not allowed: this executor sends requests only to {}", allowed.join(", "))
            }
        }
    }
}

/// Whether nobody may allow it.
fn is_forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => {
            let [.., high, low] = address.segments();
            let is_nat64 = address.segments()[..6] == NAT64;
            address.is_unicast_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address == METADATA_V6
                || is_nat64 && is_forbidden_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
    }
}

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA_V4.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(texts: &[&str]) -> Destinations {
        texts.iter().map(|text| text.parse::<Destination>().unwrap()).collect()
    }

    fn check(allowed: &Destinations, host: &str, addresses: &[&str]) -> Result<(), String> {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        allowed.check(host, addresses.into_iter())
    }

    #[test]
    fn a_request_goes_to_hosts_and_networks_that_are_allowed() {
        let some = allowed(&["API.example.com", "*.shop.example", "10.0.0.0/8", "fd12::/16", "127.0.0.1"]);
        for (host, address, is_allowed) in [
            ("api.example.com", "203.0.113.5", true),
            ("API.EXAMPLE.COM.", "203.0.113.5", true),
            ("example.com", "203.0.113.5", false),
            ("a.shop.example", "203.0.113.5", true),
            ("shop.example", "203.0.113.5", false),
            ("ashop.example", "203.0.113.5", false),
            ("anything", "10.1.2.3", true),
            ("anything", "::ffff:10.1.2.3", true),
            ("anything", "11.1.2.3", false),
            ("anything", "fd12::7", true),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(check(&some, host, &[address]).is_ok(), is_allowed, "{host} at {address}");
        }
        let mixed = check(&some, "anything", &["10.1.2.3", "11.1.2.3"]).unwrap_err();
        assert!(mixed.contains("only to api.example.com, *.shop.example, 10.0.0.0/8"), "{mixed}");
        assert!(check(&Destinations::default(), "api.example.com", &["203.0.113.5"]).is_err());
    }

    #[test]
    fn where_clouds_keep_credentials_nothing_goes_whatever_is_allowed() {
        let everything = allowed(&["0.0.0.0/0", "::/0", "metadata.example"]);
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            let refused = check(&everything, "metadata.example", &["10.0.0.1", address]).unwrap_err();
            assert!(refused.contains("refused whatever is allowed"), "{refused}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "::1", "2001:db8::1", "64:ff9b::a00:1"] {
            assert_eq!(check(&everything, "h", &[address]), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_name_does_not_lead_to_this_machine_unless_the_machine_is_allowed() {
        let named = allowed(&["api.example.com", "localhost"]);
        assert!(
            check(&named, "api.example.com", &["127.0.0.1"]).unwrap_err().contains("this machine itself")
        );
        assert_eq!(check(&named, "localhost", &["127.0.0.1", "::1"]), Ok(()));
        assert_eq!(check(&allowed(&["127.0.0.0/8"]), "api.example.com", &["127.0.0.1"]), Ok(()));
    }

    #[test]
    fn what_is_no_destination_is_named() {
        for text in ["", "*", "*.", "http://h", "h:80", "10.0.0.0/33", "a..b", "a b"] {
            let error = text.parse::<Destination>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is none of")), "{error}");
        }
    }

    #[tokio::test]
    async fn a_host_that_nothing_allows_is_not_even_looked_up() {
        let url = "http://no-such-host.invalid/".parse().unwrap();
        let refused = allowed(&["api.example.com"]).resolve(&url).await.unwrap_err();
        assert!(refused.contains("is not allowed"), "{refused}");
    }
}
