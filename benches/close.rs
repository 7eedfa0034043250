//! The close of a month with 100,000 and 1,000,000 purchases, from the command to the last file
//! (`cargo bench --bench close`): ten purchases a line, the server and the command as processes of
//! their own, beside what the bare store takes to commit as many rows of the same size.
//!
//! `CLOSE_LINES=10000,100000` says how many lines; memory is the most each process ever held.

mod fill;

use linepass::store::{Batch, BillPlace, Put, Store, Stream};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PURCHASES: u64 = 10;

fn main() {
    let lines = std::env::var("CLOSE_LINES").unwrap_or_else(|_| "10000,100000".into());
    println!(
        "{:>9} {:>10} {:>9} {:>9} {:>11} {:>11} {:>11} {:>11} {:>11}",
        "lines",
        "purchases",
        "close s",
        "again s",
        "purch./s",
        "server MiB",
        "before MiB",
        "command MiB",
        "ceiling s"
    );
    let mut before: Option<f64> = None;
    for lines in lines.split(',').map(|text| text.trim().parse().expect("a number of lines")) {
        let took_s = measure(lines);
        if let Some(before) = before {
            println!("{:>20} {:.2} times the time", "growth", took_s / before);
        }
        before = Some(took_s);
    }
}

fn measure(lines: u64) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = fill::open(folder.path());
        fill::fill(&store, lines, PURCHASES).await;
        store.close().await.expect("closes");
    });
    let server = Server::start(folder.path());
    let before_mib = server.most_mib();
    let began = Instant::now();
    let command_mib = server.close(&folder.path().join("bills"));
    let close_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    server.close(&folder.path().join("again"));
    let again_s = began.elapsed().as_secs_f64();
    let manifests = ["bills", "again"]
        .map(|name| fs::read(folder.path().join(name).join("manifest.json")).expect("a manifest"));
    assert_eq!(manifests[0], manifests[1], "the same bytes");
    let manifest: serde_json::Value = serde_json::from_slice(&manifests[0]).expect("JSON");
    assert_eq!(manifest["summary"]["items"], lines * PURCHASES);
    let server_mib = server.most_mib();
    drop(server);
    let ceiling_s = ceiling(folder.path(), lines);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = (lines * PURCHASES) as f64 / close_s;
    println!(
        "{lines:>9} {:>10} {close_s:>9.1} {again_s:>9.1} {rate:>11.0} {server_mib:>11} {before_mib:>11} {command_mib:>11} {ceiling_s:>11.1}",
        lines * PURCHASES
    );
    close_s
}

/// What the store alone takes for as many rows of a close's size, grouped as full as may be.
fn ceiling(folder: &Path, lines: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = fill::open(folder);
        let began = Instant::now();
        let month = "2020-01".parse().expect("a month");
        for from in (0..lines).step_by(900) {
            let row = |number: u64| {
                let customer = fill::customer(9_000_000_000 + number);
                let mut batch = Batch::event(Stream::Line(customer), 0, vec![b'x'; 2_600]);
                let place = BillPlace { customer, part: 1 };
                batch.put.push(Put::Bill { month, place, seq: 1 });
                batch
            };
            fill::commit(&store, (from..lines.min(from + 900)).map(row).collect()).await;
        }
        began.elapsed().as_secs_f64()
    })
}

struct Server {
    child: Child,
    url: String,
    token: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let port = || {
            let listener = TcpListener::bind(("127.0.0.1", 0)).expect("binds");
            listener.local_addr().expect("an address").port()
        };
        let (public, operator) = (port(), port());
        let token = folder.join("operator.token").display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
        command
            .arg("serve")
            .env("LINEPASS__SERVER__ISSUER", format!("http://127.0.0.1:{public}"))
            .env("LINEPASS__SERVER__LISTEN", format!("127.0.0.1:{public}"))
            .env("LINEPASS__OPERATOR__LISTEN", format!("127.0.0.1:{operator}"))
            .env("LINEPASS__OPERATOR__TOKEN_FILE", &token)
            .env("LINEPASS__STORE__PATH", folder.join("store"))
            .env("LINEPASS__KEYS__MASTER_KEY_FILE", folder.join("master.key"))
            .env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216")
            .env("LINEPASS__LOG__LEVEL", "warn")
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("server.log")).expect("a file"));
        let child = command.spawn().expect("the server starts");
        let server = Self { child, url: format!("http://127.0.0.1:{operator}"), token };
        let ready = format!("{}/readyz", server.url);
        while ureq::get(&ready).call().is_err() {
            pause();
        }
        server
    }

    /// Closes October; the most memory that the command held, in MiB.
    fn close(&self, out: &Path) -> u64 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
        command
            .args(["bill", "close", "--month", "2026-10", "--reason", "benchmark", "--out"])
            .arg(out)
            .env("LINEPASS_OPERATOR_URL", &self.url)
            .env("LINEPASS_OPERATOR_TOKEN_FILE", &self.token)
            .stdout(Stdio::null());
        let mut child = command.spawn().expect("the command starts");
        let mut most_mib = 0;
        loop {
            most_mib = most_mib.max(most_mib_of(child.id()));
            if let Some(status) = child.try_wait().expect("waits") {
                assert!(status.success(), "{status}");
                return most_mib;
            }
            pause();
        }
    }

    fn most_mib(&self) -> u64 {
        most_mib_of(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "asking again and again needs a pause")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// The most memory that a process ever held, in MiB; 0 where it is gone.
fn most_mib_of(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
