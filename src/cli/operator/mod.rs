//! What operators do to a running server, through its operator API: the embedded store has one
//! owner.
//!
//! | file | what |
//! |---|---|
//! | [`args`] | the command line as types |
//! | [`client`] | finds the server and its token, asks, and tells an answer from a refusal |
//! | [`import`] | `linepass line import` |
//! | [`key`] | `linepass key rotate` |
//! | [`line`](mod@line) | `linepass line show`, `restrict`, `lift` |
//! | [`mail`] | `linepass mail list`, `retry` |
//! | [`maintenance`] | `linepass maintenance on`, `off`, `status` |
//! | [`provider`] | `linepass provider` and `linepass service` |
//! | [`provisioning`] | `linepass line networks`, `line limit`, `access-key`, `hold` |
//! | [`secret`] | an answer's secret goes into a file for its owner alone |

pub mod args;
pub mod client;
pub mod import;
pub mod key;
pub mod line;
pub mod mail;
pub mod maintenance;
pub mod provider;
pub mod provisioning;
pub mod secret;

use super::exit::Exit;
use args::{ChangeArgs, ServerArgs};
use client::{Client, ClientError};
use serde_json::{Value, json};
use std::io::{Result, Write};

/// A request to the operator API.
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The address below the API's prefix.
    pub path: String,
    /// The body, where it has one.
    pub body: Option<Value>,
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
) -> Result<Exit> {
    let asked = Client::find(server.config.as_deref())
        .and_then(|client| actix_rt::System::new().block_on(client.ask(request)));
    match asked {
        Ok(answer) if server.json => writeln!(out, "{answer}")?,
        Ok(answer) => write!(out, "{}", tell(&answer))?,
        Err(ClientError::Problem { body, .. }) if server.json => {
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
    }
    Ok(Exit::Done)
}

/// A refusal by a rule, something that does not exist, or a failure (interfaces.md 3). An address
/// that the server does not have means a server of another version, not a missing line.
fn exit_of(problem: &Value) -> Exit {
    match (problem["status"].as_u64(), problem["code"].as_str()) {
        (Some(404), Some("no_such_route")) => Exit::Failed,
        (Some(404), _) => Exit::NotFound,
        (Some(409), _) => Exit::Refused,
        _ => Exit::Failed,
    }
}

/// A text field of an answer.
fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
