//! The command line as types: nouns, then verbs; only what exists.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub use super::demo::args::DemoArgs;
pub use super::parse::{
    parse_any_duration, parse_duration, parse_time, parse_whole, with_zero_told,
};

use super::load::args::LoadArgs;
use super::logs::args::LogsArgs;
use super::operator::args::{
    AuditCommand, BillCommand, KeyCommand, LineCommand, LogCommand, MailCommand,
    MaintenanceCommand, TokenCommand,
    backup::{BACKUP_EXAMPLES, BackupArgs, RESTORE_EXAMPLES, RestoreArgs},
    life::{ContractCommand, PassportCommand, RetentionCommand},
    overdue::OverdueCommand,
    verify::{EXAMPLES as VERIFY_EXAMPLES, VerifyArgs},
};
use super::operator::{
    provider::{ProviderCommand, ServiceCommand},
    provisioning::{AccessKeyCommand, HoldCommand},
    webhook::WebhookCommand,
};
use super::seed::args::SeedArgs;

/// Linepass: login and purchase for access lines.
#[derive(Debug, Parser)]
#[command(
    name = "linepass",
    version,
    about = "Authentication and purchase server for access lines",
    long_about = "Authentication and purchase server for access lines: households buy on \
                  provider sites with a passport ID and pay with the line's monthly bill.",
    after_help = "Exit codes: 0 done, 1 failed or not whole, 2 a wrong command line, 3 refused, also \
                  where a file or folder to be made is there already (nothing was changed), 4 not \
                  found, 130 Ctrl-C (demo and serve: 0).\n\
                  Data goes to standard output, talk and logs to standard error.",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The first word.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole product on this machine, with sample data and a sample shop
    #[command(
        long_about = "Runs the whole product on this machine, nothing else needed: an embedded \
                      store, sample lines, passport IDs and providers, and a sample shop. \
                      Everything listens on loopback over plain HTTP. Prints addresses and \
                      credentials, then serves until Ctrl-C.",
        after_long_help = "Examples:\n  \
            linepass demo\n      Start, then open the shop's address in a browser.\n  \
            linepass demo --data /tmp/linepass --json\n      \
            One JSON object on one line once it is ready, for scripts.\n  \
            linepass demo --now 2026-11-30T23:59:50+09:00\n      \
            Watch a month end.\n  \
            linepass demo --redirect-uri http://127.0.0.1:4000/callback\n      \
            Try a client of your own."
    )]
    Demo(DemoArgs),
    /// Run the server
    #[command(
        long_about = "Runs the server until SIGTERM or Ctrl-C, then ends what is under way and \
                      exits with 0. Plain HTTP listens on loopback only; with tls.enabled it listens \
                      anywhere. Needs no file: the built-in defaults listen on 127.0.0.1:8480.",
        after_long_help = "Examples:\n  \
            linepass serve --config /etc/linepass.toml\n  \
            LINEPASS__SERVER__WORKERS=4 linepass serve"
    )]
    Serve(ServeArgs),
    /// Check or show the configuration
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Import, show, restrict, transfer or set access lines of the running server
    #[command(subcommand, arg_required_else_help = true)]
    Line(LineCommand),
    /// Show or change how the running server's log is written
    #[command(subcommand, arg_required_else_help = true)]
    Log(LogCommand),
    /// Read the server's log files: all of them in order, filtered, and what comes next
    #[command(
        long_about = "Reads the server's log files in the order of time, finished ones first, and \
                      with --follow what is written from then on, through rotation of any kind. \
                      The folder is --folder, or log.folder of the configuration. All filters must \
                      hold. Pretty on a terminal, JSON lines elsewhere. A line that is no JSON \
                      object is shown as it is, unless a filter asks for one of its fields.",
        after_long_help = super::logs::args::EXAMPLES
    )]
    Logs(LogsArgs),
    /// Load a server as households, providers and attackers do, and check every answer
    #[command(
        long_about = "Loads a server as households, providers and attackers do. In an open loop starts \
                      come at their rate whatever the server does, and each latency is counted from \
                      the intended start. Every answer is checked, the orders are asked for again \
                      afterwards, and the run ends with verify: a fast wrong answer is a failure \
                      (exit code 1).",
        after_long_help = super::load::args::EXAMPLES
    )]
    Load(Box<LoadArgs>),
    /// Show or delete passport IDs
    #[command(subcommand, arg_required_else_help = true)]
    Passport(PassportCommand),
    /// End contracts
    #[command(subcommand, arg_required_else_help = true)]
    Contract(ContractCommand),
    /// Take over unpaid bills, list them, stop collecting them, disclose them
    #[command(subcommand, arg_required_else_help = true)]
    Overdue(OverdueCommand),
    /// Erase personal data whose term is over
    #[command(subcommand, arg_required_else_help = true)]
    Retention(RetentionCommand),
    /// Draw another access key for a line
    #[command(subcommand, arg_required_else_help = true)]
    AccessKey(AccessKeyCommand),
    /// List or release the waits that guessing was met with
    #[command(subcommand, arg_required_else_help = true)]
    Hold(HoldCommand),
    /// Register providers, look at them or change them
    #[command(subcommand, arg_required_else_help = true)]
    Provider(ProviderCommand),
    /// Put services into a provider's catalogue, list or retire them
    #[command(subcommand, arg_required_else_help = true)]
    Service(ServiceCommand),
    /// Put maintenance on or off, or show how it stands
    #[command(subcommand, arg_required_else_help = true)]
    Maintenance(MaintenanceCommand),
    /// List mails that did not go out, or try them again
    #[command(subcommand, arg_required_else_help = true)]
    Mail(MailCommand),
    /// Set where providers' webhooks go, list them or send them again
    #[command(subcommand, arg_required_else_help = true)]
    Webhook(WebhookCommand),
    /// Preview and close a month's bills, correct them, settle with providers
    #[command(subcommand, arg_required_else_help = true)]
    Bill(BillCommand),
    /// Rotate keys of the running server
    #[command(subcommand, arg_required_else_help = true)]
    Key(KeyCommand),
    /// Add, list or revoke operators' tokens
    #[command(subcommand, arg_required_else_help = true)]
    Token(TokenCommand),
    /// Look at the journal: who did what and why, and whether it is whole
    #[command(subcommand, arg_required_else_help = true)]
    Audit(AuditCommand),
    /// Take a backup of the store, beside the running server's work
    #[command(
        long_about = "Takes a backup of the whole store as it is at one block, while the server goes \
                      on working: nobody waits for it. The file is for its owner alone and has its \
                      name once it is whole; what is stored under the master key is in it as it is \
                      stored, and the master key is not: keep that elsewhere. A restore checks \
                      every byte of it.",
        after_long_help = BACKUP_EXAMPLES
    )]
    Backup(BackupArgs),
    /// Make a store of a backup, in a new folder
    #[command(
        long_about = "Makes a store of a backup, into a new or an empty folder alone. Every hash of \
                      the backup and the MAC of its manifest are checked before anything is made; \
                      then every invariant of the store that was made is looked at, and only then \
                      has it its name. Receipt numbers that may have been given after the backup \
                      are left out. What was acknowledged after the backup's block is gone: \
                      docs/runbook/backup.md says what to do then.",
        after_long_help = RESTORE_EXAMPLES
    )]
    Restore(RestoreArgs),
    /// Look at every invariant of the store, and hold a ledger against it
    #[command(
        long_about = "Looks at every invariant of the store by code apart from the rules that \
                      decided: nothing accepted is lost or there twice, limits held at each \
                      purchase, nothing goes on after a restriction, bills are what the events \
                      come to, mails and webhooks are owed once, the chain is whole, replay is the \
                      state. Exits with 0 where all hold, 1 where one does not. The running server \
                      looks beside its work, up to the block that was durable when it began; with \
                      --offline this command opens the store itself. A ledger has what clients were \
                      told of their orders, a JSON object on each line.",
        after_long_help = VERIFY_EXAMPLES
    )]
    Verify(VerifyArgs),
    /// Make a store ready for this version, before its server starts
    #[command(
        long_about = "Makes a store ready for this version while no server has it: sees that this \
                      version reads every row, refuses a store that a newer one wrote, and takes \
                      away snapshots of another version of the fold, which are shortcuts and are \
                      made anew. Can be run again, also after it was interrupted.",
        after_long_help = "Examples:\n  \
            linepass upgrade --config /etc/linepass/linepass.toml --dry-run\n      \
            What would be done; no row is written.\n  \
            linepass upgrade --config /etc/linepass/linepass.toml"
    )]
    Upgrade(UpgradeArgs),
    /// Fill an empty store with made-up lines and purchases, for load tests
    #[command(
        long_about = "Fills an empty store with made-up lines, providers and purchases while no \
                      server has it: the same arguments make the same data and the same \
                      credentials. The store is marked as synthetic for good, the server says so at \
                      each start, and a store that holds anything else is refused.",
        after_long_help = super::seed::args::EXAMPLES
    )]
    Seed(SeedArgs),
    /// Print the completions of a shell
    #[command(after_long_help = "Examples:\n  \
        linepass completions bash > /usr/share/bash-completion/completions/linepass\n  \
        linepass completions zsh > /usr/share/zsh/site-functions/_linepass\n  \
        linepass completions fish > /usr/share/fish/vendor_completions.d/linepass.fish")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one page for each command
    #[command(after_long_help = "Examples:\n  \
        linepass man | man -l -\n  \
        linepass man --out /usr/local/share/man/man1")]
    Man(ManArgs),
}

