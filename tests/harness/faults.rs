//! `tests/shim/faults.c` in front of the C library of a process: moves its wall clock, fails or slows its
//! syncs and writes, and writes down what it changed.

use super::server::Start;
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The shim, compiled once by the machine's C compiler, which building this crate needs anyway.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/faults.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("faults-{}.so", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
        let made = compiler.arg(&library).arg(&source).args(["-ldl", "-lpthread"]).output();
        let made = made.expect("cc runs: please install Debian's package gcc and libc6-dev");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        library
    })
}

/// The numbers that the shim reads and counts, by their place.
#[derive(Debug, Clone, Copy)]
enum Place {
    ClockUs = 0,
    SyncFailsIn = 1,
    SyncStaysBad = 2,
    SyncDelayMs = 3,
    WriteFailsIn = 4,
    WriteStaysBad = 5,
    Syncs = 6,
    Writes = 7,
}

/// What goes wrong below a process; changed at any time while it runs.
pub struct Faults {
    control: File,
    control_path: PathBuf,
    log: Option<PathBuf>,
    watched: PathBuf,
}

impl Faults {
    /// None yet, of the files below `watched`. What steers them stands in `folder`.
    pub fn none(folder: &Path, watched: &Path) -> Self {
        let control_path = folder.join("faults.control");
        let control = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&control_path)
            .expect("a file");
        control.write_all_at(&[0; 64], 0).expect("writes");
        Self { control, control_path, log: None, watched: watched.to_owned() }
    }

    /// The same, with every change written down in a new file.
    #[must_use]
    pub fn logging(mut self, log: PathBuf) -> Self {
        self.log = Some(log);
        self
    }

    /// A start below which these may happen.
    #[must_use]
    pub fn below(&self, start: Start) -> Start {
        let start = start
            .with("LD_PRELOAD", library().display())
            .with("FAULTS_CONTROL", self.control_path.display())
            .with("FAULTS_FOLDER", self.watched.display());
        match &self.log {
            Some(log) => start.with("FAULTS_LOG", log.display()),
            None => start,
        }
    }

    fn set(&self, place: Place, number: i64) {
        let at = place as u64 * 8;
        self.control.write_all_at(&number.to_ne_bytes(), at).expect("writes");
    }

    fn get(&self, place: Place) -> i64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, place as u64 * 8).expect("reads");
        i64::from_ne_bytes(bytes)
    }

    /// The wall clock shows so many seconds more, or less.
    pub fn move_clock_s(&self, seconds: i64) {
        self.set(Place::ClockUs, seconds * 1_000_000);
    }

    /// The sync after so many more fails with EIO, and those after it where `for_good`.
    pub fn fail_sync(&self, after: i64, for_good: bool) {
        self.set(Place::SyncStaysBad, for_good.into());
        self.set(Place::SyncFailsIn, after + 1);
    }

    /// The write after so many more fails with ENOSPC, and those after it where `for_good`.
    pub fn fail_write(&self, after: i64, for_good: bool) {
        self.set(Place::WriteStaysBad, for_good.into());
        self.set(Place::WriteFailsIn, after + 1);
    }

    /// Each sync takes so much longer.
    pub fn slow_syncs_ms(&self, ms: i64) {
        self.set(Place::SyncDelayMs, ms);
    }

    /// Nothing goes wrong any more; the clock stays.
    pub fn heal(&self) {
        for place in [Place::SyncFailsIn, Place::WriteFailsIn, Place::SyncDelayMs] {
            self.set(place, 0);
        }
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> i64 {
        self.get(Place::Syncs)
    }

    /// How many writes there were.
    pub fn writes(&self) -> i64 {
        self.get(Place::Writes)
    }
}
