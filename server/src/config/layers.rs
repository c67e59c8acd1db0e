//! Defaults, file, environment and flags laid over each other, each value with where it came from.

use super::{DOCUMENTED, Settings};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const PREFIX: &str = "ORRERY_";
/// Names the settings file and is therefore no setting itself.
pub const FILE_VARIABLE: &str = "ORRERY_CONFIG";
/// Variables of the agent and of the project's tests, which may share an environment with the server.
const OTHER_PROGRAMS: [&str; 4] =
    ["ORRERY_EXECUTOR_", "ORRERY_TEST_", "ORRERY_SERVER_BINARY", "ORRERY_CHROMIUM"];
/// No setting, and known to debug builds only: where the engine is to fail.
const FAILPOINT: &str = "ORRERY_FAILPOINT";
const SECRETS: [&str; 5] =
    ["admin_password", "audit.key", "executor_api.token", "http.metrics_token", "mail.password"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    /// The variable's name.
    Environment(String),
    Flag,
}

impl Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Settings that cannot be used. Its text is one line for the person who wrote them.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {problem}", .path.display())]
    File { path: PathBuf, problem: String },
    #[error("{source_of_key}: there is no setting `{key}`")]
    UnknownKey { key: String, source_of_key: Source },
    #[error("there is no setting for the environment variable {0}; `orrery config` lists all")]
    UnknownVariable(String),
    #[error("{key} ({source_of_key}): {problem}")]
    Value { key: String, source_of_key: Source, problem: String },
}

/// Every key with its value and the value's source. A nested key is written with dots.
#[derive(Clone, Debug)]
pub struct Layers {
    values: BTreeMap<String, (Value, Source)>,
}

impl Layers {
    /// Lays `file`, the `environment` and the `flags` (key and text) over the defaults.
    pub fn new(
        file: Option<&Path>,
        environment: Vec<(String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let documented = parse(Path::new("server/orrery.toml"), DOCUMENTED)?;
        let values = leaves(documented).into_iter().map(|(key, value)| (key, (value, Source::Default)));
        let mut layers = Self { values: values.collect() };
        if let Some(path) = file {
            layers.lay_file(path)?;
        }
        layers.lay_environment(environment)?;
        for (key, text) in flags {
            layers.lay_text(key, text, Source::Flag)?;
        }
        Ok(layers)
    }

    /// The typed settings; every value is checked.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        // One at a time over the defaults, so that a refusal is known to be about that value.
        let refuse = |key: &str, problem: String| ConfigError::Value {
            key: key.to_owned(),
            source_of_key: self.values.get(key).map_or(Source::Default, |(_, source)| source.clone()),
            problem,
        };
        let documented = parse(Path::new("server/orrery.toml"), DOCUMENTED)?;
        for (key, (value, source)) in &self.values {
            if *source == Source::Default {
                continue;
            }
            let mut table = documented.clone();
            put(&mut table, key, value.clone());
            table.try_into::<Settings>().map_err(|error| refuse(key, first_line(&error)))?;
        }
        let mut table = documented;
        for (key, (value, _)) in &self.values {
            put(&mut table, key, value.clone());
        }
        let settings =
            table.try_into::<Settings>().map_err(|error| refuse("settings", first_line(&error)))?;
        settings.check().map_err(|(key, problem)| refuse(key, problem))?;
        Ok(settings)
    }

    /// All values with their sources, as TOML; secrets are masked.
    pub fn show(&self) -> String {
        let mut shown = String::new();
        for (key, (value, source)) in &self.values {
            let value = masked(key, value);
            // Writing to a string cannot fail.
            let _ = writeln!(shown, "{key} = {value}  # {source}");
        }
        shown
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::File { path: path.to_owned(), problem: error.to_string() })?;
        for (key, value) in leaves(parse(path, &text)?) {
            self.lay(&key, value, Source::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn lay_environment(&mut self, environment: Vec<(String, String)>) -> Result<(), ConfigError> {
        let keys: BTreeMap<String, String> =
            self.values.keys().map(|key| (variable_name(key), key.clone())).collect();
        for (name, text) in environment {
            let is_failpoint = cfg!(debug_assertions) && name == FAILPOINT;
            if !name.starts_with(PREFIX) || name == FILE_VARIABLE || is_failpoint {
                continue;
            }
            match keys.get(&name) {
                Some(key) => self.lay_text(key, &text, Source::Environment(name))?,
                None if OTHER_PROGRAMS.iter().any(|other| name.starts_with(other)) => {}
                None => return Err(ConfigError::UnknownVariable(name)),
            }
        }
        Ok(())
    }

    /// Lays a text, read as the kind of value that the key has.
    fn lay_text(&mut self, key: &str, text: &str, source: Source) -> Result<(), ConfigError> {
        let value = match self.values.get(key).map(|(value, _)| value) {
            Some(Value::Integer(_)) => text.trim().parse().map(Value::Integer).ok(),
            Some(Value::Boolean(_)) => text.trim().parse().map(Value::Boolean).ok(),
            Some(Value::Array(_)) => Some(list(text)),
            _ => Some(Value::String(text.to_owned())),
        };
        match value {
            Some(value) => self.lay(key, value, source),
            None => {
                let problem =
                    format!("{text:?} is not a whole number, or not true or false, as this setting needs");
                Err(ConfigError::Value { key: key.to_owned(), source_of_key: source, problem })
            }
        }
    }

    fn lay(&mut self, key: &str, value: Value, source: Source) -> Result<(), ConfigError> {
        match self.values.get_mut(key) {
            Some(place) => {
                *place = (value, source);
                Ok(())
            }
            None => Err(ConfigError::UnknownKey { key: key.to_owned(), source_of_key: source }),
        }
    }
}

/// `http.max_connections` is `ORRERY_HTTP_MAX_CONNECTIONS`.
fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

fn parse(path: &Path, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| ConfigError::File {
        path: path.to_owned(),
        problem: error.to_string().trim().to_owned(),
    })
}

/// Every value that is no table, by its dotted key.
fn leaves(table: Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(leaves(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            value => found.push((key, value)),
        }
    }
    found
}

/// Sets a dotted key of the documented file, which has at most one section.
fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            if let Some(Value::Table(inner)) = table.get_mut(section) {
                inner.insert(rest.to_owned(), value);
            }
        }
    }
}

fn list(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

fn first_line(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or_default().to_owned()
}

/// The value as it may be shown.
fn masked(key: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if SECRETS.contains(&key) && !text.is_empty() => Value::String("***".to_owned()),
        Value::String(text) if key == "database_url" => Value::String(without_password(text)),
        other => other.clone(),
    }
}

/// `scheme://user:password@host` with the password masked.
pub(crate) fn without_password(url: &str) -> String {
    let masked = || {
        let (scheme, rest) = url.split_once("://")?;
        let (credentials, host) = rest.rsplit_once('@')?;
        let (user, _) = credentials.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{host}"))
    };
    masked().unwrap_or_else(|| url.to_owned())
}
