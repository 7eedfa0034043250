//! What stands in packaging/: a unit that starts what exists, hardened, and a configuration that is
//! good; and what the program tells a shell and `man` about itself.

mod common;
mod process;

use clap::{CommandFactory, Parser};
use linepass::{cli::Args, config::Config};
use process::{Ended, PATIENCE, Started, free_port, linepass, run};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

fn packaged(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The values of a key of the unit, in their order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let lines = unit.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let values = values(unit, key);
    assert_eq!(values.len(), 1, "{key}: {values:?}");
    values[0]
}

#[test]
fn the_unit_starts_what_exists_and_stops_it_in_order() {
    let unit = packaged("linepass.service");
    let mut configurations = Vec::new();
    for key in ["ExecStartPre", "ExecStart"] {
        let line = value(&unit, key);
        let args = Args::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}"));
        drop(args);
        assert!(line.starts_with("/usr/local/bin/linepass "), "{line}");
        configurations.push(line.rsplit(' ').next().expect("a path"));
    }
    assert_eq!(configurations, ["/etc/linepass/linepass.toml"; 2]);
    assert!(value(&unit, "ExecStart").contains(" serve "), "the server");
    assert_eq!(value(&unit, "ExecReload"), "/bin/kill -HUP $MAINPID");
    assert_eq!(value(&unit, "Restart"), "on-failure");
    let stop_s: u64 = value(&unit, "TimeoutStopSec").parse().expect("seconds");
    assert!(stop_s > Config::default().server.shutdown_timeout_s + 25, "the outbox, the committer");
    let files: usize = value(&unit, "LimitNOFILE").parse().expect("a number");
    assert!(files > 2 * Config::default().server.max_connections, "connections, and the store");
}

#[test]
fn the_unit_is_hardened_and_owns_one_folder() {
    let unit = packaged("linepass.service");
    for (key, wanted) in [
        ("User", "linepass"),
        ("StateDirectory", "linepass"),
        ("StateDirectoryMode", "0700"),
        ("WorkingDirectory", "/var/lib/linepass"),
        ("UMask", "0077"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("ProtectKernelTunables", "yes"),
        ("ProtectKernelModules", "yes"),
        ("ProtectControlGroups", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictNamespaces", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallArchitectures", "native"),
    ] {
        assert_eq!(value(&unit, key), wanted, "{key}");
    }
    assert_eq!(values(&unit, "SystemCallFilter"), ["@system-service", "~@privileged @resources"]);
    assert!(packaged("linepass.sysusers.conf").contains("\nu linepass - "), "the unit's user");
}

/// The packaged configuration below a folder of the test's own, with a certificate.
fn installed() -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let (etc, state) = (folder.path().join("etc"), folder.path().join("state"));
    fs::create_dir_all(etc.join("tls")).expect("a folder");
    fs::create_dir_all(&state).expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["pay.example.jp".to_owned()]);
    let rcgen::CertifiedKey { cert, signing_key } = made.expect("a certificate");
    write(&etc.join("tls/server.crt"), &cert.pem(), 0o644);
    write(&etc.join("tls/server.key"), &signing_key.serialize_pem(), 0o640);
    let text = packaged("linepass.toml")
        .replace("/etc/linepass", &etc.display().to_string())
        .replace("/var/lib/linepass", &state.display().to_string());
    let file = etc.join("linepass.toml");
    write(&file, &text, 0o644);
    let name = file.display().to_string();
    (folder, state, name)
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("writes");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("sets the mode");
}

fn check(file: &str) -> Ended {
    run(&mut linepass(&["config", "check", "--config", file]))
}

#[test]
fn the_packaged_configuration_is_good_and_checking_makes_nothing() {
    let (_folder, state, file) = installed();
    let ended = check(&file);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(fs::read_dir(state).expect("reads").count(), 0);
}

