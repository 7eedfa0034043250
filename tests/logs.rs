//! `linepass logs` over files of every kind and of a running server (checks/experience.md 33,
//! reliability.md 29, security.md 63).

mod common;
mod process;

use common::{Browser, Demo, Options, anime, door::until, unique};
use process::{Ended, PATIENCE, linepass, run, send};
use serde_json::Value;
use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

const CURRENT: &str = "linepass.log";

/// Line `n`, a microsecond after the one before it.
fn line(n: usize) -> String {
    format!(
        "{{\"time\":\"2026-11-30T00:00:{:02}.{:06}Z\",\"level\":\"info\",\
         \"target\":\"linepass::test\",\"message\":\"line\",\"n\":{n}}}\n",
        n / 1_000_000,
        n % 1_000_000
    )
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opens");
    file.write_all(text.as_bytes()).expect("writes");
}

fn logs(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = linepass(&["logs", "--folder"]);
    command.arg(folder).args(arguments);
    command
}

fn read(folder: &Path, arguments: &[&str]) -> Ended {
    run(&mut logs(folder, arguments))
}

/// A `logs --follow` under way, whose lines come through a channel.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = logs(folder, arguments);
        let mut child = command.arg("--follow").spawn().expect("starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (say, lines) = channel();
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| say.send(line))
        });
        Self { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    fn next_number(&self) -> usize {
        let line = self.next();
        let value: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        usize::try_from(value["n"].as_u64().expect("a number")).expect("small")
    }

    /// Presses Ctrl-C: its exit code and what it said on standard error.
    fn interrupt(mut self) -> (Option<i32>, String) {
        send(self.child.id(), "INT");
        let status = common::wait_for_end(&mut self.child, PATIENCE);
        let mut err = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        (status.code(), err)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn files_are_read_in_order_and_filtered_experience_33() {
    let folder = tempfile::tempdir().expect("a folder");
    append(&folder.path().join("linepass-2026-11-30-0002.log"), &line(2));
    append(&folder.path().join("linepass-2026-11-30-0001.log"), &line(1));
    append(&folder.path().join("linepass.log.1"), &line(3));
    append(&folder.path().join(CURRENT), &format!("{}no JSON\n{}", line(4), line(5)));
    let all = read(folder.path(), &[]);
    let expected = [line(1), line(2), line(3), line(4), "no JSON\n".to_owned(), line(5)].concat();
    assert_eq!((all.code, all.out, all.err), (Some(0), expected, String::new()));
    let last = read(folder.path(), &["-n", "2", "--level", "info"]);
    assert_eq!(last.out, [line(4), line(5)].concat());
    let between =
        ["--since", "2026-11-30T00:00:00.000002Z", "--until", "2026-11-30T09:00:00.000004+09:00"];
    assert_eq!(read(folder.path(), &between).out, [line(2), line(3)].concat());
    let pretty = read(folder.path(), &["--format", "pretty", "--jst", "-n", "1"]);
    assert_eq!(pretty.out, "2026-11-30T09:00:00.000+09:00 INFO  line n=5 linepass::test\n");
    // One of 64 request IDs begins like an option.
    let request = "{\"level\":\"info\",\"message\":\"line\",\"request_id\":\"-n2aZ\",\
                   \"target\":\"linepass::test\",\"time\":\"2026-11-30T00:00:00.000006Z\"}\n";
    append(&folder.path().join(CURRENT), request);
    let found = read(folder.path(), &["--id", "-n2aZ"]);
    assert_eq!((found.code, found.out.as_str()), (Some(0), request), "{found:?}");
    let none = read(folder.path(), &["--line", "CAF0000012573"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(0), "", ""));
}

#[test]
fn what_is_wrong_is_told_with_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = read(&folder.path().join("missing"), &[]);
    assert_eq!(missing.code, Some(4), "{missing:?}");
    assert!(missing.err.contains("--folder"), "{missing:?}");
    for wrong in [&["--since", "yesterday"][..], &["--grep", "("], &["--level", "loud"]] {
        assert_eq!(read(folder.path(), wrong).code, Some(2), "{wrong:?}");
    }
    let no_files = run(linepass(&["logs"]).env("LINEPASS__LOG__FOLDER", ""));
    assert_eq!(no_files.code, Some(1), "{no_files:?}");
    assert!(no_files.err.contains("log.folder is empty"), "{no_files:?}");
    // The configuration names the folder too.
    append(&folder.path().join(CURRENT), &line(1));
    let named = run(linepass(&["logs"]).env("LINEPASS__LOG__FOLDER", folder.path()));
    assert_eq!((named.code, named.out), (Some(0), line(1)));
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(read(empty.path(), &[]).code, Some(0));
}

/// security.md 63
#[test]
fn bad_lines_are_shown_and_act_on_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(CURRENT);
    let bad = b"\x1b[2Jclear\x07\n\xff\xfe\n{\"time\":\"2026-11-30T00:00:00Z\"\n\n[1,2]\n";
    fs::write(&path, [line(1).as_bytes(), bad, line(2).as_bytes(), b"torn"].concat())
        .expect("writes");
    for format in ["json", "pretty"] {
        let shown = read(folder.path(), &["--format", format]);
        assert_eq!((shown.code, shown.err.as_str()), (Some(0), ""), "{shown:?}");
        assert_eq!(shown.out.lines().count(), 7, "{shown:?}");
        assert!(!shown.out.contains(['\u{1b}', '\u{7}']), "{shown:?}");
        for part in
            ["\\u{1b}[2Jclear\\u{7}", "{\"time\":\"2026-11-30T00:00:00Z\"\n", "[1,2]", "torn"]
        {
            assert!(shown.out.contains(part), "{part}: {shown:?}");
        }
    }
}

