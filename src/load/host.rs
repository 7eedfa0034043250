//! The machine that a run was made on, and the processes on it: what a figure means nothing without.

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::{fs, time::Duration};

/// What the kernel counts a process's time in, a second (`USER_HZ`, the same on all of Linux).
const TICKS_PER_SECOND: u64 = 100;

/// The machine.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    /// Its processors' name.
    pub processor: String,
    /// How many processors a process may use.
    pub processors: usize,
    /// Its memory. Unit: bytes.
    pub memory_bytes: u64,
    /// The kernel.
    pub kernel: String,
    /// How many tasks wanted to run, over the last minute, before the run.
    pub load_before: String,
    /// How this program was built: figures of a debug build say nothing about the server's speed.
    pub build: &'static str,
}

impl Host {
    /// This one.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory_kib = field(&read("/proc/meminfo"), "MemTotal");
        let memory_kib = memory_kib.split(' ').next().and_then(|kib| kib.parse::<u64>().ok());
        let load = read("/proc/loadavg");
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: memory_kib.unwrap_or_default() * 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
        }
    }
}

/// The time that this thread had a processor.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The server's process, where it is on this machine and named.
#[derive(Debug, Clone, Copy)]
pub struct Process(u32);

impl Process {
    /// The process with this ID.
    ///
    /// # Errors
    /// A sentence: there is none that can be looked at.
    pub fn find(id: u32) -> Result<Self, String> {
        let found = Self(id);
        let seen = found.time().zip(found.resident_bytes());
        seen.map(|_| found).ok_or_else(|| format!("--server-pid: there is no process {id} here"))
    }

    /// The name of its program, as the kernel keeps it: its first 15 bytes.
    pub fn program(self) -> Option<String> {
        let name = fs::read_to_string(format!("/proc/{}/comm", self.0)).ok()?;
        Some(name.trim_end().to_owned())
    }

    /// The time that it had processors since it began.
    pub fn time(self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        // The name in parentheses may hold anything; user and system time are 14th and 15th.
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        let ticks = ticks()? + ticks()?;
        Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().split(' ').next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_this_process_can_be_looked_at() {
        let host = Host::look();
        assert!(host.processors >= 1 && host.memory_bytes > 0 && !host.kernel.is_empty());
        let own = Process::find(std::process::id()).expect("this process");
        assert!(own.resident_bytes().is_some_and(|bytes| bytes > 0));
        let before = thread_time();
        let mut random = crate::load::random::Random::new(1, 1);
        while thread_time() < before + Duration::from_millis(20) {
            std::hint::black_box(random.bits());
        }
        assert!(own.time().is_some_and(|time| time >= Duration::from_millis(10)));
        let program = std::env::current_exe().expect("a program");
        let program = program.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(own.program().is_some_and(|name| !name.is_empty() && program.starts_with(&name)));
        assert!(Process::find(u32::MAX).expect_err("nobody").contains("--server-pid"));
    }
}
