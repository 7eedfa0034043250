//! The one binary: reads the command line and hands over to [`linepass::cli`].

use std::process::ExitCode;

use clap::Parser as _;
use linepass::{
    app::memory,
    cli::{self, Args},
};

/// A purchase takes about a quarter less processor time with it than with the system's
/// (benches/commit.rs).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memory::take_small_pages();
    cli::run(Args::parse())
}
