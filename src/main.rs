//! The one binary: reads the command line and hands over to [`linepass::cli`].

use std::process::ExitCode;

use clap::Parser as _;
use linepass::cli::{self, Args};

fn main() -> ExitCode {
    cli::run(Args::parse())
}
