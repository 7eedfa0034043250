//! The files that a start needs, looked at before it: what is there must be usable, what is not there
//! yet must be allowed to be made. Nothing is made and nothing is told of what secrets hold.

use crate::{
    config::{Config, ConfigError, ConfigErrors, MailTransport},
    mail::{MailError, Office},
    net::Certificates,
    security::{MasterKey, OperatorToken},
};
use std::{io::ErrorKind, path::Path};

const SECRET: &str = "a file of one secret, readable by its owner alone (mode 0600), or a path at \
                      which the first start may make it";

/// Everything that is wrong with the files that the configuration names, each with its key.
pub fn check(config: &Config) -> Result<(), ConfigErrors> {
    let mut errors = Vec::new();
    errors.extend(Certificates::check(config).err());
    if config.keys.master_key.bytes().is_none() {
        let file = &config.keys.master_key_file;
        errors.extend(secret(config, "keys.master_key_file", file, || {
            MasterKey::load(file).map(drop).map_err(|error| told(&error))
        }));
    }
    let file = &config.operator.token_file;
    errors.extend(secret(config, "operator.token_file", file, || {
        OperatorToken::read(file).map(drop).map_err(|error| told(&error))
    }));
    errors.extend(store(config));
    errors.extend(mail(config));
    ConfigErrors::unless_empty(errors)
}

/// What `[mail]` names: an office is opened, which reads its files and asks no server.
fn mail(config: &Config) -> Option<ConfigError> {
    match config.mail.transport {
        MailTransport::None => None,
        // Opening would make it.
        MailTransport::Folder => no_folder(&config.mail.folder.join("mail"))
            .map(|problem| fault(config, "mail.folder", problem, Some("a folder"))),
        MailTransport::Smtp => {
            let office = Office::open(&config.mail, config.server.issuer.as_str(), &config.contact);
            office.err().map(|error| {
                let key = match &error {
                    MailError::File { key, .. } => key,
                    _ => "mail.transport",
                };
                let problem = told(&error);
                let problem = problem.strip_prefix(&format!("{key} ")).unwrap_or(&problem);
                fault(config, key, problem.to_owned(), None)
            })
        }
    }
}

/// A secret's file that is there must be good; one that is not is made at the first start.
fn secret(
    config: &Config,
    key: &'static str,
    file: &Path,
    read: impl FnOnce() -> Result<(), String>,
) -> Option<ConfigError> {
    let problem = match file.symlink_metadata() {
        Ok(_) => read().err(),
        Err(error) if is_absent(&error) => no_folder(file),
        Err(error) => Some(format!("{}: {error}", file.display())),
    };
    problem.map(|problem| fault(config, key, problem, Some(SECRET)))
}

/// The store's folder is one, or can be made.
fn store(config: &Config) -> Option<ConfigError> {
    let folder = &config.store.path;
    let problem = match folder.metadata() {
        Ok(there) if there.is_dir() => std::fs::read_dir(folder)
            .err()
            .map(|error| format!("{} cannot be read: {error}", folder.display())),
        Ok(_) => Some(format!("{} is no folder", folder.display())),
        Err(error) if is_absent(&error) => no_folder(folder),
        Err(error) => Some(format!("{}: {error}", folder.display())),
    };
    problem
        .map(|problem| fault(config, "store.path", problem, Some("a folder of the server's own")))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Why this path cannot be made: what is above it is no folder.
fn no_folder(path: &Path) -> Option<String> {
    let above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
    let there = above.map(|above| (above, above.metadata())).find(|(_, data)| data.is_ok());
    match there {
        Some((above, Ok(data))) if !data.is_dir() => {
            let (path, above) = (path.display(), above.display());
            Some(format!("{path} cannot be made: {above} is no folder"))
        }
        _ => None,
    }
}

fn fault(config: &Config, key: &str, problem: String, allowed: Option<&str>) -> ConfigError {
    let origin = config.origin(key).clone();
    ConfigError { origin, key: Some(key.to_owned()), problem, allowed: allowed.map(str::to_owned) }
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    format!("{error}{}", super::error::causes(error))
}
