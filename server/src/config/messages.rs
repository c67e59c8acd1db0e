//! `[outgoing]` and `[mail]`: how messages leave.

use super::networks;
use ipnet::IpNet;
use scheduler::mail::{MailSettings, Mailer, Security};
use serde::Deserialize;

/// Where requests to addresses that people typed may go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<IpNet>,
}

/// The mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    host: String,
    port: u16,
    security: SecurityWord,
    user: String,
    password: String,
    from: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SecurityWord {
    StartTls,
    Tls,
    None,
}

impl Mail {
    /// Those of the server, if there is one.
    pub fn in_force(&self) -> Option<MailSettings> {
        let security = match self.security {
            SecurityWord::StartTls => Security::StartTls,
            SecurityWord::Tls => Security::Tls,
            SecurityWord::None => Security::None,
        };
        (!self.host.trim().is_empty()).then(|| MailSettings {
            host: self.host.trim().to_owned(),
            port: self.port,
            security,
            user: self.user.clone(),
            password: self.password.clone(),
            from: self.from.clone(),
        })
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.in_force() {
            Some(settings) => Mailer::check(&settings).map_err(|problem| ("mail.from", problem)),
            None => Ok(()),
        }
    }
}
