//! What somebody types about an executor, and what becomes of it.

use crate::fields::Faults;
use crate::rules::pinning::Labels;
use crate::{Result, addresses, passwords};
use entity::executor::{ActiveModel, Registration};
use entity::fault::Fault;
use sea_orm::Set;
use serde::{Deserialize, Serialize};

const APP_NAME_LENGTH: (usize, u32) = (2, 64);
const TITLE_LENGTH: u32 = 120;
const MOST_ADDRESSES: usize = 100;
const MOST_PARALLEL: i64 = 100_000;
const TOKEN_LENGTH: (usize, usize) = (16, 128);

/// A new executor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorDraft {
    pub namespace_id: i32,
    /// A token that instances in the field have already; none = a random one. Known defaults are
    /// refused.
    pub token: Option<String>,
    pub edit: ExecutorEdit,
}

/// What can be changed about an executor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutorEdit {
    /// 2 to 64 of the letters a–z and A–Z, digits, `.`, `_` and `-`; the first a letter or digit.
    pub app_name: String,
    pub title: String,
    pub registration: Registration,
    /// For manual registration: URLs, one a line or parted by commas; after each its labels, if it has
    /// any: `http://10.0.0.5:9999 zone=a,disk=ssd`.
    pub addresses: String,
    /// 0 … 100,000; 0 = any number.
    pub max_parallel: i32,
}

/// A valid [`ExecutorEdit`] in the form that is stored.
pub(super) struct Settings {
    pub app_name: String,
    title: String,
    pub registration: Registration,
    /// Addresses and their labels, normalised, each once, in the order typed; none for automatic
    /// registration.
    pub addresses: Vec<(String, String)>,
    max_parallel: i32,
}

impl Settings {
    /// Finds all faults at once, also those that `more` adds.
    pub fn check(edit: &ExecutorEdit, more: impl FnOnce(&mut Faults)) -> Result<Self> {
        let mut faults = Faults::default();
        let settings = Self {
            app_name: check_app_name(&mut faults, &edit.app_name),
            title: faults.required_line("title", &edit.title, TITLE_LENGTH),
            registration: edit.registration,
            addresses: match edit.registration {
                Registration::Automatic => Vec::new(),
                Registration::Manual => check_addresses(&mut faults, &edit.addresses),
            },
            max_parallel: edit.max_parallel,
        };
        faults.range("max_parallel", edit.max_parallel.into(), 0, MOST_PARALLEL);
        more(&mut faults);
        faults.into_result()?;
        Ok(settings)
    }

    fn lines(&self) -> Vec<String> {
        let line = |(address, labels): &(String, String)| format!("{address} {labels}").trim_end().to_owned();
        self.addresses.iter().map(line).collect()
    }

    /// The columns a person decides about.
    pub fn columns(&self) -> ActiveModel {
        ActiveModel {
            app_name: Set(self.app_name.clone()),
            title: Set(self.title.clone()),
            registration: Set(self.registration),
            addresses: Set(self.lines().join("\n")),
            max_parallel: Set(self.max_parallel),
            ..Default::default()
        }
    }
}

/// A token goes into a header: visible ASCII, and nothing that scanners try.
pub(super) fn check_token(faults: &mut Faults, token: Option<&str>) {
    let Some(token) = token else { return };
    let (shortest, longest) = TOKEN_LENGTH;
    if passwords::is_known_default(token) {
        faults.add("token", Fault::KnownDefault);
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        faults.add("token", Fault::Character);
    } else if token.len() < shortest {
        faults.add("token", Fault::TooShort { min: shortest as u32 });
    } else if token.len() > longest {
        faults.add("token", Fault::TooLong { max: longest as u32 });
    }
}

fn check_app_name(faults: &mut Faults, typed: &str) -> String {
    let (shortest, longest) = APP_NAME_LENGTH;
    let name = faults.required_line("app_name", typed, longest);
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !name.bytes().all(is_allowed) || name.starts_with(['.', '_', '-']) {
        faults.add("app_name", Fault::Character);
    } else if name.len() < shortest {
        faults.add("app_name", Fault::TooShort { min: shortest as u32 });
    }
    name
}

fn check_addresses(faults: &mut Faults, typed: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (address, labels) in typed.lines().flat_map(with_labels) {
        match addresses::normalise(address) {
            Err(fault) => faults.add("addresses", fault),
            Ok(address) if found.iter().any(|(known, _)| *known == address) => {}
            Ok(address) => match labels.parse::<Labels>() {
                Err(fault) => faults.add("addresses", fault),
                Ok(labels) => found.push((address, labels.to_string())),
            },
        }
        if found.len() > MOST_ADDRESSES {
            faults.add("addresses", Fault::OutOfRange { min: 1, max: MOST_ADDRESSES as i64 });
            break;
        }
    }
    if found.is_empty() {
        faults.add("addresses", Fault::Required);
    }
    found
}

/// The addresses of a line, each with the labels behind it. What is no label begins the next address.
fn with_labels(line: &str) -> Vec<(&str, String)> {
    let words = line.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut found: Vec<(&str, String)> = Vec::new();
    for word in words {
        match found.last_mut() {
            Some((_, labels)) if word.contains('=') && !word.contains("://") => {
                labels.push_str(word);
                labels.push(',');
            }
            _ => found.push((word, String::new())),
        }
    }
    found
}
