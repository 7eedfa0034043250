//! Runs of the real binary that may end by themselves: how they ended, and what they printed.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod server;

use crate::common::wait_for_end;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

/// How long anything may take here before the test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output that nobody had read yet.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The binary with these arguments, a cheap password hash, no bound on the disk, and patience with a
/// machine that other tests keep busy.
pub fn linepass(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216");
    command.env("LINEPASS__OVERLOAD__QUEUE_TARGET_MS", "1000");
    command.env("LINEPASS__PASSWORD__HASH_MEMORY_KIB", "64");
    command.env("LINEPASS__PASSWORD__HASH_PASSES", "1");
    command
}

/// `linepass demo --json` on a folder.
pub fn demo_on(folder: &Path) -> Command {
    let mut command = linepass(&["demo", "--json", "--data"]);
    command.arg(folder);
    command
}

/// A command that looks at the stopped store of a folder with `--offline`, to its end.
pub fn offline(command: &[&str], folder: &Path, more: &[&str]) -> Ended {
    let (store, master) = (folder.join("store"), folder.join("master.key"));
    let [store, master] = [store, master].map(|path| path.display().to_string());
    let place = ["--offline", "--store", &store, "--master-key-file", &master];
    run(&mut linepass(&[command, &place, more].concat()))
}

/// What such a command says of it, and that it ends as it says.
#[track_caller]
pub fn offline_report(command: &[&str], folder: &Path) -> Value {
    let ended = offline(command, folder, &["--json"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    let code = i32::from(report["whole"] != true);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    report
}

/// Runs to the end.
pub fn run(command: &mut Command) -> Ended {
    Started::spawn(command).ended()
}

/// A run under way; dropped, it is killed.
pub struct Started {
    child: Child,
    out: BufReader<ChildStdout>,
    err: Option<JoinHandle<String>>,
}

impl Started {
    /// Starts it.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut pipe = child.stderr.take().expect("a pipe");
        // Read all the time, so that a full pipe never stops it.
        let err = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, out, err: Some(err) }
    }

    /// The object that a demo prints once it is ready, or how it ended instead.
    pub fn ready(mut self) -> Result<(Self, Value), Ended> {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("standard output is text");
        match serde_json::from_str(&line) {
            Ok(said) => Ok((self, said)),
            Err(_) => Err(Ended { out: line, ..self.ended() }),
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        send(self.child.id(), name);
    }

    /// Sends a signal, unless it has ended by itself.
    pub fn signal_if_running(&mut self, name: &str) {
        if self.runs() {
            send(self.child.id(), name);
        }
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("waits").is_none()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Ended {
        let mut out = String::new();
        // Read meanwhile, so that a full pipe never stops it.
        let status = std::thread::scope(|scope| {
            let reader = &mut self.out;
            let reading = scope.spawn(|| reader.read_to_string(&mut out));
            let child = &mut self.child;
            let waited = catch_unwind(AssertUnwindSafe(|| wait_for_end(child, PATIENCE)));
            if waited.is_err() {
                // Or its output would never end.
                let _ = self.child.kill();
            }
            reading.join().expect("no panic").expect("standard output is text");
            waited.unwrap_or_else(|panic| resume_unwind(panic))
        });
        let err = self.err.take().expect("read once").join().expect("no panic");
        Ended { code: status.code(), out, err }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub fn send(process_id: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process_id.to_string()]).status();
    assert!(sent.expect("kill runs").success(), "SIG{name} to {process_id}");
}

/// Does something with the engine below a store, as nobody but a test does, and comes back when the
/// engine has let go of its files: its own threads may hold them a moment longer.
pub fn with_engine<T>(store: &Path, act: impl FnOnce(&sled::Db) -> T) -> T {
    let folder = store.join("sled");
    let db = sled::Config::new().path(&folder).segment_size(8 << 20).open().expect("it opens");
    let done = act(&db);
    drop(db);
    let file = std::fs::File::open(folder.join("db")).expect("the engine's file");
    file.lock().expect("nobody keeps it");
    done
}

/// A row as the engine has it: its key and what stands there.
pub type Row = (Vec<u8>, Vec<u8>);

/// All rows of a store, in their order.
pub fn rows(store: &Path) -> Vec<Row> {
    let pair = |row: sled::Result<(sled::IVec, sled::IVec)>| {
        row.map(|(key, row)| (key.to_vec(), row.to_vec())).expect("reads")
    };
    with_engine(store, |db| db.iter().map(pair).collect())
}

/// A port of loopback that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("binds");
    listener.local_addr().expect("an address").port()
}

/// Copies a folder with what is in it; the modes of files stay.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("creates");
    for entry in std::fs::read_dir(from).expect("reads") {
        let (entry, kind) =
            entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))).expect("reads");
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copies");
        }
    }
}
