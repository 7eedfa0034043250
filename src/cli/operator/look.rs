//! A long look of the server, begun and waited for.

use super::{
    Request,
    client::{Client, ClientError},
    text,
};
use crate::cli::progress::Bar;
use serde_json::{Value, json};
use std::time::Duration;

/// How often the server is asked how far it is.
const ASKING_INTERVAL: Duration = Duration::from_millis(200);

/// Has the server look at what `path` names, and waits with a bar for the end of a look that began no
/// earlier than it was asked for. `None` where it was lost before its end, as when the server is started
/// again.
///
/// # Errors
/// The server said no, or does not answer.
pub async fn wait(client: &Client, path: &str, reason: &str) -> Result<Option<Value>, ClientError> {
    let bar = Bar::new();
    let mut note = |step: &str, done, of| bar.at(step, done, of);
    let answer = wait_telling(client, path, reason, &mut note).await;
    bar.end();
    answer
}

/// The same; `note` is told the step, how much of it is done and of how much.
///
/// # Errors
/// The server said no, or does not answer.
pub async fn wait_telling(
    client: &Client,
    path: &str,
    reason: &str,
    note: &mut dyn FnMut(&str, u64, u64),
) -> Result<Option<Value>, ClientError> {
    let begin = Some(json!({ "reason": reason }));
    let begin = Request { method: "POST", path: path.to_owned(), body: begin };
    let mut answer = client.ask(&begin).await?;
    let asked = answer["asked"].as_u64();
    let path = asked.map_or_else(|| path.to_owned(), |asked| format!("{path}?look={asked}"));
    let ask = Request { method: "GET", path, body: None };
    while answer["state"] == "running" {
        let number = |field: &str| answer[field].as_u64().unwrap_or_default();
        note(text(&answer, "/step"), number("done"), number("of"));
        tokio::time::sleep(ASKING_INTERVAL).await;
        answer = client.ask(&ask).await?;
    }
    // A server that was started again counts from the beginning.
    let is_it = answer["state"] == "done" && answer["look"].as_u64() >= asked;
    Ok(is_it.then_some(answer))
}
