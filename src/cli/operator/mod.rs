//! What operators do to a running server, through its operator API: the embedded store has one
//! owner.
//!
//! | file | what |
//! |---|---|
//! | [`args`] | the command line as types |
//! | [`bill`] | `linepass bill preview`, `close`, `correct`, `settle` |
//! | [`client`] | finds the server and its token, asks, and tells an answer from a refusal |
//! | [`audit`] | `linepass audit verify`, `show` |
//! | [`verify`] | `linepass verify` |
//! | [`look`] | waits for a long look of the server |
//! | [`import`] | `linepass line import` |
//! | [`key`] | `linepass key rotate` |
//! | [`log`] | `linepass log level` |
//! | [`line`](mod@line) | `linepass line show`, `restrict`, `lift`, `inquiries` |
//! | [`transfer`] | `linepass line transfer`, `billing` |
//! | [`passport`] | `linepass passport show`, `delete`; `linepass contract end` |
//! | [`overdue`] | `linepass overdue import`, `list`, `stop-collecting`, `disclose` |
//! | [`retention`] | `linepass retention sweep`, `erase` |
//! | [`mail`] | `linepass mail list`, `retry` |
//! | [`token`] | `linepass token add`, `list`, `revoke` |
//! | [`maintenance`] | `linepass maintenance on`, `off`, `status` |
//! | [`provider`] | `linepass provider` and `linepass service` |
//! | [`provisioning`] | `linepass line networks`, `line limit`, `access-key`, `hold` |
//! | `unanswered` | why a server gave no answer, in plain words |
//! | [`secret`] | an answer's secret goes into a file for its owner alone |

pub mod args;
pub mod audit;
pub mod bill;
pub mod client;
pub mod import;
pub mod key;
pub mod line;
pub mod log;
pub mod look;
pub mod mail;
pub mod maintenance;
pub mod overdue;
pub mod passport;
pub mod provider;
pub mod provisioning;
pub mod retention;
pub mod secret;
pub mod token;
pub mod transfer;
mod unanswered;
pub mod verify;
pub mod webhook;

use super::exit::Exit;
use args::{ChangeArgs, ServerArgs};
use client::{Client, ClientError};
use serde_json::{Value, json};
use std::io::{self, Write};

/// A request to the operator API.
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The address below the API's prefix.
    pub path: String,
    /// The body, where it has one.
    pub body: Option<Value>,
}

impl Request {
    /// Whether what it asks for lasts: no question, no rehearsal, no look at what is there.
    fn changes(&self) -> bool {
        let rehearses = self.body.as_ref().is_some_and(|body| body["dry_run"] == true);
        let looks = self.path.starts_with("/audit/") || self.path.starts_with("/verify");
        self.method != "GET" && !rehearses && !looks
    }
}

/// What every change carries, with the change's own fields.
pub(super) fn change_body(change: &ChangeArgs, mut fields: Value) -> Value {
    fields["reason"] = json!(change.reason.as_str());
    fields["dry_run"] = json!(change.dry_run);
    fields
}

/// Asks the server and prints what it answers: data to `out`, as JSON on one line or in the words
/// of `tell`; talk to `talk`.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(
    server: &ServerArgs,
    request: &Request,
    tell: fn(&Value) -> String,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    match asked(server, request) {
        Ok(answer) => told(server, &answer, tell, out),
        Err(error) => refused(server, error, out, talk),
    }
}

/// Asks the server once.
pub(super) fn asked(server: &ServerArgs, request: &Request) -> Result<Value, ClientError> {
    Client::find(server.config.as_deref())
        .and_then(|client| actix_rt::System::new().block_on(client.ask(request)))
}

/// Prints an answer.
pub(super) fn told(
    server: &ServerArgs,
    answer: &Value,
    tell: fn(&Value) -> String,
    out: &mut impl Write,
) -> io::Result<Exit> {
    if server.json {
        writeln!(out, "{answer}")?;
    } else {
        write!(out, "{}", tell(answer))?;
    }
    Ok(Exit::Done)
}

/// Tells why nothing was done.
pub(super) fn refused(
    server: &ServerArgs,
    error: ClientError,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    match error {
        ClientError::Problem { body, .. } if server.json => {
            writeln!(out, "{body}")?;
            Ok(exit_of(&body))
        }
        error => {
            writeln!(talk, "linepass: {error}")?;
            Ok(match error {
                ClientError::Problem { body, .. } => exit_of(&body),
                _ => Exit::Failed,
            })
        }
    }
}

/// How a problem ends a command (interfaces.md 3). Refused is what the same request would be again
/// and what has changed nothing: by a rule, by the token's role, or for a value that is not taken. What
/// stands in a backup's way passes by itself. An address that the server does not have means a server of
/// another version, not a missing line.
fn exit_of(problem: &Value) -> Exit {
    match (problem["status"].as_u64(), problem["code"].as_str()) {
        (Some(404), Some("no_such_route"))
        | (_, Some("backup_under_way" | "backup_behind" | "unknown_backup")) => Exit::Failed,
        (Some(404), _) => Exit::NotFound,
        (Some(403 | 409 | 422), _) => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// A text field of an answer.
fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_refused_again_is_told_from_what_may_be_tried_again() {
        let table = [
            (401, "unauthorized", Exit::Failed),
            (403, "forbidden", Exit::Refused),
            (404, "unknown_line", Exit::NotFound),
            (404, "no_such_route", Exit::Failed),
            (404, "unknown_backup", Exit::Failed),
            (409, "barred_already", Exit::Refused),
            (409, "backup_under_way", Exit::Failed),
            (409, "backup_behind", Exit::Failed),
            (422, "invalid_request", Exit::Refused),
            (429, "too_many_requests", Exit::Failed),
            (500, "internal", Exit::Failed),
            (503, "busy", Exit::Failed),
        ];
        for (status, code, exit) in table {
            assert_eq!(
                exit_of(&json!({ "status": status, "code": code })),
                exit,
                "{status} {code}"
            );
        }
        assert_eq!(exit_of(&json!({ "detail": "of something else" })), Exit::Failed);
    }
}
