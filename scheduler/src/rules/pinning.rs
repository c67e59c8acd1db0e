//! Which instances a job may run on: those that a line of its list names, by address or by label.

use entity::fault::Fault;
use http::Uri;
use http::uri::Authority;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Lines of a job's list.
pub const MOST_LINES: u32 = 100;
/// Labels of an instance.
const MOST_LABELS: u32 = 20;
/// Characters of a label's key, and of its value.
const LONGEST_WORD: usize = 63;

/// The labels of an instance, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

/// The instances that a job may run on: any that one of the lines names; all where there is no line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// Every port of it.
    Host(String),
    Port(String, u16),
    Label(String, String),
}

impl Allowed {
    /// Whether there is no line, so that every instance is allowed.
    pub fn is_everyone(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the instance with this address (as [`crate::addresses::normalise`] writes it) and these
    /// labels is named.
    pub fn names(&self, address: &str, labels: &Labels) -> bool {
        let place = place(address);
        let is_named = |line: &Line| match line {
            Line::Host(host) => place.as_ref().is_some_and(|(own, _)| own == host),
            Line::Port(host, port) => place.as_ref().is_some_and(|own| (&own.0, own.1) == (host, *port)),
            Line::Label(key, value) => labels.0.get(key) == Some(value),
        };
        self.is_everyone() || self.0.iter().any(is_named)
    }
}

impl FromStr for Allowed {
    type Err = Fault;

    /// Lines in any case and with blanks around; one that is an instance's whole address counts as its
    /// host and port.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let mut lines = Vec::new();
        for typed in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line = line(typed).ok_or_else(|| Fault::Instance { text: typed.to_owned() })?;
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        match lines.len() > MOST_LINES as usize {
            true => Err(Fault::TooMany { max: MOST_LINES }),
            false => Ok(Self(lines)),
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            match line {
                Line::Host(host) => write!(f, "{end}{host}")?,
                Line::Port(host, port) => write!(f, "{end}{host}:{port}")?,
                Line::Label(key, value) => write!(f, "{end}{key}={value}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Labels {
    type Err = Fault;

    /// `key=value`, with commas between; each key once.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let mut labels = BTreeMap::new();
        for typed in text.split(',').map(str::trim).filter(|typed| !typed.is_empty()) {
            let wrong = || Fault::Label { text: typed.to_owned() };
            let (key, value) = label(typed).ok_or_else(wrong)?;
            if labels.insert(key, value).is_some() {
                return Err(wrong());
            }
        }
        match labels.len() > MOST_LABELS as usize {
            true => Err(Fault::TooMany { max: MOST_LABELS }),
            false => Ok(Self(labels)),
        }
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<String> = self.0.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&labels.join(","))
    }
}

fn line(typed: &str) -> Option<Line> {
    if typed.contains('=') {
        return label(typed).map(|(key, value)| Line::Label(key, value));
    }
    if typed.contains("://") {
        return place(typed).map(|(host, port)| Line::Port(host, port));
    }
    let authority: Authority = typed.parse().ok()?;
    let host = authority.host().to_ascii_lowercase();
    let has_port = authority.as_str().len() > authority.host().len();
    let is_host = !host.is_empty() && !typed.contains('@') && host.bytes().all(is_host_byte);
    match (is_host, has_port, authority.port_u16()) {
        (true, false, _) => Some(Line::Host(host)),
        (true, true, Some(port)) => Some(Line::Port(host, port)),
        _ => None,
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte)
}

fn label(typed: &str) -> Option<(String, String)> {
    let (key, value) = typed.split_once('=')?;
    let is_word = |word: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(is_allowed)
    };
    let (key, value) = (key.trim(), value.trim());
    (is_word(key) && is_word(value)).then(|| (key.to_owned(), value.to_owned()))
}

/// Host and port of an address.
fn place(address: &str) -> Option<(String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let own_port = match uri.scheme_str()? {
        "https" => 443,
        _ => 80,
    };
    Some((uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(own_port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Labels {
        text.parse().unwrap()
    }

    fn allowed(text: &str) -> Allowed {
        text.parse().unwrap()
    }

    #[test]
    fn an_instance_is_named_by_host_by_port_or_by_label_and_one_line_suffices() {
        let address = "http://worker-1:9999";
        let own = labels("zone=a,disk=ssd");
        for (list, is_named) in [
            ("", true),
            ("worker-1", true),
            ("WORKER-1:9999", true),
            ("http://worker-1:9999/", true),
            ("worker-1:80", false),
            ("worker", false),
            ("worker-10", false),
            ("zone=a", true),
            ("zone=b", false),
            ("zone=b\n\n disk=ssd ", true),
            ("worker-2\nworker-1", true),
            ("worker-2\nzone=A", false),
        ] {
            assert_eq!(allowed(list).names(address, &own), is_named, "{list:?}");
        }
    }

    #[test]
    fn an_address_without_a_port_has_that_of_its_scheme_and_a_path_does_not_matter() {
        let none = Labels::default();
        assert!(allowed("h:80").names("http://h", &none));
        assert!(allowed("h:443").names("https://h/job", &none));
        assert!(allowed("[::1]").names("http://[::1]:9999", &none));
        assert!(allowed("[::1]:9999").names("http://[::1]:9999", &none));
        assert!(!allowed("[::1]:9998").names("http://[::1]:9999", &none));
    }

    #[test]
    fn what_is_stored_reads_as_what_was_typed() {
        let typed = allowed(" Worker-1 \r\n10.0.0.5:9999\nzone = a\nworker-1\nhttp://h/x\n");
        assert_eq!(typed.to_string(), "worker-1\n10.0.0.5:9999\nzone=a\nh:80");
        assert_eq!(allowed(&typed.to_string()), typed);
        assert_eq!(labels("zone=a , disk=ssd,").to_string(), "disk=ssd,zone=a");
        assert_eq!(labels(&labels("b=2,a=1").to_string()), labels("a=1,b=2"));
    }

    #[test]
    fn what_names_nothing_is_refused_with_its_words() {
        for wrong in ["a b", "user@h", "h:", "h:x", "h:99999", "=a", "zone=", "zone=a b", "h/path", "中"] {
            let fault = Fault::Instance { text: wrong.to_owned() };
            assert_eq!(wrong.parse::<Allowed>(), Err(fault), "{wrong}");
        }
        for wrong in ["zone", "=a", "zone=", "a=b=c"] {
            let fault = Fault::Label { text: wrong.to_owned() };
            assert_eq!(wrong.parse::<Labels>(), Err(fault), "{wrong}");
        }
        assert_eq!("a=1,a=2".parse::<Labels>(), Err(Fault::Label { text: "a=2".to_owned() }));
    }

    #[test]
    fn lists_are_bounded() {
        let lines: Vec<String> = (0..=MOST_LINES).map(|n| format!("h{n}")).collect();
        assert!(lines[1..].join("\n").parse::<Allowed>().is_ok());
        assert_eq!(lines.join("\n").parse::<Allowed>(), Err(Fault::TooMany { max: MOST_LINES }));
        let many: Vec<String> = (0..=MOST_LABELS).map(|n| format!("k{n}=v")).collect();
        assert_eq!(many.join(",").parse::<Labels>(), Err(Fault::TooMany { max: MOST_LABELS }));
        let long = format!("{}=v", "k".repeat(64));
        assert_eq!(long.parse::<Labels>(), Err(Fault::Label { text: long.clone() }));
    }
}
