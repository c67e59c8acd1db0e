//! Letters, by the operator's mail server.

use crate::rules::alerts::email::Letter;
use crate::{Error, Result};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::error::Error as StdError;
use std::time::Duration;

/// For each command.
const ANSWER: Duration = Duration::from_secs(5);
/// For the whole letter.
const WHOLE: Duration = Duration::from_secs(20);

/// The mail server. `server/orrery.toml` says more of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// With an empty name nobody signs in.
    pub user: String,
    pub password: String,
    /// `Orrery <orrery@example.org>`.
    pub from: String,
}

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Begins in the clear, and goes on in TLS or not at all.
    StartTls,
    /// TLS from the beginning.
    Tls,
    /// In the clear: for a server on the same machine.
    None,
}

/// Sends letters. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// # Errors
    /// [`Error::Internal`] when the sender is no address, or no TLS can be set up.
    pub fn new(settings: &MailSettings) -> Result<Self> {
        let broken = |error: &dyn StdError| Error::Internal(format!("mail: {error}"));
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(|error| broken(&error));
        let tls = match settings.security {
            Security::StartTls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(ANSWER));
        if !settings.user.is_empty() {
            builder = builder.credentials(Credentials::new(settings.user.clone(), settings.password.clone()));
        }
        let from = settings.from.parse().map_err(|error| broken(&error))?;
        Ok(Self { transport: builder.build(), from })
    }

    /// Whether the sender can be one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(settings: &MailSettings) -> Result<(), String> {
        let sender: Result<Mailbox, _> = settings.from.parse();
        sender.map(drop).map_err(|error| {
            format!("{:?} is no sender such as Orrery <orrery@example.org>: {error}", settings.from)
        })
    }

    /// Sends one letter to all of its receivers.
    ///
    /// # Errors
    /// What the server said, or why it could not be asked.
    pub async fn send(&self, letter: &Letter) -> Result<String, String> {
        let mut message = Message::builder().from(self.from.clone()).subject(letter.subject.clone());
        for to in &letter.to {
            let address = to.parse().map_err(|error| format!("{to}: {error}"))?;
            message = message.to(Mailbox::new(None, address));
        }
        let message = message.header(ContentType::TEXT_PLAIN).body(letter.body.clone());
        let message = message.map_err(|error| error.to_string())?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(answer)) => Ok(answer.message().collect::<Vec<_>>().join(" ")),
            Ok(Err(error)) => Err(with_source(&error)),
            Err(_) => Err(format!("no answer within {} s", WHOLE.as_secs())),
        }
    }
}

fn with_source(error: &dyn StdError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
