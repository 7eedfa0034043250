//! The arguments of `linepass load`.

#![allow(clippy::doc_markdown, reason = "these comments are the help text on a terminal")]

use crate::{
    cli::{
        args::{parse_any_duration, parse_duration, parse_whole, with_zero_told},
        seed::args::LARGEST_SEED,
    },
    load::{
        arrivals::Spacing,
        host::Process,
        scenario::{Mix, Scenario, attack::AttackKind},
    },
    text::plain_text,
};
use clap::{ArgGroup, Args, ValueEnum};
use std::{path::PathBuf, time::Duration};
use url::Url;

/// The examples of the long help.
pub const EXAMPLES: &str = "Examples:\n  \
    linepass load --url https://127.0.0.1:8480 --ca certs/server.crt --credentials seed.jsonl \\\n      \
    --scenario purchase --rate 50 --duration 2m --out run-1\n      \
    Fifty purchases a second for two minutes, from the push to the receipt; then verify.\n  \
    linepass load … --scenario press --ladder 25..200 --duration 30s --out ladder\n      \
    Find the capacity of the press on 購入, then 25 to 200 % of it, and open ladder/report.html.\n  \
    linepass load … --scenario mix=login:5,purchase:3,portal:2 --ramp 10..400 --duration 10m\n      \
    A mix that grows.\n  \
    linepass load … --scenario attack --rate 500\n      \
    Four attacks for each purchase: does who means well notice?\n  \
    linepass load … --scenario login --clients 16\n      \
    A closed loop: how much it does when it is never idle.";

