//! The one binary: reads the command line and hands over to [`linepass::cli`].
fn main() {}
