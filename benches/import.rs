//! How long an import takes.
fn main() {}
