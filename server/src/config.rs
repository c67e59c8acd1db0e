//! The settings: one documented file, overridden by the environment, overridden by flags.
//!
//! `server/orrery.toml` is both the documentation and the defaults: a key exists if it stands there.

mod layers;
mod logs;
mod messages;

pub use layers::{ConfigError, Layers, Source};
pub use logs::Logs;
pub use messages::{Mail, Outgoing};

use ipnet::IpNet;
use scheduler::rules::audit::Key;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;
use std::time::Duration;

/// The documented file with every key and its default.
pub const DOCUMENTED: &str = include_str!("../orrery.toml");

/// What is in force. Every field is documented in `server/orrery.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `host:port`.
    pub listen: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub public_url: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub cluster_url: Option<String>,
    pub database_url: String,
    pub secure_cookie: SecureCookie,
    #[serde(deserialize_with = "empty_is_none")]
    data_dir: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub admin_password: Option<String>,
    pub allow_default_tokens: bool,
    pub log: String,
    pub log_format: LogFormat,
    pub executor_api: ExecutorApi,
    pub http: Http,
    pub engine: Engine,
    pub audit: Audit,
    pub logs: Logs,
    pub outgoing: Outgoing,
    pub mail: Mail,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// `[executor_api]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutorApi {
    pub prefixes: Vec<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub token: Option<String>,
    pub body_limit_bytes: usize,
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<IpNet>,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub max_connections: usize,
    pub max_page_renders: usize,
    request_timeout_ms: u64,
    idle_timeout_ms: u64,
    pub form_limit_bytes: usize,
    pub api_docs: bool,
    #[serde(deserialize_with = "empty_is_none")]
    pub metrics_token: Option<String>,
}

/// Whether the session cookie is sent over https only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecureCookie {
    Auto,
    Always,
    Never,
}

/// `[engine]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    pub lease_ttl_ms: u32,
    pub lease_grace_ms: u32,
    pub lead_ms: u32,
    pub ask_again_ms: u32,
    pub result_wait_ms: u32,
    pub unknown_for_ms: u32,
    pub check_running_ms: u32,
    pub deadline_grace_ms: u32,
    /// No setting: tests look more seldom for what nobody told, so that nothing is found by chance.
    #[serde(skip, default = "each_second")]
    pub poll_ms: u32,
}

fn each_second() -> u32 {
    1_000
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    #[serde(deserialize_with = "empty_is_none")]
    key: Option<String>,
}

impl Settings {
    /// The folder of this one server.
    pub fn data_dir(&self) -> PathBuf {
        let beside_sqlite = || {
            let file = self.sqlite_file()?;
            file.parent().filter(|folder| !folder.as_os_str().is_empty()).map(PathBuf::from)
        };
        self.data_dir.as_ref().map(PathBuf::from).or_else(beside_sqlite).unwrap_or_else(|| "data".into())
    }

