//! An answer with a secret in it: it goes into a new file for its owner alone and is printed
//! nowhere. The file is made before the server is asked, so that no secret is drawn that could not
//! be kept.

use super::{Request, args::ChangeArgs, asked, refused, told};
use crate::{
    cli::exit::Exit,
    security::{ReservedFile, Secret},
};
use serde_json::{Value, json};
use std::{
    io::{self, Result, Write},
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
    let reserved = match secret.file {
        Some(path) => match reserve(path, "changed", change, talk)? {
            Ok(reserved) => reserved,
            Err(exit) => return Ok(exit),
        },
        None => None,
    };
    let mut answer = match asked(&change.server, request) {
        Ok(answer) => answer,
        Err(error) => return refused(&change.server, error, out, talk),
    };
    let drawn = take(&mut answer, secret.field);
    if let (Some(reserved), Some(path)) = (reserved, secret.file) {
        if let Err(error) = keep(drawn.as_ref(), reserved) {
            let shown = path.display();
            writeln!(
                talk,
                "linepass: {shown}: the change was made and its secret is lost: {error}; ask for another"
            )?;
            return Ok(Exit::Failed);
        }
        answer["file"] = json!(path.display().to_string());
    }
    told(&change.server, &answer, tell, out)
}

/// Makes the file before the server is asked; where none is made, tells so, that nothing was `done`, and
/// how the command ends. A rehearsal finds out the same, and keeps none.
pub(super) fn reserve(
    path: &Path,
    done: &str,
    change: &ChangeArgs,
    talk: &mut impl Write,
) -> Result<std::result::Result<Option<ReservedFile>, Exit>> {
    match ReservedFile::reserve(path) {
        Ok(file) => Ok(Ok((!change.dry_run).then_some(file))),
        Err(error) => {
            writeln!(talk, "linepass: {}: {error}; nothing was {done}", path.display())?;
            Ok(Err(Exit::of_unmade(error.kind())))
        }
    }
}

/// Takes the secret out of the answer, so that it is printed nowhere.
pub(super) fn take(answer: &mut Value, field: &str) -> Option<Secret> {
    match answer.as_object_mut().and_then(|answer| answer.remove(field)) {
        Some(Value::String(drawn)) if !drawn.is_empty() => Some(Secret::new(drawn)),
        _ => None,
    }
}

/// Writes the secret into its file: whole, or the file is gone again.
pub(super) fn keep(drawn: Option<&Secret>, file: ReservedFile) -> Result<()> {
    let missing = || io::Error::other("the server's answer does not hold it");
    drawn.ok_or_else(missing).and_then(|drawn| file.fill(drawn.expose()))
}
