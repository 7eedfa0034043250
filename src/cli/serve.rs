//! `linepass serve`.

use super::args::ServeArgs;
use super::exit::Exit;

/// Runs the server until it is told to stop.
#[allow(clippy::needless_pass_by_value, reason = "the signature that the server needs")]
pub fn run(_args: ServeArgs) -> Exit {
    Exit::Failed
}
