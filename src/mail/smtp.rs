//! Connections to the mail server (RFC 5321), each verb with its own patience.
//!
//! lettre's own asynchronous transport times the connecting alone, so a server that falls silent
//! at `RCPT` would hold a mail for ever; its connection is driven here verb by verb. That also
//! tells what a reply is about: the server, the sender, the recipient or the message.

use super::{MailError, message::Ready};
use crate::actors::outbox::{Failure, FailureKind};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail, Quit, Rcpt, Rset},
    extension::ClientId,
    response::Response,
};
use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How the server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: the server is on this machine.
    None,
    /// After `STARTTLS`, or not at all (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// Which server, and how long each step may take.
pub struct SmtpOptions {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub encryption: Encryption,
    /// A certificate authority beside the system's, in PEM.
    pub authority_pem: Option<Vec<u8>>,
    /// User and password.
    pub login: Option<(String, crate::security::Secret)>,
    /// The name by which this server says hello.
    pub hello: String,
    /// Connecting.
    pub connect: Duration,
    /// The answer to each verb.
    pub command: Duration,
    /// The answer to a message's end.
    pub data: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
    /// So many are kept.
    pub most_idle: usize,
}

/// The way to the server.
pub struct Smtp {
    options: SmtpOptions,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    hello: ClientId,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// What a step was about, which decides what its refusal means.
#[derive(Clone, Copy)]
enum Step {
    /// Connecting, saying hello, TLS, logging in, naming the sender: the same for every mail.
    Server,
    /// The recipient or the message.
    Mail,
}

impl Smtp {
    /// The way to a server; nothing is asked of it yet.
    ///
    /// # Errors
    /// TLS cannot be set up as configured.
    pub fn new(options: SmtpOptions) -> Result<Self, MailError> {
        let tls = match options.encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Implicit => Some(tls(&options)?),
        };
        let credentials = options
            .login
            .as_ref()
            .map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned()));
        let hello = ClientId::Domain(options.hello.clone());
        Ok(Self { options, tls, credentials, hello, idle: Mutex::default() })
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// The server did not take it; whether it is worth another try is in the failure.
    pub async fn deliver(&self, message: &Ready) -> Result<(), Failure> {
        if let Some(kept) = self.take_idle() {
            match self.hand_over(kept, message).await {
                // The server may have closed what was idle; that says nothing of the mail.
                Err(Failure { kind: FailureKind::NoAnswer, .. }) => {}
                told => return told,
            }
        }
        let fresh = self.connect().await?;
        self.hand_over(fresh, message).await
    }

    /// Says goodbye to idle connections.
    pub async fn close(&self) {
        while let Some(mut connection) = self.take_idle() {
            // Whether the server still answers is of no use to anybody.
            let _ = tokio::time::timeout(self.options.connect, connection.command(Quit)).await;
        }
    }

    fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < self.options.idle);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.options.most_idle {
            idle.push((connection, Instant::now()));
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let SmtpOptions { host, port, connect, command, encryption, .. } = &self.options;
        let implicit = self.tls.clone().filter(|_| *encryption == Encryption::Implicit);
        let server = (host.as_str(), *port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(*connect),
            &self.hello,
            implicit,
            None,
        );
        // The greeting and the answer to EHLO are waited for too.
        let mut connection = within(*connect + *command, Step::Server, connecting).await?;
        if let (Encryption::StartTls, Some(tls)) = (encryption, &self.tls) {
            let upgrading = connection.starttls(tls.clone(), &self.hello);
            within(*command, Step::Server, upgrading).await?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let login = connection.auth(&mechanisms, credentials);
            within(*command, Step::Server, login).await?;
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        mut connection: AsyncSmtpConnection,
        message: &Ready,
    ) -> Result<(), Failure> {
        let told = self.verbs(&mut connection, message).await;
        let usable = match &told {
            Ok(()) => true,
            // A reply ends the mail, not the connection.
            Err(failure) if failure.kind.is_reply() => {
                let reset = connection.command(Rset);
                within(self.options.command, Step::Server, reset).await.is_ok()
            }
            Err(_) => false,
        };
        if usable {
            self.keep(connection);
        }
        told
    }

    async fn verbs(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Ready,
    ) -> Result<(), Failure> {
        let SmtpOptions { command, data, .. } = self.options;
        let from = Mail::new(message.envelope.from().cloned(), Vec::new());
        within(command, Step::Server, connection.command(from)).await?;
        for to in message.envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            within(command, Step::Mail, connection.command(to)).await?;
        }
        within(command, Step::Mail, connection.command(Data)).await?;
        let sent: Response = within(data, Step::Mail, connection.message(&message.bytes)).await?;
        drop(sent);
        Ok(())
    }
}

fn tls(options: &SmtpOptions) -> Result<TlsParameters, MailError> {
    let wrong = |error: Error| MailError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.authority_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build().map_err(wrong)
}

async fn within<T>(
    patience: Duration,
    step: Step,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failure(step, &error)),
        Err(_) => Err(Failure::of(FailureKind::NoAnswer)),
    }
}

/// What a failed step means. A reply's text is left where it is: it may name the address.
fn failure(step: Step, error: &Error) -> Failure {
    let code = error.status().and_then(|code| code.to_string().parse::<u16>().ok());
    let kind = match (step, code) {
        // 421: the server is closing, whatever was asked (RFC 5321 section 3.8).
        (_, None | Some(421)) => FailureKind::NoAnswer,
        (Step::Server, Some(_)) => FailureKind::ServerRefuses,
        (Step::Mail, Some(500..)) => FailureKind::Refused,
        (Step::Mail, Some(_)) => FailureKind::Later,
    };
    Failure { kind, code }
}
