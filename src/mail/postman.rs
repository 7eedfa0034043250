//! What the outbox hands its letters to: composed here, then put into the folder or on the wire.

use super::{
    House, MailError, Sender, compose,
    folder::Folder,
    smtp::{Encryption, Smtp, SmtpOptions},
};
use crate::{
    actors::outbox::{Failure, FailureKind, Postman, letter::Letter},
    config::{ContactConfig, MailConfig, MailTls, MailTransport},
    security::{Secret, secret_file},
};
use std::{fs::File, io::Read, time::Duration};

/// The most that is read of the file of certificate authorities.
const MOST_CA_BYTES: u64 = 1 << 20;

/// Where mails go from here.
pub struct Office {
    sender: Sender,
    house: House,
    transport: Transport,
}

enum Transport {
    Folder(Folder),
    Smtp(Box<Smtp>),
}

impl Office {
    /// The office of a configuration; `None` where mails are switched off.
    ///
    /// # Errors
    /// A file, an address or TLS of `[mail]` cannot be used.
    pub fn open(
        mail: &MailConfig,
        origin: &str,
        contact: &ContactConfig,
    ) -> Result<Option<Self>, MailError> {
        let sender = || Sender::new(&mail.from_address, &mail.from_name);
        let transport = match mail.transport {
            MailTransport::None => return Ok(None),
            MailTransport::Folder => {
                let folder = Folder::open(&mail.folder).map_err(|error| MailError::File {
                    key: "mail.folder",
                    path: mail.folder.display().to_string(),
                    what: error.to_string(),
                });
                Transport::Folder(folder?)
            }
            MailTransport::Smtp => {
                let smtp = Smtp::new(options(mail, sender()?.domain())?)?;
                Transport::Smtp(Box::new(smtp))
            }
        };
        let house = House { origin: origin.to_owned(), contact: contact.clone() };
        Ok(Some(Self { sender: sender()?, house, transport }))
    }
}

fn options(mail: &MailConfig, hello: &str) -> Result<SmtpOptions, MailError> {
    let millis = Duration::from_millis;
    Ok(SmtpOptions {
        host: mail.host.clone(),
        port: mail.port,
        encryption: match mail.tls {
            MailTls::None => Encryption::None,
            MailTls::Starttls => Encryption::StartTls,
            MailTls::Implicit => Encryption::Implicit,
        },
        authority_pem: authority(mail)?,
        login: login(mail)?,
        hello: hello.to_owned(),
        connect: millis(mail.connect_timeout_ms),
        command: millis(mail.command_timeout_ms),
        data: millis(mail.data_timeout_ms),
        idle: Duration::from_secs(mail.idle_timeout_s),
        most_idle: mail.connections,
    })
}

fn authority(mail: &MailConfig) -> Result<Option<Vec<u8>>, MailError> {
    if mail.ca_file.is_empty() {
        return Ok(None);
    }
    let mut pem = Vec::new();
    // A bundle of all authorities there are is a fourth of that.
    let read = File::open(&mail.ca_file)
        .and_then(|file| file.take(MOST_CA_BYTES).read_to_end(&mut pem))
        .map(|_| pem);
    read.map(Some).map_err(|error| MailError::File {
        key: "mail.ca_file",
        path: mail.ca_file.clone(),
        what: error.to_string(),
    })
}

/// The password's file belongs to its owner alone (security.md 67).
fn login(mail: &MailConfig) -> Result<Option<(String, Secret)>, MailError> {
    if mail.user.is_empty() {
        return Ok(None);
    }
    let wrong = |what: String| MailError::File {
        key: "mail.password_file",
        path: mail.password_file.clone(),
        what,
    };
    let bytes = secret_file::load(mail.password_file.as_ref());
    let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is not UTF-8".into()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(wrong("it is empty".into()));
    }
    Ok(Some((mail.user.clone(), Secret::from(text))))
}

#[async_trait::async_trait]
impl Postman for Office {
    async fn deliver(&self, letter: &Letter) -> Result<(), Failure> {
        let message = compose(letter, &self.sender, &self.house).map_err(|error| {
            tracing::error!(mail = %letter.id, %error, "a mail cannot be made");
            Failure::of(FailureKind::Unsendable)
        })?;
        match &self.transport {
            Transport::Folder(folder) => folder.deliver(letter.id, message).await,
            Transport::Smtp(smtp) => smtp.deliver(&message).await,
        }
    }

    async fn close(&self) {
        if let Transport::Smtp(smtp) = &self.transport {
            smtp.close().await;
        }
    }
}