/// Appends lines as fast as it can, and after every so many makes another hand's rotation.
fn write_and_rotate(folder: &Path, lines: usize, every: usize, rotate: fn(&Path, usize)) {
    for n in 0..lines {
        append(&folder.join(CURRENT), &line(n));
        if n % every == every - 1 {
            rotate(folder, n);
        }
    }
}

fn by_rename(folder: &Path, n: usize) {
    fs::rename(folder.join(CURRENT), folder.join(format!("{CURRENT}-{n:09}"))).expect("renames");
}

fn by_copytruncate(folder: &Path, n: usize) {
    fs::copy(folder.join(CURRENT), folder.join(format!("{CURRENT}-{n:09}"))).expect("copies");
    let file = OpenOptions::new().write(true).open(folder.join(CURRENT)).expect("opens");
    file.set_len(0).expect("cuts");
}

/// reliability.md 29
#[test]
fn following_loses_no_line_and_tells_none_twice_through_rotation() {
    const LINES: usize = 20_000;
    let kinds: [fn(&Path, usize); 2] = [by_rename, by_copytruncate];
    for (kind, rotate) in kinds.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        append(&folder.path().join(CURRENT), &line(0));
        let following = Following::start(folder.path(), &[]);
        assert_eq!(following.next_number(), 0, "what is there already comes first");
        fs::remove_file(folder.path().join(CURRENT)).expect("removes");
        let path: PathBuf = folder.path().to_owned();
        let writing = std::thread::spawn(move || write_and_rotate(&path, LINES, 1_237, rotate));
        for n in 0..LINES {
            assert_eq!(following.next_number(), n, "kind {kind}");
        }
        writing.join().expect("writes");
        assert_eq!(following.interrupt(), (Some(130), String::new()), "kind {kind}");
    }
}

/// What a rotation leaves behind that cannot be read is named, once.
#[test]
fn following_names_what_it_does_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    append(&path(CURRENT), &line(0));
    let following = Following::start(folder.path(), &[]);
    assert_eq!(following.next_number(), 0);
    append(&path("linepass.log.3.gz"), "packed");
    std::os::unix::fs::symlink("linepass.log.2", path("linepass.log.2")).expect("links");
    for n in 1..=2 {
        by_rename(folder.path(), n);
        append(&path(CURRENT), &line(n));
        assert_eq!(following.next_number(), n);
    }
    // What was met on the way to a line is told right after it.
    append(&path(CURRENT), &line(3));
    assert_eq!(following.next_number(), 3);
    let (code, err) = following.interrupt();
    assert_eq!(code, Some(130), "{err}");
    let told = |name: &str| err.lines().filter(|line| line.contains(name)).count();
    assert_eq!((told("linepass.log.3.gz"), told("linepass.log.2: ")), (1, 1), "{err}");
}

