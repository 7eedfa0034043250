//! `linepass demo`.

use super::args::DemoArgs;
use super::exit::Exit;

/// Runs the whole product on this machine until it is told to stop.
#[allow(clippy::needless_pass_by_value, reason = "the signature that the demo needs")]
pub fn run(_args: DemoArgs) -> Exit {
    Exit::Failed
}
