//! The real binary on a folder: how it starts, how long that takes, how it ends.

use super::house::House;
use crate::process::{Ended, Started, demo_on};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a start is told.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Where the clock of the rules begins; the host's where absent.
    pub now: Option<String>,
    /// More arguments.
    pub arguments: Vec<String>,
    /// More environment.
    pub env: Vec<(String, String)>,
}

impl Start {
    /// One whose throttles a test cannot reach: it logs in far more often than a household.
    pub fn generous() -> Self {
        let unbound = [
            ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "1000000"),
            ("LINEPASS__PROVIDER_LIMITS__REQUESTS_PER_SECOND", "1000000"),
            ("LINEPASS__PROVIDER_LIMITS__BURST_REQUESTS", "10000000"),
            ("LINEPASS__PROVIDER_LIMITS__SHARE_WAIT_MS", "5000"),
        ];
        let env = unbound.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { env: env.to_vec(), ..Self::default() }
    }

    /// The same with this in its environment.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.env.push((key.to_owned(), value.to_string()));
        self
    }

    /// The command that starts it on this folder.
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = demo_on(folder);
        command.args(self.now.iter().flat_map(|now| ["--now", now]));
        command.args(&self.arguments).envs(self.env.iter().cloned());
        command
    }
}

/// A server that is ready.
pub struct Server {
    started: Started,
    /// As buyers, providers and operators see it.
    pub house: House,
    /// From the start of the process until it was ready.
    pub took: Duration,
}

impl Server {
    /// Starts it where the system lets it have so many files open at once.
    #[track_caller]
    pub fn start_with_files(folder: &Path, start: &Start, files: u32) -> Self {
        let plain = start.command(folder);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh"]);
        command.arg(plain.get_program()).args(plain.get_args());
        command.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::run(&mut command).unwrap_or_else(|ended| panic!("no start: {ended:?}"))
    }

    /// Starts it; how it ended where it did not become ready.
    pub fn try_start(folder: &Path, start: &Start) -> Result<Self, Ended> {
        Self::run(&mut start.command(folder))
    }

    fn run(command: &mut Command) -> Result<Self, Ended> {
        let began = Instant::now();
        let (started, said) = Started::spawn(command).ready()?;
        let took = began.elapsed();
        Ok(Self { started, house: House::new(&said), took })
    }

    /// Starts it where it must start.
    #[track_caller]
    pub fn start(folder: &Path, start: &Start) -> Self {
        Self::try_start(folder, start).unwrap_or_else(|ended| panic!("no start: {ended:?}"))
    }

    /// Sends a signal and waits for the end.
    pub fn end_by(self, signal: &str) -> Ended {
        self.started.signal(signal);
        self.started.ended()
    }

    /// Sends a signal, if it still runs.
    pub fn signal(&mut self, signal: &str) {
        self.started.signal_if_running(signal);
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.started.runs()
    }

    /// Waits for its end.
    pub fn ended(self) -> Ended {
        self.started.ended()
    }

    /// Kills it, as nothing could handle; it must not have failed before.
    #[track_caller]
    pub fn kill(self) {
        let ended = self.end_by("KILL");
        assert_eq!(ended.code, None, "it ended by itself: {ended:?}");
        assert_no_panic(&ended);
    }

    /// Asks it to end, as it must within the time it is told.
    #[track_caller]
    pub fn terminate(self) -> Ended {
        let ended = self.end_by("TERM");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_no_panic(&ended);
        ended
    }
}

/// Starts it and kills it so long after: while it opens its store, as a rule.
pub fn kill_while_starting(folder: &Path, start: &Start, after: Duration) {
    let began = Instant::now();
    let mut started = Started::spawn(&mut start.command(folder));
    while began.elapsed() < after {
        assert!(started.runs(), "no start: {:?}", started.ended());
        std::thread::yield_now();
    }
    started.signal_if_running("KILL");
    let ended = started.ended();
    assert_eq!(ended.code, None, "it ended by itself: {ended:?}");
    assert_no_panic(&ended);
}

/// Nothing that anybody reads speaks of a panic.
#[track_caller]
pub fn assert_no_panic(ended: &Ended) {
    assert!(!ended.err.contains("panicked at"), "{}", ended.err);
}

/// How a refused start must look: exit code 1, nothing on standard output, no panic, one sentence that
/// names the program and the place.
#[track_caller]
pub fn refusal(ended: &Ended) -> String {
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert_no_panic(ended);
    let sentence = ended.err.lines().find(|line| line.starts_with("linepass: "));
    sentence.unwrap_or_else(|| panic!("no sentence: {ended:?}")).to_owned()
}
