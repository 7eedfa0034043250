//! `linepass completions` and `linepass man`: made from the command line's own definition.

use super::{
    args::{Args, CompletionsArgs, ManArgs},
    exit::Exit,
};
use clap::CommandFactory as _;
use std::io::{Error, Result, Write};

/// Prints the script of a shell.
///
/// # Errors
/// `out` cannot be written.
pub fn completions(args: &CompletionsArgs, out: &mut impl Write) -> Result<Exit> {
    // Made whole first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell.script(), &mut Args::command(), "linepass", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Done)
}

/// Writes one page for each command into a folder, or prints the first page.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn man(args: &ManArgs, out: &mut impl Write, talk: &mut impl Write) -> Result<Exit> {
    let Some(folder) = &args.out else {
        clap_mangen::Man::new(Args::command()).render(out)?;
        return Ok(Exit::Done);
    };
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Args::command(), folder))
        .and_then(|()| std::fs::read_dir(folder).map(Iterator::count));
    match written {
        Ok(pages) => {
            writeln!(talk, "{}: {pages} files", folder.display())?;
            Ok(Exit::Done)
        }
        Err(error) => {
            failed(&Error::new(error.kind(), format!("{}: {error}", folder.display())), talk)
        }
    }
}

fn failed(error: &Error, talk: &mut impl Write) -> Result<Exit> {
    writeln!(talk, "linepass: {error}")?;
    Ok(Exit::Failed)
}
