//! What `linepass load` does not run: it says which argument is wrong and what is allowed, or what the
//! server is that it was sent to, and leaves nothing behind (interfaces.md 3).

mod common;
mod loading;
mod process;

use common::{Demo, door::until};
use loading::{
    Found, always_answers, counting_relay, credentials, demo_with, forwarded_credentials,
    issuer_that_answers, load, load_verified_by, made_up_credentials, operator_stub, verified,
};
use process::{Started, free_port, linepass, run};
use serde_json::json;
use std::{fs, net::TcpStream, path::Path, sync::atomic::Ordering};

#[test]
fn a_run_that_could_not_be_verified_does_not_begin() {
    let demo = demo_with(&[]);
    let words = "--rate 5 --duration 1s";
    let ended = load_verified_by("http://127.0.0.1:1", &demo, &credentials(&demo), words);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(
        ended.err.contains("ends with verify") && ended.err.contains("--no-verify"),
        "{ended:?}"
    );
}

/// Whose orders are held against another server's store are not verified, whatever is found.
#[test]
fn a_run_whose_operator_api_is_another_servers_does_not_begin() {
    let demo = demo_with(&[]);
    let (own, seeded) = (credentials(&demo), forwarded_credentials(&demo));
    let made_from = |seed: u64, lines: u64| json!({ "seed": seed, "lines": lines, "purchases": 0 });
    let stub = |seed, lines| operator_stub(&made_from(seed, lines), Vec::new());
    let words = "--scenario mix=attack:1 --attacks crooked --rate 20 --duration 1s";
    let (nobody, one) = ("a store that nobody seeded", "a store of 1 lines made from seed 1");
    for (operator, file, wanted, found) in [
        (stub(7, 1_000), &own, nobody, "a store of 1000 lines made from seed 7"),
        (demo.text("/operator").to_owned(), &seeded, one, nobody),
        (stub(2, 1), &seeded, one, "a store of 1 lines made from seed 2"),
        (stub(1, 2), &seeded, one, "a store of 2 lines made from seed 1"),
    ] {
        let out = demo.folder().join("not-begun");
        let words = format!("{words} --out {}", out.display());
        let ended = load_verified_by(&operator, &demo, file, &words);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        let both = format!("are of {wanted}, and the operator API at {operator}/ has {found}");
        assert!(ended.err.contains(&both), "{both}: {ended:?}");
        assert!(!out.exists(), "nothing is written by a run that does not begin");
    }
    let operator = operator_stub(&made_from(1, 1), vec![verified(true, 0)]);
    let ended = load_verified_by(&operator, &demo, &seeded, words);
    assert_eq!(Found::by(&ended).result["verdict"], "passed", "{ended:?}");
}

