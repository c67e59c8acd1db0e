//! Which addresses of executors may be called at all: checked where one is typed or registered,
//! and again for what a name resolves to right before a request.

use entity::fault::Fault;
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Characters of an address at most.
pub const LONGEST: usize = 255;
/// Names under which clouds serve their metadata.
const METADATA_NAMES: [&str; 3] = ["metadata", "metadata.google.internal", "instance-data"];
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// The one way an address is written: trimmed, scheme and host in lower case, without the scheme's
/// own port and without a trailing slash, so that `http://h:9999` and `http://h:9999/` are one
/// instance. A path is kept.
///
/// # Errors
/// [`Fault::TooLong`], or [`Fault::Address`] for what is no `http://` or `https://` URL of a host,
/// carries credentials, a query or a fragment, or may not be called.
pub fn normalise(address: &str) -> Result<String, Fault> {
    let address = address.trim();
    if address.chars().count() > LONGEST {
        return Err(Fault::TooLong { max: LONGEST as u32 });
    }
    if address.contains('#') {
        return Err(Fault::Address);
    }
    let uri: Uri = address.parse().map_err(|_| Fault::Address)?;
    let scheme = uri.scheme_str().map(str::to_ascii_lowercase);
    let own_port = match scheme.as_deref() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err(Fault::Address),
    };
    let authority = uri.authority().ok_or(Fault::Address)?;
    let host = authority.host().to_ascii_lowercase();
    let path = uri.path().trim_end_matches('/');
    // A port that is there but cannot be read is not an address.
    let has_port = authority.as_str().len() > authority.host().len();
    let port = authority.port_u16().filter(|port| *port != 0);
    let is_plain = !authority.as_str().contains('@') && uri.query().is_none() && has_port == port.is_some();
    if !is_plain || !may_call_host(&host) || !path.bytes().all(is_path_byte) {
        return Err(Fault::Address);
    }
    let port = port.filter(|port| *port != own_port).map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{host}{port}{path}", scheme.unwrap_or_default()))
}

/// Whether this IP address may be called: neither link-local (which holds the clouds' metadata),
/// nor metadata elsewhere, nor one that is no single host.
pub fn may_call(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let forbidden =
                ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast();
            !forbidden && ip != METADATA_V4
        }
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(ip) => may_call(IpAddr::V4(ip)),
            None => {
                let forbidden = ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast();
                !forbidden && ip != METADATA_V6
            }
        },
    }
}

/// The host as an IP address, if it is written as one: such hosts pass no resolver.
pub(crate) fn literal(uri: &Uri) -> Option<IpAddr> {
    uri.host()?.trim_matches(['[', ']']).parse().ok()
}

/// The IPv4 address that a mapped (`::ffff:a.b.c.d`) or NAT64 (`64:ff9b::a.b.c.d`) one stands for.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [high, low] = [segments[6], segments[7]].map(u16::to_be_bytes);
        return Some(Ipv4Addr::new(high[0], high[1], low[0], low[1]));
    }
    ip.to_ipv4_mapped()
}

fn may_call_host(host: &str) -> bool {
    if let Some(ip) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return ip.parse::<Ipv6Addr>().is_ok_and(|ip| may_call(ip.into()));
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return may_call(ip.into());
    }
    let name = host.trim_end_matches('.');
    let last_label = name.rsplit('.').next().unwrap_or_default();
    // Resolvers read `2852039166`, `0xa9fe.1` and the like as IPv4 addresses.
    let is_number = last_label.starts_with("0x") || last_label.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    !name.is_empty() && is_name && !is_number && !METADATA_NAMES.contains(&name)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instance_has_one_spelling() {
        for (typed, stored) in [
            ("http://10.0.4.17:9999/", "http://10.0.4.17:9999"),
            ("  HTTP://Worker-1.Example:9999  ", "http://worker-1.example:9999"),
            ("http://h:80/", "http://h"),
            ("https://h:443/job/", "https://h/job"),
            ("http://h:3000/Job", "http://h:3000/Job"),
            ("http://[::1]:9999//", "http://[::1]:9999"),
            ("http://127.0.0.1:9999", "http://127.0.0.1:9999"),
        ] {
            assert_eq!(normalise(typed).as_deref(), Ok(stored), "{typed}");
        }
    }

    #[test]
    fn what_is_no_executor_address_is_refused() {
        for typed in [
            "",
            "worker:9999",
            "10.0.0.1",
            "/run",
            "ftp://h",
            "http://",
            "http://h:0",
            "http://h:99999",
            "http://user:secret@h",
            "http://h?x=1",
            "http://h/#x",
            "http://h/<script>",
            "http://h/a b",
            "http://🦀",
            "http://h:",
            "javascript:alert(1)",
        ] {
            assert_eq!(normalise(typed), Err(Fault::Address), "{typed}");
        }
        let long = format!("http://h/{}", "a".repeat(LONGEST));
        assert_eq!(normalise(&long), Err(Fault::TooLong { max: 255 }));
    }

    #[test]
    fn link_local_and_metadata_addresses_are_refused_in_every_spelling() {
        for typed in [
            "http://169.254.169.254/latest",
            "http://169.254.0.1:9999",
            "http://[fe80::1]:9999",
            "http://[::ffff:169.254.169.254]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[fd00:ec2::254]",
            "http://100.100.100.200",
            "http://metadata.google.internal",
            "http://metadata.google.internal.",
            "http://2852039166",
            "http://0xa9fea9fe",
            "http://169.254.43518",
            "http://0.0.0.0:9999",
            "http://[::]:9999",
            "http://224.0.0.1",
        ] {
            assert_eq!(normalise(typed), Err(Fault::Address), "{typed}");
        }
    }
}
