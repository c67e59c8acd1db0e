//! Which addresses the server may send requests to that people typed.

use crate::addresses::may_call;
use ipnet::IpNet;
use std::net::IpAddr;

/// Networks that the operator allows although they are not public.
pub type Networks = [IpNet];

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No single host, or one that holds secrets of the machine: nobody can allow it.
    #[error("it is link-local, a metadata service, or no single host")]
    Never,
    /// Loopback or private, and not among the allowed networks.
    #[error("it is not public, and `outgoing.allowed_networks` does not hold it")]
    NotPublic,
}

/// Why this address is not called; none where it is. Ask it of what a name *resolves* to, and connect to
/// that.
pub fn fault_of(ip: IpAddr, allowed: &Networks) -> Option<Fault> {
    if !may_call(ip) {
        return Some(Fault::Never);
    }
    let ip = ip.to_canonical();
    let is_allowed = allowed.iter().any(|network| network.contains(&ip));
    (!is_allowed && !is_public(ip)).then_some(Fault::NotPublic)
}

/// Whether a request about a run may go to this address: `networks` are those of the executors, none = wherever
/// they are but at what nobody may call.
pub fn may_reach(ip: IpAddr, networks: &Networks) -> bool {
    let ip = ip.to_canonical();
    may_call(ip) && (networks.is_empty() || networks.iter().any(|network| network.contains(&ip)))
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            // RFC 6890: this network, carriers' NAT, protocol assignments, benchmarks, reserved.
            let special = a == 0 || (a, b & 0xc0) == (100, 64) || (a, b, c) == (192, 0, 0);
            let special = special || (a, b & 0xfe) == (198, 18) || a >= 240;
            !(ip.is_loopback() || ip.is_private() || ip.is_documentation() || special)
        }
        // One that stands for an IPv4 address may be called where that may.
        IpAddr::V6(ip) => match ip.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                is_public(IpAddr::V4((u32::from(high) << 16 | u32::from(low)).into()))
            }
            [0x2002, high, low, ..] => is_public(IpAddr::V4((u32::from(high) << 16 | u32::from(low)).into())),
            segments => {
                !(ip.is_loopback()
                    || ip.is_unique_local()
                    || segments[0] & 0xffc0 == 0xfec0
                    || segments[0] == 0)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(ip: &str, allowed: &[&str]) -> Option<Fault> {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        fault_of(ip.parse().unwrap(), &allowed)
    }

    #[test]
    fn link_local_metadata_multicast_and_unspecified_addresses_are_never_called() {
        let everything = ["0.0.0.0/0", "::/0"];
        for ip in [
            "169.254.169.254",
            "169.254.1.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fd00:ec2::254",
        ] {
            assert_eq!(fault(ip, &everything), Some(Fault::Never), "{ip}");
        }
    }

    #[test]
    fn runs_go_to_the_networks_of_the_executors_alone_where_these_are_told() {
        let reaches = |ip: &str, networks: &[&str]| {
            let networks: Vec<IpNet> = networks.iter().map(|network| network.parse().unwrap()).collect();
            may_reach(ip.parse().unwrap(), &networks)
        };
        assert!(reaches("10.1.2.3", &[]) && reaches("93.184.215.14", &[]));
        assert!(reaches("10.1.2.3", &["10.0.0.0/8"]) && reaches("::ffff:10.1.2.3", &["10.0.0.0/8"]));
        assert!(!reaches("10.1.2.3", &["10.9.0.0/16", "fd00::/8"]) && !reaches("127.0.0.1", &["10.0.0.0/8"]));
        assert!(!reaches("169.254.169.254", &[]) && !reaches("169.254.169.254", &["0.0.0.0/0"]));
    }

    #[test]
    fn what_is_not_public_is_called_only_where_the_operator_allows_it() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
        ] {
            assert_eq!(fault(ip, &[]), Some(Fault::NotPublic), "{ip}");
        }
        assert_eq!(fault("127.0.0.1", &["127.0.0.0/8"]), None);
        assert_eq!(fault("::ffff:10.1.2.3", &["10.0.0.0/8"]), None);
        assert_eq!(fault("10.1.2.3", &["10.9.0.0/16"]), Some(Fault::NotPublic));
        assert_eq!((fault("93.184.215.14", &[]), fault("2606:4700::1", &[])), (None, None));
    }
}