    /// The database, where it is SQLite's.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.database_url.strip_prefix("sqlite:")?.trim_start_matches("//");
        path.split('?').next().map(PathBuf::from)
    }

    /// Whether the session cookie is sent over https only.
    pub fn cookies_are_secure(&self) -> bool {
        match self.secure_cookie {
            SecureCookie::Always => true,
            SecureCookie::Never => false,
            SecureCookie::Auto => self.public_url.as_ref().is_some_and(|url| url.starts_with("https://")),
        }
    }

    /// What no type can say. The first part of the error is the key.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, problem: &str| Err((key, problem.to_owned()));
        if self.listen.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return wrong("listen", "expected an address and a port, for instance 127.0.0.1:8080");
        }
        if let Some(url) = &self.public_url
            && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
        {
            return wrong("public_url", "expected an address that begins with http:// or https://");
        }
        if self.cluster_url.as_ref().is_some_and(|url| scheduler::addresses::normalise(url).is_err()) {
            return wrong("cluster_url", "expected an address such as http://10.0.0.11:8080");
        }
        let backends = ["sqlite:", "postgres:", "postgresql:", "mysql:", "mariadb:"];
        if !backends.iter().any(|scheme| self.database_url.starts_with(scheme)) {
            return wrong("database_url", "expected sqlite:, postgres:// or mysql://");
        }
        if let Err(error) = self.log.parse::<tracing_subscriber::filter::Targets>() {
            return Err(("log", error.to_string()));
        }
        if self.executor_api.prefixes.is_empty()
            || !self.executor_api.prefixes.iter().all(|path| is_prefix(path))
        {
            return wrong(
                "executor_api.prefixes",
                "expected paths such as /api, at least one, none of them /rpc",
            );
        }
        let known = |token: &String| scheduler::passwords::is_known_default(token);
        if self.executor_api.token.as_ref().is_some_and(known) && !self.allow_default_tokens {
            return wrong(
                "executor_api.token",
                "this token is published, so that everybody tries it; choose another",
            );
        }
        if self.audit.key.is_some() && self.audit.key().is_none() {
            return wrong(
                "audit.key",
                "expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
            );
        }
        self.mail.check()?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), (&'static str, String)> {
        let (http, engine) = (&self.http, &self.engine);
        let bounds = [
            ("executor_api.body_limit_bytes", self.executor_api.body_limit_bytes as u64, 1 << 16, 1 << 28),
            ("http.max_connections", http.max_connections as u64, 1, 1_000_000),
            ("http.max_page_renders", http.max_page_renders as u64, 1, 10_000),
            ("http.request_timeout_ms", http.request_timeout_ms, 100, 600_000),
            ("http.idle_timeout_ms", http.idle_timeout_ms, 100, 600_000),
            ("http.form_limit_bytes", http.form_limit_bytes as u64, 1 << 12, 1 << 26),
            ("engine.lease_ttl_ms", engine.lease_ttl_ms.into(), 1_000, 600_000),
            ("engine.lease_grace_ms", engine.lease_grace_ms.into(), 0, 3_600_000),
            ("engine.lead_ms", engine.lead_ms.into(), 0, 2_000),
            ("engine.ask_again_ms", engine.ask_again_ms.into(), 500, 60_000),
            ("engine.result_wait_ms", engine.result_wait_ms.into(), 1_000, 3_600_000),
            ("engine.unknown_for_ms", engine.unknown_for_ms.into(), 10_000, 86_400_000),
            ("engine.check_running_ms", engine.check_running_ms.into(), 1_000, 3_600_000),
            ("engine.deadline_grace_ms", engine.deadline_grace_ms.into(), 1_000, 3_600_000),
        ];
        for (key, value, least, most) in bounds.into_iter().chain(self.logs.bounds()) {
            if !(least..=most).contains(&value) {
                return Err((key, format!("{value} is not between {least} and {most}")));
            }
        }
        Ok(())
    }
}

impl Http {
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }
}

impl Audit {
    /// The key that the settings give, if they give one.
    pub fn key(&self) -> Option<Key> {
        Key::read(self.key.as_deref()?)
    }
}

fn is_prefix(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    path.starts_with('/')
        && path.len() > 1
        && !path.ends_with('/')
        && path.chars().all(plain)
        && path != "/rpc"
}

fn empty_is_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.trim().is_empty()))
}

