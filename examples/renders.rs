//! For the eye: every page and every mail with sample data, in both languages, written into a
//! folder. `cargo run --example renders -- target/renders`, then open the files in a browser from a
//! server of that folder, since pages name their stylesheet by an absolute path:
//! `python3 -m http.server --directory target/renders`.

use std::{io, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: cargo run --example renders -- FOLDER");
        return ExitCode::from(2);
    };
    match write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &std::path::Path) -> io::Result<()> {
    linepass::web::page::samples::write_renders(folder)?;
    linepass::mail::samples::write_renders(&folder.join("mail"))
}