/// `linepass load`.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
#[command(group = ArgGroup::new("shape").required(true).multiple(false))]
pub struct LoadArgs {
    /// The server under test; loopback, unless --i-own-this-host
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    pub url: Url,
    /// Who buys and sells: what `linepass seed --credentials` wrote or `linepass demo --json` printed
    #[arg(long, value_name = "FILE")]
    pub credentials: PathBuf,
    /// What is done: login, purchase, press, cancellation, statement, portal, attack, or
    /// mix=NAME:WEIGHT,NAME:WEIGHT
    #[arg(long, value_name = "NAME", default_value = "purchase")]
    pub scenario: Mix,
    /// Open loop: so many starts a second, whatever the server does
    #[arg(long, value_name = "PER_S", group = "shape", allow_hyphen_values = true, value_parser = parse_rate)]
    pub rate: Option<f64>,
    /// Open loop: a rate that goes evenly from A to B starts a second
    #[arg(long, value_name = "A..B", group = "shape", allow_hyphen_values = true, value_parser = parse_ramp)]
    pub ramp: Option<(f64, f64)>,
    /// Open loop: one rate after another in per cent of the capacity, such as 25..200 or 25,50,100
    #[arg(long, value_name = "PERCENTS", group = "shape", allow_hyphen_values = true, value_parser = parse_ladder)]
    pub ladder: Option<Ladder>,
    /// Closed loop: so many clients, each begins anew when it is answered
    #[arg(long, value_name = "N", group = "shape", allow_hyphen_values = true, value_parser = parse_whole::<u16, 1, 5000>)]
    pub clients: Option<u16>,
    /// The capacity of a ladder in starts a second [default: found by short closed loops]
    #[arg(long, value_name = "PER_S", requires = "ladder", allow_hyphen_values = true, value_parser = parse_rate)]
    pub capacity: Option<f64>,
    /// How starts of an open loop are spaced [default: poisson]
    #[arg(long, value_enum)]
    pub spacing: Option<Spacing>,
    /// How long it is measured; each step of a ladder
    #[arg(long, value_name = "TIME", default_value = "30s", allow_hyphen_values = true, value_parser = parse_length)]
    pub duration: Duration,
    /// How long it runs before it is measured; each step of a ladder; 0s for not at all
    #[arg(long, value_name = "TIME", default_value = "5s", allow_hyphen_values = true, value_parser = parse_pause)]
    pub warmup: Duration,
    /// Connections of an open loop, each with one request under way [default: 64]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_whole::<u16, 1, 5000>)]
    pub connections: Option<u16>,
    /// Addresses 127.0.0.1 and following that connections come from
    #[arg(long, value_name = "K", default_value = "1", allow_hyphen_values = true, value_parser = parse_whole::<u8, 1, 250>)]
    pub sources: u8,
    /// Take the first so many lines of the credentials [default: all]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_whole::<u32, 1, { u32::MAX as u64 }>)]
    pub lines: Option<u32>,
    /// How unevenly lines are asked for: the exponent of Zipf's law, 0 for all alike
    #[arg(long, value_name = "S", default_value = "1.0", allow_hyphen_values = true, value_parser = parse_exponent)]
    pub lines_zipf: f64,
    /// Where everything that is drawn begins: lines, times, the mix
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true,
          value_parser = parse_whole::<u64, 0, LARGEST_SEED>)]
    pub seed: u64,
    /// The longest wait for an answer
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = parse_length)]
    pub timeout: Duration,
    /// Try 503 and 429 again when Retry-After says so, up to three times
    #[arg(long)]
    pub retry: bool,
    /// Flows or contracts that are prepared for a closed loop of press or cancellation, and for all
    /// loops of the search for a capacity together [default: 20000]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_whole::<u32, 1, 5_000_000>)]
    pub prepare: Option<u32>,
    /// Households that are signed in beforehand for statement; those of one line share the sessions
    /// that the server keeps of it [default: 100]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = parse_whole::<u32, 1, 100_000>)]
    pub sessions: Option<u32>,
    /// What attackers do in the scenario attack, with commas between [default: all of them]
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',')]
    pub attacks: Vec<AttackKind>,
    /// Write result.json, one .hgrm for each scenario, report.html and ledger.jsonl into this new
    /// folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write what the server said of each order into this new file [default: ledger.jsonl of --out]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Print the result as one JSON object on one line
    #[arg(long)]
    pub json: bool,
    /// The certificate authority in PEM that the server's certificate comes from [default: the
    /// system's]
    #[arg(long, value_name = "FILE", conflicts_with = "insecure_ca")]
    pub ca: Option<PathBuf>,
    /// Believe any certificate; loopback only
    #[arg(long)]
    pub insecure_ca: bool,
    /// Load a host that is not this machine: it is yours, and its operators know
    #[arg(long)]
    pub i_own_this_host: bool,
    /// The server's process, where it is on this machine: its processor and memory are in the report
    #[arg(long, value_name = "PID", allow_hyphen_values = true, value_parser = parse_whole::<u32, 1, { u32::MAX as u64 }>)]
    pub server_pid: Option<u32>,
    /// Orders that the providers ask for afterwards, drawn from all; 0 for none
    #[arg(long, value_name = "N", default_value = "2000", allow_hyphen_values = true, value_parser = parse_whole::<u32, 0, 1_000_000>)]
    pub reconcile: u32,
    /// The server's configuration, by which its operator API is found for verify;
    /// LINEPASS_OPERATOR_URL and LINEPASS_OPERATOR_TOKEN_FILE go before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Do not verify the store at the end; the report says so in red
    #[arg(long)]
    pub no_verify: bool,
}

/// Steps in per cent of a capacity, rising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(pub Vec<u32>);

/// What `--prepare` is where it is not given.
const PREPARED: u32 = 20_000;
/// What `--connections` is where it is not given.
const CONNECTIONS: u16 = 64;
/// What `--sessions` is where it is not given.
const SESSIONS: u32 = 100;

/// The longest run.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// The server's program.
const SERVER_PROGRAM: &str = "linepass";

/// The steps that a range of a ladder is made of, beside its ends.
const RUNGS: [u32; 10] = [25, 50, 70, 80, 90, 100, 110, 125, 150, 200];