/// Networks as `10.0.0.0/8`, or single addresses.
fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |text: String| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is no network such as 10.0.0.0/8")))
    };
    Vec::<String>::deserialize(from)?.into_iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_is_complete_and_valid() {
        let settings = Layers::new(None, Vec::new(), &[]).unwrap().settings().unwrap();
        assert_eq!(settings.executor_api.prefixes, protocol::words::API_MOUNTS);
        assert_eq!(settings.data_dir(), PathBuf::from("data"));
        assert!(settings.executor_api.token.is_none());
    }

    #[test]
    fn flags_win_over_the_environment_and_it_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orrery.toml");
        std::fs::write(&file, "listen = \"1.1.1.1:1\"\nlog = \"warn\"\n[http]\nmax_connections = 7\n")
            .unwrap();
        let environment = vec![
            ("ORRERY_LISTEN".to_owned(), "2.2.2.2:2".to_owned()),
            ("ORRERY_HTTP_MAX_CONNECTIONS".to_owned(), "8".to_owned()),
            ("ORRERY_HTTP_TRUSTED_PROXIES".to_owned(), "10.0.0.0/8, ::1".to_owned()),
        ];
        let flags = [("listen".to_owned(), "3.3.3.3:3".to_owned())];
        let settings = Layers::new(Some(&file), environment, &flags).unwrap().settings().unwrap();
        assert_eq!(settings.listen, "3.3.3.3:3");
        assert_eq!(settings.http.max_connections, 8);
        assert_eq!(settings.http.trusted_proxies.len(), 2);
        assert_eq!(settings.log, "warn");
    }

    #[test]
    fn a_wrong_key_or_value_is_refused_with_its_name_and_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orrery.toml");
        let cases = [
            ("[http]\nmax_conections = 7\n", None, vec!["http.max_conections", "orrery.toml"]),
            ("listen = 7\n", None, vec!["listen", "orrery.toml"]),
            ("log_format = \"xml\"\n", None, vec!["log_format", "orrery.toml", "xml"]),
            ("", Some(("ORRERY_LITSEN", "x:1")), vec!["ORRERY_LITSEN"]),
            (
                "",
                Some(("ORRERY_HTTP_MAX_CONNECTIONS", "many")),
                vec!["http.max_connections", "ORRERY_HTTP_MAX_CONNECTIONS"],
            ),
            (
                "",
                Some(("ORRERY_HTTP_MAX_CONNECTIONS", "0")),
                vec!["http.max_connections", "ORRERY_HTTP_MAX_CONNECTIONS"],
            ),
            ("", Some(("ORRERY_EXECUTOR_API_TOKEN", "default_token")), vec!["executor_api.token"]),
            ("", Some(("ORRERY_LISTEN", "nowhere")), vec!["listen", "ORRERY_LISTEN"]),
            ("cluster_url = \"10.0.0.11:8080\"\n", None, vec!["cluster_url", "orrery.toml"]),
            ("[engine]\npoll_ms = 5\n", None, vec!["engine.poll_ms", "orrery.toml"]),
        ];
        for (text, variable, expected) in cases {
            std::fs::write(&file, text).unwrap();
            let environment =
                variable.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
            let refused =
                Layers::new(Some(&file), environment, &[]).and_then(|layers| layers.settings().map(|_| ()));
            let message = refused.expect_err(text).to_string();
            for part in expected {
                assert!(message.contains(part), "{message:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn the_variables_of_the_other_programs_are_left_alone() {
        let environment =
            vec![("ORRERY_EXECUTOR_TOKEN".to_owned(), "x".to_owned()), ("PATH".to_owned(), "x".to_owned())];
        assert!(Layers::new(None, environment, &[]).is_ok());
    }

    #[test]
    fn secrets_are_masked_where_settings_are_shown() {
        let environment = vec![
            ("ORRERY_EXECUTOR_API_TOKEN".to_owned(), "k3ep-this".to_owned()),
            ("ORRERY_ADMIN_PASSWORD".to_owned(), "and-th1s".to_owned()),
            ("ORRERY_DATABASE_URL".to_owned(), "postgres://orrery:too-much@db/orrery".to_owned()),
        ];
        let shown = Layers::new(None, environment, &[]).unwrap().show();
        for secret in ["k3ep-this", "and-th1s", "too-much"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("postgres://orrery:***@db/orrery"), "{shown}");
        assert!(shown.contains("ORRERY_DATABASE_URL"), "{shown}");
    }

    #[test]
    fn the_data_folder_is_beside_the_sqlite_file_unless_it_is_named() {
        let with = |flags: &[(&str, &str)]| {
            let flags: Vec<_> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Layers::new(None, Vec::new(), &flags).unwrap().settings().unwrap().data_dir()
        };
        assert_eq!(with(&[("database_url", "sqlite:///srv/o/orrery.db?mode=rwc")]), PathBuf::from("/srv/o"));
        assert_eq!(with(&[("database_url", "postgres://h/o")]), PathBuf::from("data"));
        assert_eq!(with(&[("data_dir", "/x")]), PathBuf::from("/x"));
    }
}