#[test]
fn following_begins_where_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    append(&folder.path().join("linepass-2026-11-30-0001.log"), &line(1));
    append(&folder.path().join(CURRENT), &(line(2) + &line(3)));
    let all = Following::start(folder.path(), &[]);
    let two = Following::start(folder.path(), &["-n", "2"]);
    let new = Following::start(folder.path(), &["-n", "0", "--grep", "n=.*"]);
    assert_eq!([1, 2, 3].map(|_| all.next_number()), [1, 2, 3]);
    assert_eq!([2, 3].map(|_| two.next_number()), [2, 3]);
    append(&folder.path().join(CURRENT), &(line(4) + &line(6) + &line(5)));
    assert_eq!([4, 6, 5].map(|_| all.next_number()), [4, 6, 5]);
    assert_eq!([4, 6, 5].map(|_| two.next_number()), [4, 6, 5]);
    // Nothing tells when it has begun, so there is something new until it tells of something new.
    let first = (7..).find_map(|n| {
        append(&folder.path().join(CURRENT), &line(n));
        new.lines.recv_timeout(Duration::from_millis(50)).ok()
    });
    let first = first.expect("a line");
    assert!((1..=3).all(|n| first != line(n).trim_end()), "{first}");
    assert_eq!(new.interrupt(), (Some(130), String::new()));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let many: String = (0..50_000).map(line).collect();
    fs::write(folder.path().join(CURRENT), many).expect("writes");
    for more in [&[][..], &["--follow"]] {
        let mut child = logs(folder.path(), more).spawn().expect("starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut first = String::new();
        out.read_line(&mut first).expect("a line");
        assert_eq!(first, line(0));
        drop(out);
        let status = common::wait_for_end(&mut child, PATIENCE);
        let mut err = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        assert_eq!((status.code(), err.as_str()), (Some(0), ""), "{more:?}");
    }
    // While nothing is written, too.
    let quiet = tempfile::tempdir().expect("a folder");
    let mut child = logs(quiet.path(), &["--follow"]).spawn().expect("starts");
    drop(child.stdout.take());
    assert_eq!(common::wait_for_end(&mut child, PATIENCE).code(), Some(0));
}

/// A request of a household that meets an error page; the ID on it.
fn request_with_id(demo: &Demo) -> String {
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&demo.provider().push(Some(&anime(&unique()))));
    let refused = browser.log_in(&flow, "sakura01", "wrong");
    assert_eq!(refused.status, 403, "{refused:?}");
    refused.header("x-request-id").expect("an ID").to_owned()
}

#[test]
fn a_servers_own_files_are_followed_through_its_own_rotation() {
    let env = vec![
        ("LINEPASS__LOG__FILE_LIMIT_BYTES", "4096".to_owned()),
        ("LINEPASS__LOG__KEEP_FILES", "1000".to_owned()),
        ("LINEPASS__THROTTLE__LOGINS_PER_MINUTE_PER_SOURCE", "10000".to_owned()),
    ];
    let mut demo = Demo::with(&Options { env, ..Options::default() });
    let folder = demo.folder().join("logs");
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder) & 0o027, 0, "nobody else reads it");
    assert_eq!(mode(&folder.join(CURRENT)) & 0o137, 0, "nobody else reads it");
    let following = Following::start(&folder, &[]);
    let ids: Vec<String> = (0..60).map(|_| request_with_id(&demo)).collect();
    let one = until("the login's line", || {
        Some(read(&folder, &["--id", &ids[2], "--actor", "login"]))
            .filter(|one| !one.out.is_empty())
    });
    assert_eq!(one.out.lines().count(), 1, "{one:?}");
    assert!(one.out.contains(&ids[2]) && one.out.contains("wrong_password"), "{one:?}");
    assert_eq!(demo.terminate().code(), Some(0));
    let finished = fs::read_dir(&folder).expect("reads").count();
    assert!(finished > 5, "{finished} files");
    // Standard error has the same lines; two that came at once may stand the other way round there.
    let written = demo.log();
    let mut expected: Vec<&str> = written.lines().collect();
    let mut followed: Vec<String> = expected.iter().map(|_| following.next()).collect();
    expected.sort_unstable();
    followed.sort_unstable();
    assert_eq!(followed, expected);
    assert!(written.lines().last().expect("a line").contains("stopped"), "{written}");
    assert_eq!(following.interrupt(), (Some(130), String::new()));
}
