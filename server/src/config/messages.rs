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

    /// What no type can say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.in_force() {
            Some(settings) => Mailer::check(&settings).map_err(|problem| ("mail.from", problem)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Layers, Settings};

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let layers = Layers::new(None, variables.collect(), &[]);
        layers.and_then(|layers| layers.settings()).map_err(|error| error.to_string())
    }

    #[test]
    fn there_are_letters_once_a_mail_server_is_named_and_its_sender_is_an_address() {
        assert!(settings(&[]).unwrap().mail.in_force().is_none());
        let named = settings(&[("ORRERY_MAIL_HOST", "mail.example"), ("ORRERY_MAIL_PORT", "25")]).unwrap();
        let mail = named.mail.in_force().unwrap();
        assert_eq!((&*mail.host, mail.port, &*mail.from), ("mail.example", 25, "Orrery <orrery@localhost>"));
        let wrong = settings(&[("ORRERY_MAIL_HOST", "mail.example"), ("ORRERY_MAIL_FROM", "nobody")]);
        assert!(wrong.is_err_and(|text| text.contains("mail.from") && text.contains("ORRERY_MAIL_FROM")));
        let wrong = settings(&[("ORRERY_MAIL_SECURITY", "some")]);
        assert!(wrong.is_err_and(|text| text.contains("mail.security")));
    }
}
