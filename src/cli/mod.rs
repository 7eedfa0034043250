//! The command line: `serve`, `demo`, `config`, `logs`, what operators do to a running server, and
//! what they do where none runs.
//!
//! Data goes to standard output, talk to standard error; the exit codes are [`Exit`]'s.

use std::process::ExitCode;

pub mod args;
pub mod backup;
pub mod config;
pub mod demo;
pub mod exit;
pub mod folder;
pub mod listen;
pub mod load;
pub mod logs;
pub mod offline;
pub mod operator;
pub mod parse;
pub mod printed;
pub mod progress;
pub mod seed;
pub mod serve;
pub mod shell;
pub mod upgrade;

pub use args::{Args, Command};
pub use exit::Exit;
use printed::to_standard_output;

/// Does what the command line asks for.
pub fn run(args: Args) -> ExitCode {
    let exit = match args.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Config(command) => {
            let environment = crate::config::process_environment();
            to_standard_output(|out, talk| config::run(&command, environment, out, talk))
        }
        Command::Completions(args) => to_standard_output(|out, _| shell::completions(&args, out)),
        Command::Man(args) => to_standard_output(|out, talk| shell::man(&args, out, talk)),
        Command::Logs(args) => logs::run(args),
        Command::Load(args) => to_standard_output(|out, talk| load::run(&args, out, talk)),
        Command::Upgrade(args) => to_standard_output(|out, talk| upgrade::run(&args, out, talk)),
        Command::Seed(args) => to_standard_output(|out, talk| seed::run(&args, out, talk)),
        Command::Line(command) => {
            to_standard_output(|out, talk| operator::line::run(&command, out, talk))
        }
        Command::Bill(command) => {
            to_standard_output(|out, talk| operator::bill::run(&command, out, talk))
        }
        Command::Audit(command) => {
            to_standard_output(|out, talk| operator::audit::run(&command, out, talk))
        }
        Command::Backup(args) => {
            to_standard_output(|out, talk| backup::take::run(&args, out, talk))
        }
        Command::Restore(args) => {
            to_standard_output(|out, talk| backup::restore::run(&args, out, talk))
        }
        Command::Verify(args) => {
            to_standard_output(|out, talk| operator::verify::run(&args, out, talk))
        }
        Command::Passport(command) => {
            to_standard_output(|out, talk| operator::passport::run(&command, out, talk))
        }
        Command::Contract(command) => {
            to_standard_output(|out, talk| operator::passport::end(&command, out, talk))
        }
        Command::Overdue(command) => {
            to_standard_output(|out, talk| operator::overdue::run(&command, out, talk))
        }
        Command::Retention(command) => {
            to_standard_output(|out, talk| operator::retention::run(&command, out, talk))
        }
        Command::Key(command) => {
            to_standard_output(|out, talk| operator::key::run(&command, out, talk))
        }
        Command::Log(command) => {
            to_standard_output(|out, talk| operator::log::run(&command, out, talk))
        }
        Command::Mail(command) => {
            to_standard_output(|out, talk| operator::mail::run(&command, out, talk))
        }
        Command::Webhook(command) => {
            to_standard_output(|out, talk| operator::webhook::run(&command, out, talk))
        }
        Command::Token(command) => {
            to_standard_output(|out, talk| operator::token::run(&command, out, talk))
        }
        Command::AccessKey(command) => {
            to_standard_output(|out, talk| operator::provisioning::access_key(&command, out, talk))
        }
        Command::Hold(command) => {
            to_standard_output(|out, talk| operator::provisioning::hold(&command, out, talk))
        }
        Command::Provider(command) => {
            to_standard_output(|out, talk| operator::provider::provider(&command, out, talk))
        }
        Command::Service(command) => {
            to_standard_output(|out, talk| operator::provider::service(&command, out, talk))
        }
        Command::Maintenance(command) => {
            to_standard_output(|out, talk| operator::maintenance::run(&command, out, talk))
        }
    };
    exit.into()
}