#[test]
fn the_configuration_for_load_tests_is_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/load.toml");
    let ended = run(&mut linepass(&["config", "check", "--config", &file.display().to_string()]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_wrong_argument_is_named_with_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.jsonl").display().to_string();
    fs::write(&empty, "{\"kind\":\"seed\",\"seed\":1,\"lines\":0}\n").expect("writes");
    let good = made_up_credentials(folder.path());
    let none = folder.path().join("none").display().to_string();
    let (here, foreign) = ("http://127.0.0.1:1", "https://pay.example.jp");
    let not_here = "https://10.0.0.1";
    let table = [
        (here, &good, "", "--rate"),
        (here, &good, "--rate 1 --clients 1", "cannot be used with"),
        (here, &good, "--rate 0", "0.1 to 1000000; zero is too few"),
        (here, &good, "--ramp 0..9", "'--ramp <A..B>': allowed is A..B with starts a second"),
        (here, &good, "--rate 1 --connections 0", "a whole number from 1 to 5000; zero is too few"),
        (here, &good, "--rate 1 --duration 0s", "'--duration <TIME>': zero is too short: write"),
        (here, &good, "--rate 1 --duration 0", "'--duration <TIME>': zero is too short: write"),
        (here, &good, "--rate 1 --timeout 0", "'--timeout <TIME>': zero is too short: write"),
        (here, &good, "--rate 1 --timeout 0s", "'--timeout <TIME>': zero is too short: write"),
        (here, &good, "--rate 1 --scenario buy", "allowed is one of login"),
        (foreign, &good, "--rate 1", "--i-own-this-host"),
        (not_here, &good, "--rate 1 --i-own-this-host --insecure-ca", "loopback only"),
        (here, &empty, "--rate 1", "no line with a passport ID"),
        (here, &none, "--rate 1", "--credentials"),
        (here, &good, "--rate 1", "no answer: no connection"),
        (here, &good, "--rate 1 --capacity 9", "--capacity: only a ladder"),
        (here, &good, "--rate 1 --attacks guess", "--attacks: nothing of --scenario"),
        (here, &good, "--clients 1 --connections 2", "--connections: a closed loop has one"),
        (here, &good, "--clients 1 --spacing even", "--spacing: the clients of a closed loop"),
        (here, &good, "--rate 1 --sessions 9", "--sessions: nobody is signed in beforehand"),
        (here, &good, "--rate 1 --ca none.pem", "--ca: http:// has no certificate"),
        (here, &good, "--rate 1 --insecure-ca", "--insecure-ca: http:// has no"),
        (here, &good, "--rate 1 --config none.toml", "--config: it is for verify alone"),
        (here, &good, "--rate 1 --lines 2000000", "--lines: 2000000 are more than"),
        (here, &good, "--rate 1 --lines -1", "'--lines <N>': allowed is a whole number from 1"),
        (here, &good, "--rate 1 --connections x", "'--connections <N>': allowed is a whole number"),
        (here, &good, "--rate 1 --seed 1e3", "'--seed <N>': allowed is a whole number from 0"),
        (here, &good, "--rate 1 --duration -1s", "'--duration <TIME>': write a length of time"),
        (here, &good, "--rate 1 --duration 100000h", "allowed is a length of time up to 7d"),
        (here, &good, "--rate 1 --server-pid 4294967295", "--server-pid"),
    ];
    for (url, credentials, words, expected) in table {
        let ended = load(url, credentials, words);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{words}: {ended:?}");
        assert!(ended.err.contains(expected), "{expected}: {ended:?}");
    }
}

#[test]
fn a_server_behind_tls_is_loaded_with_its_certificate_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let port = free_port();
    let issuer = format!("https://127.0.0.1:{port}");
    let (certificate, key) = (path("server.crt"), path("server.key"));
    let (listen, operator) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", free_port()));
    let mut serve = linepass(&["serve"]);
    serve.envs([
        ("LINEPASS__SERVER__ISSUER", issuer.as_str()),
        ("LINEPASS__SERVER__LISTEN", &listen),
        ("LINEPASS__OPERATOR__LISTEN", &operator),
        ("LINEPASS__OPERATOR__TOKEN_FILE", &path("operator.token")),
        ("LINEPASS__TLS__ENABLED", "true"),
        ("LINEPASS__TLS__CERTIFICATE_FILE", &certificate),
        ("LINEPASS__TLS__KEY_FILE", &key),
        ("LINEPASS__STORE__PATH", &path("store")),
        ("LINEPASS__KEYS__MASTER_KEY_FILE", &path("master.key")),
        ("LINEPASS__LOG__FOLDER", ""),
    ]);
    let _server = Started::spawn(&mut serve);
    until("its certificate", || {
        let made = fs::read_to_string(&certificate).ok()?;
        made.contains("END CERTIFICATE").then_some(())
    });
    until("it listens", || TcpStream::connect(&listen).ok());
    // Crooked requests need no line and no provider.
    let file = made_up_credentials(folder.path());
    let words = "--scenario mix=attack:1 --attacks crooked --rate 30 --duration 1s --sources 3";
    for trust in [format!("--ca {certificate}").as_str(), "--insecure-ca"] {
        let found = Found::at(&issuer, &file, &format!("{words} {trust}"));
        assert_eq!(found.code, Some(0), "{trust}: {found}");
        // A busy machine may not come to the last of them in time.
        let begun = found.count("begun");
        assert!(begun > 0 && found.count("ok") == begun, "{found}");
    }
    let ended = load(&issuer, &file, words);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let told = "no TLS: invalid peer certificate: UnknownIssuer; the system's authorities do not know who gave \
                it; --ca FILE names the certificate";
    assert!(ended.err.contains(told), "{ended:?}");
    let another = path("another.crt");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    fs::write(&another, made.cert.pem()).expect("writes");
    let ended = load(&issuer, &file, &format!("{words} --ca {another}"));
    let told =
        format!("--ca {another}: none of its authorities gave it; wanted is the certificate");
    assert!(ended.code == Some(2) && ended.err.contains(&told), "{ended:?}");
    let plain = issuer.replace("https", "http");
    let ended = load(&plain, &file, words);
    let told = format!("it speaks TLS at this port: write --url {issuer}\n");
    assert!(ended.code == Some(2) && ended.err.ends_with(&told), "{ended:?}");
}

