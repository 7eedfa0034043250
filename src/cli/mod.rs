//! The command line: `serve`, `demo`, `config`, `logs`, what operators do to a running server, and
//! what they do where none runs.
//!
//! Data goes to standard output, talk to standard error; the exit codes are [`Exit`]'s.

use std::io;
use std::process::ExitCode;

pub mod args;
pub mod config;
pub mod demo;
pub mod exit;
pub mod listen;
pub mod logs;
pub mod offline;
pub mod operator;
pub mod progress;
pub mod serve;
pub mod shell;
pub mod upgrade;

pub use args::{Args, Command};
pub use exit::Exit;

/// Does what the command line asks for.
pub fn run(args: Args) -> ExitCode {
    let exit = match args.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Config(command) => {
            let environment = crate::config::process_environment();
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            // A reader that has gone away (`| head`) leaves nothing to say and nobody to say it to.
            config::run(&command, environment, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Line(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::line::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Bill(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::bill::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Audit(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr());
            operator::audit::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Upgrade(args) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr());
            upgrade::run(&args, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Completions(args) => {
            shell::completions(&args, &mut io::stdout().lock()).unwrap_or(Exit::Failed)
        }
        Command::Man(args) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            shell::man(&args, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Passport(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::passport::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Contract(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::passport::end(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Overdue(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::overdue::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Retention(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::retention::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Key(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::key::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Log(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::log::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Logs(args) => logs::run(args),
        Command::Mail(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::mail::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Webhook(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::webhook::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Token(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::token::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::AccessKey(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::provisioning::access_key(&command, &mut out, &mut talk)
                .unwrap_or(Exit::Failed)
        }
        Command::Hold(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::provisioning::hold(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Provider(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::provider::provider(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Service(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::provider::service(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
        Command::Maintenance(command) => {
            let (mut out, mut talk) = (io::stdout().lock(), io::stderr().lock());
            operator::maintenance::run(&command, &mut out, &mut talk).unwrap_or(Exit::Failed)
        }
    };
    exit.into()
}
