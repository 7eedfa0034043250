//! The values of `[mail]`, and what is allowed of several of them together.

use std::net::IpAddr;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use super::Config;
use super::error::ConfigError;
use super::value::{refused, text};

/// Where mails go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// Nowhere: nobody is written to.
    None,
    /// Into a folder of `.eml` files.
    Folder,
    /// To a mail server.
    Smtp,
}

/// How the mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// In the clear: a server on this machine alone.
    None,
    /// TLS after `STARTTLS` (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
}

/// A server's name or address.
pub(super) fn host<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "a host name or an IP address without brackets";
    let value = text(input, ALLOWED)?;
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let fits = value.parse::<IpAddr>().is_ok()
        || ((1..=253).contains(&value.len()) && value.chars().all(name));
    if fits { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

/// A path, or nothing for an empty text.
pub(super) fn optional_path<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    text(input, "a path, or \"\" for none")
}

/// A short text on one line, or nothing.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "at most 100 characters on one line";
    let value = text(input, ALLOWED)?;
    if value.chars().count() <= 100 { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

/// A mail address, or nothing for an empty text.
pub(super) fn optional_address<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    const ALLOWED: &str = "one mail address such as noreply@pay.example.jp, or \"\" for none";
    let value = text(input, ALLOWED)?;
    let local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let fits = |(before, after): (&str, &str)| {
        let both = [(before, 64), (after, 189)];
        both.iter().all(|(part, longest)| (1..=*longest).contains(&part.len()))
            && before.chars().all(local)
            && after.chars().all(name)
            && !format!(".{before}.{after}.").contains("..")
    };
    let good = value.is_empty() || value.split_once('@').is_some_and(fits);
    if good { Ok(value) } else { Err(refused(&value, ALLOWED)) }
}

impl Config {
    /// What single keys of `[mail]` allow and their combination does not.
    pub(super) fn mail_faults(&self) -> Vec<ConfigError> {
        if self.mail.transport == MailTransport::None {
            return Vec::new();
        }
        [
            self.mail_sender(),
            self.mail_pauses(),
            self.mail_login(),
            self.mail_password_place(),
            self.mail_in_the_clear(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn mail_sender(&self) -> Option<ConfigError> {
        self.mail.from_address.is_empty().then(|| {
            self.fault(
                ["mail.from_address", "mail.transport"],
                "mails would come from nobody".to_owned(),
                "one mail address such as noreply@pay.example.jp where mail.transport is not \"none\"",
            )
        })
    }

    fn mail_pauses(&self) -> Option<ConfigError> {
        let (first, longest) = (self.mail.retry_first_s, self.mail.retry_longest_s);
        (longest < first).then(|| {
            self.fault(
                ["mail.retry_longest_s", "mail.retry_first_s"],
                format!("the longest pause of {longest} s is shorter than the first of {first} s"),
                "mail.retry_longest_s at least mail.retry_first_s",
            )
        })
    }

    fn mail_login(&self) -> Option<ConfigError> {
        (self.mail.user.is_empty() != self.mail.password_file.is_empty()).then(|| {
            self.fault(
                ["mail.password_file", "mail.user"],
                "one of user and password is missing".to_owned(),
                "both of mail.user and mail.password_file, or neither",
            )
        })
    }

    fn mail_password_place(&self) -> Option<ConfigError> {
        let file = &self.mail.password_file;
        (!file.is_empty())
            .then(|| self.outside_the_store("mail.password_file", Path::new(file)))
            .flatten()
    }

    /// What a household bought, and its address, cross no network in the clear.
    fn mail_in_the_clear(&self) -> Option<ConfigError> {
        let host = self.mail.host.as_str();
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
        let open = self.mail.transport == MailTransport::Smtp
            && self.mail.tls == MailTls::None
            && !is_here;
        open.then(|| {
            self.fault(
                ["mail.tls", "mail.host"],
                "mails would leave this host in the clear".to_owned(),
                "\"implicit\" or \"starttls\"; \"none\" for a mail server on a loopback address",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(lines: &[(&str, &str)]) -> String {
        let variables = lines.iter().map(|(key, value)| {
            (format!("LINEPASS__MAIL__{}", key.to_uppercase()), (*value).to_owned())
        });
        match Config::load(None, variables) {
            Ok(_) => String::new(),
            Err(errors) => errors.to_string(),
        }
    }

    const SMTP: [(&str, &str); 2] = [("transport", "smtp"), ("from_address", "noreply@a.example")];

    #[test]
    fn what_would_not_work_is_told() {
        let table: [(&[(&str, &str)], &str); 10] = [
            (&[("transport", "pigeon")], "mail.transport"),
            (&[("transport", "folder")], "mails would come from nobody"),
            (&[("host", "mail.a.example\r\nx")], "mail.host"),
            (&[("host", "[::1]")], "mail.host"),
            (&[("from_address", "a@b.jp, c@d.jp")], "mail.from_address"),
            (&[("from_address", "a@b.jp\r\nBcc: c@d.jp")], "mail.from_address"),
            (&[("from_name", "a\r\nBcc: c@d.jp")], "mail.from_name"),
            (&[SMTP[0], SMTP[1], ("tls", "none"), ("host", "192.0.2.1")], "mail.tls"),
            (&[SMTP[0], SMTP[1], ("user", "u")], "mail.user"),
            (&[SMTP[0], SMTP[1], ("retry_longest_s", "1")], "mail.retry_longest_s"),
        ];
        for (lines, key) in table {
            let told = faults(lines);
            assert!(told.contains(key) && told.contains("allowed: "), "{lines:?}: {told}");
        }
    }

    #[test]
    fn what_works_is_taken() {
        for lines in [
            vec![],
            SMTP.to_vec(),
            [&SMTP[..], &[("host", "127.0.0.1"), ("tls", "none")]].concat(),
            [&SMTP[..], &[("host", "::1"), ("tls", "none")]].concat(),
            [&SMTP[..], &[("user", "u"), ("password_file", "/run/secrets/mail")]].concat(),
        ] {
            assert_eq!(faults(&lines), "", "{lines:?}");
        }
    }
}
