//! `linepass config check` and `linepass config show`.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::args::{ConfigArgs, ConfigCommand};
use super::exit::Exit;
use crate::app::files;
use crate::config::{Config, ConfigError, ConfigErrors, Origin};

/// Does what `command` asks for: data to `out`, talk to `talk`.
///
/// `environment` is all variables with their values. Exits: done, or failed if the configuration
/// has a fault.
///
/// # Errors
/// `out` or `talk` cannot be written.
pub fn run(
    command: &ConfigCommand,
    environment: impl Iterator<Item = (String, String)>,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    let (ConfigCommand::Check(args) | ConfigCommand::Show(args)) = command;
    // The files that the configuration names are a part of it.
    let loaded = Config::load(args.config.as_deref(), environment).and_then(|config| {
        files::check(&config)?;
        Ok(config)
    });
    match (loaded, command) {
        (Err(errors), _) => refuse(&errors, args, out, talk),
        (Ok(config), ConfigCommand::Check(_)) => approve(&config, args, out, talk),
        (Ok(config), ConfigCommand::Show(_)) => show(&config, args, out),
    }
}

fn refuse(
    errors: &ConfigErrors,
    args: &ConfigArgs,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    if args.json {
        let errors: Vec<_> = errors.iter().map(error_json).collect();
        writeln!(out, "{}", json!({ "ok": false, "errors": errors, "warnings": [] }))?;
    } else {
        writeln!(talk, "{errors}")?;
    }
    Ok(Exit::Failed)
}

fn approve(
    config: &Config,
    args: &ConfigArgs,
    out: &mut impl Write,
    talk: &mut impl Write,
) -> io::Result<Exit> {
    let warnings = config.warnings();
    if args.json {
        writeln!(out, "{}", json!({ "ok": true, "errors": [], "warnings": warnings }))?;
        return Ok(Exit::Done);
    }
    for warning in warnings {
        writeln!(talk, "warning: {warning}")?;
    }
    let name = args.config.as_deref().map_or("the built-in defaults".into(), Path::to_string_lossy);
    writeln!(talk, "{name}: the configuration is good")?;
    Ok(Exit::Done)
}

fn show(config: &Config, args: &ConfigArgs, out: &mut impl Write) -> io::Result<Exit> {
    if args.json {
        writeln!(out, "{}", config.show_json())?;
    } else {
        write!(out, "{}", config.show())?;
    }
    Ok(Exit::Done)
}

fn error_json(error: &ConfigError) -> Value {
    let (file, line, variable) = match &error.origin {
        Origin::Default => (None, None, None),
        Origin::File { path, line } => (Some(path.to_string_lossy()), *line, None),
        Origin::Environment { name } => (None, None, Some(name)),
    };
    json!({
        "file": file,
        "line": line,
        "environment_variable": variable,
        "key": error.key,
        "problem": error.problem,
        "allowed": error.allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit, standard output and standard error of a command under one variable.
    fn run_with(command: &ConfigCommand, name: &str, value: &str) -> (Exit, String, String) {
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        let environment = std::iter::once((name.to_owned(), value.to_owned()));
        let exit = run(command, environment, &mut out, &mut talk).unwrap();
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(talk).unwrap())
    }

    fn args(json: bool) -> ConfigArgs {
        ConfigArgs { config: None, json }
    }

    #[test]
    fn a_good_configuration_is_called_good() {
        let (exit, out, talk) = run_with(&ConfigCommand::Check(args(false)), "X", "");
        assert_eq!((exit, out.as_str()), (Exit::Done, ""));
        assert_eq!(talk, "the built-in defaults: the configuration is good\n");
    }

    #[test]
    fn a_fault_fails_the_check_and_the_show() {
        for command in [ConfigCommand::Check(args(false)), ConfigCommand::Show(args(false))] {
            let (exit, out, talk) = run_with(&command, "LINEPASS__SERVER__WORKERS", "0");
            assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
            assert!(talk.starts_with("environment variable LINEPASS__SERVER__WORKERS: "), "{talk}");
        }
    }

    #[test]
    fn json_is_one_line_of_data() {
        let check = ConfigCommand::Check(args(true));
        let (exit, out, talk) = run_with(&check, "LINEPASS__SERVER__WORKERS", "0");
        assert_eq!((exit, talk.as_str(), out.lines().count()), (Exit::Failed, "", 1));
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["errors"][0]["key"], "server.workers");
        assert_eq!(value["errors"][0]["environment_variable"], "LINEPASS__SERVER__WORKERS");

        let (_, out, _) = run_with(&ConfigCommand::Show(args(true)), "X", "");
        let value: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["server"]["workers"], 2);
    }

    #[test]
    fn a_weak_hash_is_warned_of() {
        let name = "LINEPASS__PASSWORD__HASH_PASSES";
        let (exit, _, talk) = run_with(&ConfigCommand::Check(args(false)), name, "1");
        assert_eq!(exit, Exit::Done);
        assert!(talk.starts_with("warning: password.hash_memory_kib"), "{talk}");
    }
}