#[test]
fn a_plain_server_that_is_asked_over_tls_is_told_as_one_and_another_server_as_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let demo = Demo::start();
    let ended = load(&demo.issuer().replace("http", "https"), &file, "--rate 1");
    let told = format!("it speaks plain HTTP at this port: write --url {}\n", demo.issuer());
    assert!(ended.code == Some(2) && ended.err.contains("no TLS: "), "{ended:?}");
    assert!(ended.err.ends_with(&told), "{ended:?}");
    // One that speaks what it was asked in and is another program has no other scheme to be told of.
    let ended = load(demo.text("/operator"), &file, "--rate 1");
    assert!(ended.code == Some(2) && ended.err.ends_with("and it is no Linepass\n"), "{ended:?}");
}

/// Whoever is to ask again hears that, and not that there is no Linepass; no other scheme is asked.
#[test]
fn a_server_that_turns_requests_away_is_told_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let busy = always_answers("503 Service Unavailable\r\nretry-after: 1");
    let (url, asked) = counting_relay(&busy);
    let ended = load(&url, &file, "--rate 1");
    let told = "503: it turns requests away now (busy or in maintenance); try again\n";
    assert!(ended.code == Some(1) && ended.err.ends_with(told), "{ended:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "once, as it was told to");
}

#[test]
fn a_run_that_does_not_begin_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = made_up_credentials(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (out, ledger, nowhere) = (path("runs/one"), path("new.jsonl"), path("none/new.jsonl"));
    for (words, code, told) in [
        (format!("--rate 1 --out {out} --ledger {ledger}"), 2, "has a per-use service"),
        (format!("--scenario login --rate 1 --out {out} --ledger {file}"), 3, "--ledger "),
        (format!("--scenario login --rate 1 --out {out} --ledger {nowhere}"), 1, "--ledger "),
        (
            format!("--scenario login --rate 1 --out {file} --ledger {ledger}"),
            3,
            "is no folder; a new",
        ),
    ] {
        let ended = load(&issuer_that_answers("200 OK"), &file, &words);
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{words}: {ended:?}");
        assert!(ended.err.contains(told), "{told}: {ended:?}");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("reads").collect();
        assert_eq!(left.len(), 1, "the credentials alone: {left:?}");
    }
}

/// Nobody was asked to buy anything, so the same command may be given again.
#[test]
fn a_run_whose_preparation_fails_leaves_nothing_behind() {
    let demo = demo_with(&[]);
    let file = credentials(&demo);
    let (folder, ledger) = (demo.folder().join("runs"), demo.folder().join("asked.jsonl"));
    let words = format!("--scenario press --rate 1 --out {}", folder.join("one").display());
    for more in [String::new(), format!(" --ledger {}", ledger.display())] {
        let ended = load(&issuer_that_answers("200 OK"), &file, &format!("{words}{more}"));
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(!folder.exists() && !ledger.exists(), "{more}: {ended:?}");
    }
    let found = Found::at(demo.issuer(), &file, &format!("{words} --duration 1s"));
    assert!(found.code == Some(0) && folder.join("one/ledger.jsonl").exists(), "{found}");
}