/// `linepass upgrade`.
#[derive(Debug, Clone, ClapArgs)]
pub struct UpgradeArgs {
    /// The configuration, over the built-in defaults; LINEPASS__SECTION__KEY in the environment
    /// overrides both
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Tell what would be done and write no row
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

/// `linepass completions`.
#[derive(Debug, Clone, ClapArgs)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells that there are completions for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

impl Shell {
    /// What makes its script.
    pub const fn script(self) -> clap_complete::Shell {
        match self {
            Self::Bash => clap_complete::Shell::Bash,
            Self::Zsh => clap_complete::Shell::Zsh,
            Self::Fish => clap_complete::Shell::Fish,
        }
    }
}

/// `linepass man`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ManArgs {
    /// The folder to write the pages into; it is made
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `linepass serve`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ServeArgs {
    /// The configuration, over the built-in defaults; LINEPASS__SECTION__KEY in the environment
    /// overrides both
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `linepass config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Name every error of the configuration with its file, line and key
    #[command(after_long_help = "Examples:\n  \
        linepass config check --config /etc/linepass.toml\n  \
        linepass config check --json | jq '.errors[].key'")]
    Check(ConfigArgs),
    /// Print the configuration in force and where each value comes from; secrets hidden
    #[command(after_long_help = "Examples:\n  \
        linepass config show\n      Every key with its default.\n  \
        linepass config show --config /etc/linepass.toml --json")]
    Show(ConfigArgs),
}

/// What both verbs of `linepass config` take.
#[derive(Debug, Clone, ClapArgs)]
pub struct ConfigArgs {
    /// The configuration, over the built-in defaults; LINEPASS__SECTION__KEY in the environment
    /// overrides both
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split(' '))
    }

    fn demo(line: &str) -> DemoArgs {
        match parse(line).unwrap().command {
            Command::Demo(args) => args,
            other => panic!("{other:?} is not the demo"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_demo_takes_all_its_options() {
        let args = demo(
            "linepass demo --data d --json --now 2026-11-30T23:59:50+09:00 --port 1 \
             --shop-port 2 --operator-port 3 --redirect-uri http://127.0.0.1:4000/cb?x=1",
        );
        assert_eq!(args.data, Some(PathBuf::from("d")));
        assert!(args.json);
        assert_eq!(args.now, Some("2026-11-30T14:59:50Z".parse().unwrap()));
        assert_eq!((args.port, args.shop_port, args.operator_port), (Some(1), Some(2), Some(3)));
        assert_eq!(args.redirect_uri.as_deref(), Some("http://127.0.0.1:4000/cb?x=1"));
    }

    #[test]
    fn the_demo_needs_nothing() {
        let args = demo("linepass demo");
        assert!(args.data.is_none() && args.now.is_none() && args.port.is_none() && !args.json);
    }

    #[test]
    fn serve_and_config_take_a_file() {
        let serve = parse("linepass serve --config a.toml").unwrap().command;
        assert!(matches!(serve, Command::Serve(ServeArgs { config: Some(_) })));
        let check = parse("linepass config check --config a.toml --json").unwrap().command;
        assert!(matches!(
            check,
            Command::Config(ConfigCommand::Check(ConfigArgs { config: Some(_), json: true }))
        ));
        let show = parse("linepass config show").unwrap().command;
        assert!(matches!(
            show,
            Command::Config(ConfigCommand::Show(ConfigArgs { json: false, .. }))
        ));
    }

    #[test]
    fn a_wrong_value_is_told_with_what_is_allowed() {
        let table = [
            ("linepass demo --now 2026-11-30", "write RFC 3339 with an offset"),
            ("linepass demo --now 2026-11-30T23:59:50", "write RFC 3339 with an offset"),
            ("linepass demo --now 2026-02-30T00:00:00Z", "write RFC 3339"),
            ("linepass demo --now 9998-01-01T00:00:00Z", "2000 to 2099"),
            ("linepass demo --port 0", "0 is not in 1..=65535"),
            ("linepass demo --port 65536", "not in 1..=65535"),
            ("linepass demo --shop-port x", "invalid digit"),
            ("linepass demo --redirect-uri /callback", "without a fragment"),
            ("linepass demo --redirect-uri http://a/#b", "without a fragment"),
            ("linepass demo --redirect-uri http://a/#", "without a fragment"),
            ("linepass demo --redirect-uri javascript:alert(1)", "http or https"),
            ("linepass demo --redirect-uri http://u:p@a/", "http or https"),
            ("linepass demo --redirect-uri http://a/名", "http or https"),
            ("linepass logs --since 10", "10m"),
            ("linepass logs --since=-10m", "10m"),
            ("linepass logs --until 2026-11-30", "RFC 3339"),
            ("linepass logs --grep (", "--grep"),
            ("linepass logs --line caf1", "--line"),
            ("linepass logs -n 1000001", "0..=1000000"),
            ("linepass log level debug --for 0s --reason r", "10m"),
        ];
        for (line, expected) in table {
            let error = parse(line).map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ValueValidation, "{line}");
            assert!(error.to_string().contains(expected), "{line} says {error}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn what_does_not_exist_is_a_usage_error() {
        for line in ["linepass", "linepass nothing", "linepass config", "linepass demo extra"] {
            assert_eq!(parse(line).map(|_| ()).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn long_help_has_examples() {
        for line in [
            "demo",
            "serve",
            "config check",
            "config show",
            "bill preview",
            "bill close",
            "bill correct",
            "bill settle",
            "audit show",
            "audit verify",
            "verify",
            "backup",
            "backup drill",
            "restore",
            "completions",
            "key rotate",
            "man",
            "upgrade",
            "seed",
            "load",
            "access-key reset",
            "hold list",
            "hold release",
            "line import",
            "line limit",
            "line networks",
            "line show",
            "line restrict",
            "line lift",
            "log level",
            "logs",
            "line transfer",
            "line billing",
            "passport show",
            "passport delete",
            "contract end",
            "overdue import",
            "overdue list",
            "overdue stop-collecting",
            "overdue disclose",
            "retention sweep",
            "retention erase",
            "mail list",
            "mail retry",
            "maintenance on",
            "maintenance off",
            "maintenance status",
            "token add",
            "token list",
            "token revoke",
            "provider add",
            "provider list",
            "provider rotate-secret",
            "provider set",
            "provider show",
            "service add",
            "service list",
            "service retire",
        ] {
            let help = parse(&format!("linepass {line} --help")).map(|_| ()).unwrap_err();
            assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
            assert!(help.to_string().contains("Examples:"), "{line}");
        }
    }
}