#[test]
fn config_check_names_each_file_that_a_start_would_stumble_over() {
    let (_folder, state, file) = installed();
    let text = fs::read_to_string(&file).expect("reads");
    let line_of = |key: &str| {
        1 + text.lines().position(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}"))
    };
    write(&state.join("master.key"), "c2VjcmV0\n", 0o600);
    write(&state.join("operator.token"), &format!("{}\n", "t".repeat(43)), 0o644);
    write(&state.join("store"), "a file", 0o600);
    let ended = check(&file);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    for (key, name, what) in [
        ("keys.master_key_file", "master_key_file", "32 bytes in base64"),
        ("operator.token_file", "token_file", "its mode is 0644"),
        ("store.path", "path", "store is no folder"),
    ] {
        let place = format!("{file}:{}: {key}: ", line_of(name));
        let told = ended.err.lines().find(|line| line.starts_with(&place));
        assert!(told.is_some_and(|line| line.contains(what)), "{place}{what}: {ended:?}");
    }
    assert!(!ended.err.contains("c2VjcmV0"), "no secret is told");

    // A folder that cannot be there, and mail files that are not.
    let (_folder, state, file) = installed();
    let text = fs::read_to_string(&file).expect("reads");
    write(&state.join("plain"), "a file", 0o600);
    let elsewhere = text.replace("/master.key", "/plain/master.key");
    let mail = "[mail]\ntransport = \"smtp\"\nfrom_address = \"a@example.jp\"\nuser = \"u\"\n\
                password_file = \"/nowhere/password\"\n";
    write(Path::new(&file), &format!("{elsewhere}{mail}"), 0o644);
    let ended = check(&file);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for said in ["keys.master_key_file: ", "plain is no folder", "mail.password_file: "] {
        assert!(ended.err.contains(said), "{said}: {ended:?}");
    }
    // A key that everybody may read.
    let (folder, _, file) = installed();
    let key = folder.path().join("etc/tls/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("sets the mode");
    let ended = check(&file);
    assert!(ended.err.contains("tls.key_file: ") && ended.code == Some(1), "{ended:?}");
}

#[test]
fn a_reload_without_tls_ends_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let listen = || format!("127.0.0.1:{}", free_port());
    let operator = listen();
    let mut command = linepass(&["serve"]);
    command.env("LINEPASS__SERVER__LISTEN", listen()).env("LINEPASS__OPERATOR__LISTEN", &operator);
    command.env("LINEPASS__STORE__PATH", path("store"));
    command.env("LINEPASS__KEYS__MASTER_KEY_FILE", path("master.key"));
    command.env("LINEPASS__OPERATOR__TOKEN_FILE", path("operator.token"));
    let mut started = Started::spawn(&mut command);
    let ready = format!("http://{operator}/readyz");
    let began = Instant::now();
    let agent = ureq::Agent::new_with_defaults();
    let answers = || agent.get(&ready).call().is_ok();
    while !answers() {
        assert!(started.runs() && began.elapsed() < PATIENCE, "{:?}", started.ended());
    }
    started.signal("HUP");
    assert!(answers(), "it goes on");
    started.signal("TERM");
    assert_eq!(started.ended().code, Some(0));
}

fn completions(shell: &str) -> String {
    let ended = run(&mut linepass(&["completions", shell]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    ended.out
}

#[test]
fn bash_takes_the_completions_and_completes_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("linepass.bash");
    fs::write(&script, completions("bash")).expect("writes");
    let script = script.display().to_string();
    let parsed = Command::new("bash").args(["-n", &script]).output().expect("bash runs");
    assert!(parsed.status.success(), "{parsed:?}");
    let complete = |words: &[&str]| {
        let words = words.join(" ");
        let program = format!(
            "source {script}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _linepass linepass \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let out = Command::new("bash").args(["-c", &program]).output().expect("bash runs");
        String::from_utf8(out.stdout).expect("text").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["linepass", "li"]), ["line"]);
    assert_eq!(complete(&["linepass", "audit", "ver"]), ["verify"]);
    assert_eq!(complete(&["linepass", "audit", "verify", "--off"]), ["--offline"]);
    for shell in ["zsh", "fish"] {
        let script = completions(shell);
        assert!(script.contains("linepass") && script.contains("audit"), "{shell}");
    }
    let unknown = run(&mut linepass(&["completions", "csh"]));
    assert!(unknown.code == Some(2) && unknown.err.contains("bash, zsh, fish"), "{unknown:?}");
}

/// The names of the pages of a command and all below it.
fn pages(command: &clap::Command, above: &str) -> Vec<String> {
    let name = format!("{above}{}", command.get_name());
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    let below = below.flat_map(|below| pages(below, &format!("{name}-")));
    std::iter::once(format!("{name}.1")).chain(below).collect()
}

#[test]
fn every_command_has_its_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("man/man1");
    let ended = run(&mut linepass(&["man", "--out", &out.display().to_string()]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    let mut wanted = pages(&Args::command(), "");
    wanted.sort();
    assert!(wanted.contains(&"linepass-audit-verify.1".to_owned()), "{wanted:?}");
    let mut made: Vec<String> = fs::read_dir(&out)
        .expect("the folder")
        .map(|entry| entry.expect("reads").file_name().to_string_lossy().into_owned())
        .collect();
    made.sort();
    assert_eq!(made, wanted);
    for page in made {
        let path = out.join(&page);
        let text = fs::read_to_string(&path).expect("reads");
        assert!(text.contains(".SH NAME") && text.contains(".SH SYNOPSIS"), "{page}");
        let shown = Command::new("man").arg("-l").arg(&path).env("MANPAGER", "cat").output();
        let shown = shown.expect("man runs; install Debian's man-db (tests/run does)");
        assert!(shown.status.success() && !shown.stdout.is_empty(), "{page}: {shown:?}");
    }
    let first = run(&mut linepass(&["man"]));
    assert!(first.code == Some(0) && first.out.contains(".TH linepass 1"), "{first:?}");
    let refused = run(&mut linepass(&["man", "--out", "/dev/null/pages"]));
    assert!(refused.code == Some(1) && refused.err.contains("/dev/null/pages"), "{refused:?}");
}