fn parse_url(text: &str) -> Result<Url, String> {
    const ALLOWED: &str = "allowed is http:// or https:// with a host, and no path, such as \
                           https://127.0.0.1:8480";
    let url = Url::parse(text).map_err(|_| ALLOWED.to_owned())?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    fits.then_some(url).ok_or_else(|| ALLOWED.to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.trim().parse().ok();
    let fits = rate.filter(|rate| (0.1..=1_000_000.0).contains(rate));
    let allowed = "allowed is a number of starts a second, 0.1 to 1000000";
    fits.ok_or_else(|| with_zero_told(text, allowed))
}

fn parse_ramp(text: &str) -> Result<(f64, f64), String> {
    const ALLOWED: &str =
        "allowed is A..B with starts a second, each 0.1 to 1000000, such as 10..400";
    let (from, to) = text.split_once("..").ok_or(ALLOWED)?;
    let rate = |part| parse_rate(part).map_err(|_| with_zero_told(text, ALLOWED));
    Ok((rate(from)?, rate(to)?))
}

fn parse_ladder(text: &str) -> Result<Ladder, String> {
    const ALLOWED: &str = "allowed is A..B or A,B,C in rising per cent of the capacity, each 1 to 1000, \
                           such as 25..200";
    let percent = |part: &str| {
        let percent: Option<u32> = part.trim().parse().ok();
        let fits = percent.filter(|percent| (1..=1000).contains(percent));
        fits.ok_or_else(|| with_zero_told(text, ALLOWED))
    };
    let steps = match text.split_once("..") {
        Some((from, to)) => {
            let (from, to) = (percent(from)?, percent(to)?);
            if from > to {
                return Err(ALLOWED.to_owned());
            }
            let between = RUNGS.into_iter().filter(|rung| (from + 1..to).contains(rung));
            std::iter::once(from).chain(between).chain((to > from).then_some(to)).collect()
        }
        None => text.split(',').map(percent).collect::<Result<Vec<_>, _>>()?,
    };
    let is_rising = steps.windows(2).all(|pair| pair[0] < pair[1]);
    is_rising.then_some(Ladder(steps)).ok_or_else(|| ALLOWED.to_owned())
}

fn parse_exponent(text: &str) -> Result<f64, String> {
    let exponent: Option<f64> = text.parse().ok();
    let fits = exponent.filter(|exponent| (0.0..=4.0).contains(exponent));
    fits.ok_or_else(|| "allowed is a number from 0 (all alike) to 4".to_owned())
}

/// A length of time that may be none.
fn parse_pause(text: &str) -> Result<Duration, String> {
    within_longest(parse_any_duration(text)?)
}

/// A length of time of a run: every second of it is kept.
fn parse_length(text: &str) -> Result<Duration, String> {
    within_longest(parse_duration(text)?)
}

fn within_longest(length: Duration) -> Result<Duration, String> {
    let fits = (length <= LONGEST).then_some(length);
    fits.ok_or_else(|| "allowed is a length of time up to 7d, such as 45s, 10m or 2h".to_owned())
}

impl LoadArgs {
    /// What attackers do: what was asked for, or everything.
    pub fn attacks(&self) -> Vec<AttackKind> {
        match self.attacks.as_slice() {
            [] => AttackKind::value_variants().to_vec(),
            asked => asked.to_vec(),
        }
    }

    /// Flows or contracts that are prepared where nobody knows how many starts there will be.
    pub fn prepared(&self) -> u32 {
        self.prepare.unwrap_or(PREPARED)
    }

    /// Connections that are in use: a closed loop has one for each client.
    pub fn connections(&self) -> u16 {
        self.clients.or(self.connections).unwrap_or(CONNECTIONS)
    }

    /// How starts of an open loop are spaced.
    pub fn spacing(&self) -> Spacing {
        self.spacing.unwrap_or(Spacing::Poisson)
    }

    /// Households that are signed in beforehand.
    pub fn sessions(&self) -> u32 {
        self.sessions.unwrap_or(SESSIONS)
    }

    /// Whether this run prepares so many as `--prepare` says.
    fn prepares_by_number(&self) -> bool {
        let searches = self.ladder.is_some() && self.capacity.is_none();
        let needs = [Scenario::Press, Scenario::Cancellation];
        (self.clients.is_some() || searches) && needs.into_iter().any(|one| self.scenario.has(one))
    }

    /// What is allowed and yet looks like a slip.
    pub fn doubt(&self) -> Option<String> {
        let id = self.server_pid?;
        let program = Process::find(id).ok()?.program()?;
        (program != SERVER_PROGRAM).then(|| {
            format!(
                "--server-pid: process {id} is {}, not {SERVER_PROGRAM}; its processor and memory will \
                 stand in the report as the server's",
                plain_text(&program)
            )
        })
    }

    /// The first argument that contradicts another, with what is allowed.
    pub fn contradiction(&self) -> Option<String> {
        let is_plain = self.url.scheme() == "http";
        let told = [
            (
                self.capacity.is_some() && self.ladder.is_none(),
                "--capacity: only a ladder has one; allowed with --ladder",
            ),
            (
                !self.attacks.is_empty() && !self.scenario.has(Scenario::Attack),
                "--attacks: nothing of --scenario attacks; allowed with attack, or a mix that has it",
            ),
            (
                self.prepare.is_some() && !self.prepares_by_number(),
                "--prepare: this run prepares nothing by number; allowed with press or cancellation and \
                 --clients, or --ladder without --capacity: an open loop prepares what it starts",
            ),
            (
                self.clients.is_some() && self.connections.is_some(),
                "--connections: a closed loop has one for each client; allowed with --rate, --ramp or \
                 --ladder",
            ),
            (
                self.clients.is_some() && self.spacing.is_some(),
                "--spacing: the clients of a closed loop begin when they are answered; allowed with --rate, \
                 --ramp or --ladder",
            ),
            (
                self.sessions.is_some() && !self.scenario.has(Scenario::Statement),
                "--sessions: nobody is signed in beforehand; allowed with statement, or a mix that has it",
            ),
            (
                is_plain && self.ca.is_some(),
                "--ca: http:// has no certificate; allowed with an https:// address",
            ),
            (
                is_plain && self.insecure_ca,
                "--insecure-ca: http:// has no certificate; allowed with an https:// address",
            ),
            (
                self.no_verify && self.config.is_some(),
                "--config: it is for verify alone, which --no-verify leaves out; allowed is one of both",
            ),
        ];
        told.into_iter().find_map(|(is_so, what)| is_so.then(|| what.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Args, Command};
    use clap::Parser;

    /// The arguments of a load, with what a run needs besides.
    fn load(line: &str) -> LoadArgs {
        let fixed = "linepass load --url http://127.0.0.1:1 --credentials c";
        let line = format!("{fixed} {line}");
        match Args::try_parse_from(line.split(' ')).expect("parses").command {
            Command::Load(args) => *args,
            other => panic!("{other:?} is no load"),
        }
    }

    #[test]
    fn what_is_prepared_by_number_is_told_where_nothing_is() {
        for (line, prepared) in [
            ("--scenario press --clients 1 --prepare 2", 2),
            ("--scenario mix=login:1,cancellation:1 --ladder 25..50 --prepare 3", 3),
            ("--scenario press --clients 1", PREPARED),
        ] {
            let args = load(line);
            assert_eq!((args.contradiction(), args.prepared()), (None, prepared), "{line}");
        }
        for line in [
            "--clients 1 --prepare 2",
            "--scenario press --rate 1 --prepare 2",
            "--scenario press --ladder 25..50 --capacity 9 --prepare 2",
        ] {
            let told = load(line).contradiction().expect("a contradiction");
            assert!(told.starts_with("--prepare: this run prepares nothing by number"), "{told}");
        }
    }

    #[test]
    fn what_a_run_has_no_use_for_is_told_where_it_was_given() {
        for (line, told) in [
            (
                "--clients 4 --connections 64",
                "--connections: a closed loop has one for each client",
            ),
            ("--clients 4 --spacing poisson", "--spacing: the clients of a closed loop begin"),
            ("--rate 1 --sessions 100", "--sessions: nobody is signed in beforehand"),
        ] {
            let found = load(line).contradiction().expect("a contradiction");
            assert!(
                found.starts_with(told) && found.contains("; allowed with "),
                "{line}: {found}"
            );
        }
        for (line, connections, sessions) in [
            ("--clients 4", 4, SESSIONS),
            ("--rate 1", CONNECTIONS, SESSIONS),
            ("--ladder 25..50 --connections 9 --spacing even", 9, SESSIONS),
            ("--scenario mix=login:1,statement:1 --clients 500 --sessions 7", 500, 7),
        ] {
            let args = load(line);
            assert_eq!(args.contradiction(), None, "{line}");
            assert_eq!((args.connections(), args.sessions()), (connections, sessions), "{line}");
        }
        assert_eq!(load("--rate 1").spacing(), Spacing::Poisson);
        assert_eq!(load("--rate 1 --spacing even").spacing(), Spacing::Even);
    }

    #[test]
    fn a_process_of_another_program_is_doubted() {
        let own = std::process::id();
        let doubt = load(&format!("--rate 1 --server-pid {own}")).doubt().expect("a doubt");
        assert!(doubt.starts_with(&format!("--server-pid: process {own} is linepass")), "{doubt}");
        assert!(doubt.contains(", not linepass;"), "{doubt}");
        assert_eq!(load("--rate 1").doubt(), None);
        assert_eq!(load("--rate 1 --server-pid 4294967295").doubt(), None, "that is refused");
    }

    #[test]
    fn a_ladder_has_its_ends_and_the_rungs_between() {
        let steps = |text| parse_ladder(text).map(|ladder| ladder.0);
        assert_eq!(steps("25..100"), Ok(vec![25, 50, 70, 80, 90, 100]));
        assert_eq!(steps("30..75"), Ok(vec![30, 50, 70, 75]));
        assert_eq!(steps("50,100, 200"), Ok(vec![50, 100, 200]));
        assert_eq!(steps("80"), Ok(vec![80]));
        for wrong in ["", "0..100", "25..1001", "100..25", "50,50", "a..b", "50,40", "25..25,"] {
            assert!(steps(wrong).is_err_and(|told| told.contains("rising per cent")), "{wrong}");
        }
    }

    #[test]
    fn numbers_and_addresses_out_of_range_are_told_with_what_is_allowed() {
        for wrong in ["0", "-1", "x", "NaN", "inf", "1000001"] {
            assert!(
                parse_rate(wrong).is_err_and(|told| told.contains("0.1 to 1000000")),
                "{wrong}"
            );
        }
        assert_eq!(parse_ramp("10..400"), Ok((10.0, 400.0)));
        assert!(parse_ramp("10").is_err() && parse_ramp("0..5").is_err());
        for wrong in ["-0.1", "4.1", "NaN", "s"] {
            assert!(
                parse_exponent(wrong).is_err_and(|told| told.contains("0 (all alike)")),
                "{wrong}"
            );
        }
        for wrong in ["127.0.0.1:1", "ftp://a/", "https://a/b", "https://a/?b", "https://u@a/"] {
            assert!(parse_url(wrong).is_err_and(|told| told.contains("http://")), "{wrong}");
        }
        assert_eq!(parse_length("7d"), Ok(LONGEST));
        assert!(parse_length("169h").is_err_and(|told| told.contains("up to 7d")));
        for none in ["0", "0s", "0m"] {
            assert_eq!(parse_pause(none), Ok(Duration::ZERO));
        }
        assert!(parse_pause("169h").is_err_and(|told| told.contains("up to 7d")));
        assert!(parse_pause("no").is_err());
    }
}
