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

/// Has the server look at what `path` names, and waits for the end of a look that began no earlier
/// than it was asked for. `None` where it was lost before its end, as when the server is started
/// again.
///
/// # Errors
/// The server said no, or does not answer.
pub async fn wait(client: &Client, path: &str, reason: &str) -> Result<Option<Value>, ClientError> {
    let request = |method, body| Request { method, path: path.to_owned(), body };
    let mut answer = client.ask(&request("POST", Some(json!({ "reason": reason })))).await?;
    let asked = answer["asked"].as_u64();
    let bar = Bar::new();
    while answer["state"] == "running" {
        let number = |field: &str| answer[field].as_u64().unwrap_or_default();
        bar.at(text(&answer, "/step"), number("done"), number("of"));
        tokio::time::sleep(ASKING_INTERVAL).await;
        answer = client.ask(&request("GET", None)).await?;
    }
    bar.end();
    // A server that was started again counts from the beginning.
    let is_it = answer["state"] == "done" && answer["look"].as_u64() >= asked;
    Ok(is_it.then_some(answer))
}
