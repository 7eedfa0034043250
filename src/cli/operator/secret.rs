//! An answer with a secret in it: it goes into a new file for its owner alone and is printed
//! nowhere. The file is made before the server is asked, so that no secret is drawn that could not
//! be kept.

use super::{
    Request,
    args::ChangeArgs,
    client::{Client, ClientError},
    exit_of,
};
use crate::{
    cli::exit::Exit,
    security::{ReservedFile, Secret},
};
use serde_json::{Value, json};
use std::{
    io::{Result, Write},
    path::Path,
};

/// Where the secret stands in the answer, and where it goes.
pub struct SecretIn<'a> {
    /// The answer's field.
    pub field: &'static str,
    /// The new file; none where no secret is asked for.
    pub file: Option<&'a Path>,
}

/// Asks, keeps the secret, and prints the answer without it, with the name of the file instead.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn ask_secret(
    change: &ChangeArgs,
    request: &Request,
    secret: &SecretIn<'_>,
    tell: fn(&Value) -> String,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> Result<Exit> {
    let wanted = secret.file.filter(|_| !change.dry_run);
    let reserved = match wanted.map(|path| (path, ReservedFile::reserve(path))) {
        Some((path, Err(error))) => {
            writeln!(talk, "linepass: {}: {error}; nothing was changed", path.display())?;
            return Ok(Exit::Failed);
        }
        Some((_, Ok(reserved))) => Some(reserved),
        None => None,
    };
    let asked = Client::find(change.server.config.as_deref())
        .and_then(|client| actix_rt::System::new().block_on(client.ask(request)));
    let mut answer = match asked {
        Ok(answer) => answer,
        Err(ClientError::Problem { body, .. }) if change.server.json => {
            writeln!(out, "{body}")?;
            return Ok(exit_of(&body));
        }
        Err(error) => {
            writeln!(talk, "linepass: {error}")?;
            return Ok(match error {
                ClientError::Problem { body, .. } => exit_of(&body),
                _ => Exit::Failed,
            });
        }
    };
    let drawn = answer.as_object_mut().and_then(|answer| answer.remove(secret.field));
    let drawn = drawn.and_then(|drawn| drawn.as_str().map(Secret::from));
    if let (Some(reserved), Some(path)) = (reserved, wanted) {
        let drawn = drawn.unwrap_or_else(|| Secret::from(""));
        if let Err(error) = reserved.fill(drawn.expose()) {
            let shown = path.display();
            writeln!(talk, "linepass: {shown}: {error}; the new secret is lost, ask for another")?;
            return Ok(Exit::Failed);
        }
        answer["file"] = json!(path.display().to_string());
    }
    if change.server.json {
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", tell(&answer))?;
    }
    Ok(Exit::Done)
}
