//! The public listener on a network: TLS, HTTP/2, certificates and their change.

mod common;
mod process;
mod wire;

use common::{Demo, Options, anime, unique};
use process::{Ended, PATIENCE, free_port, linepass, run};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};
use wire::{Served, Wire, serve, spawn};

/// What curl printed, and whether it was content.
fn curl(arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30"]);
    let ran = command.args(arguments).output();
    let output = ran.expect("curl runs; install it: apt-get install curl");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The version that curl spoke with the server, with these options more.
fn version(served: &Served, certificate: &Path, options: &[&str]) -> (bool, String) {
    let port = served.listen.rsplit(':').next().expect("a port");
    let url = format!("https://localhost:{port}/");
    let certificate = certificate.to_str().expect("a path");
    let fixed =
        ["--cacert", certificate, "--output", "/dev/null", "--write-out", "%{http_version}"];
    curl(&[&fixed, options, &[&url]].concat())
}

fn files(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("certs/server.crt"), folder.join("certs/server.key"))
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("a file").permissions().mode() & 0o7777
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[test]
fn the_first_start_makes_a_development_certificate_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let issuer = ("LINEPASS__SERVER__ISSUER", "https://linepass.test");
    let served = serve(folder.path(), &[issuer]);
    let (certificate, key) = files(folder.path());
    assert_eq!((mode(&key), mode(&certificate) & 0o444), (0o600, 0o444));
    for name in ["localhost", "127.0.0.1", "::1", "linepass.test"] {
        let answer = Wire::tls_as(&served.listen, name, &certificate, b"").send(GET).rest();
        assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    }
    let before = (fs::read(&certificate).expect("reads"), fs::read(&key).expect("reads"));
    served.started.signal("TERM");
    let ended = served.started.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("a development certificate was made"), "{ended:?}");
    assert!(ended.err.contains("that no browser trusts"), "{ended:?}");

    let again = serve(folder.path(), &[issuer]);
    again.started.signal("TERM");
    let ended = again.started.ended();
    assert!(ended.err.contains("that no browser trusts"), "it is told at each start: {ended:?}");
    assert!(!ended.err.contains("was made"), "{ended:?}");
    assert_eq!(before, (fs::read(&certificate).expect("reads"), fs::read(&key).expect("reads")));

    // What a crash while they were made leaves is in nobody's way.
    fs::rename(&key, folder.path().join("certs/server.key.new")).expect("renames");
    let after_crash = serve(folder.path(), &[issuer]);
    after_crash.started.signal("TERM");
    let ended = after_crash.started.ended();
    assert!(ended.err.contains("a development certificate was made"), "{ended:?}");
    assert_eq!(
        (mode(&key), fs::read_dir(folder.path().join("certs")).expect("a folder").count()),
        (0o600, 2)
    );
}

#[test]
fn monitoring_reads_when_the_certificate_expires() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &[]);
    let scrape = common::Http::new().get(&format!("http://{}/metrics", served.operator), &[]).body;
    let name = "linepass_tls_certificate_expires_timestamp_seconds ";
    let expires = scrape.lines().find_map(|line| line.strip_prefix(name)).expect("a figure");
    let (certificate, _) = files(folder.path());
    let pem = std::fs::read(certificate).expect("a certificate");
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).expect("PEM");
    let parsed = pem.parse_x509().expect("a certificate");
    assert_eq!(expires, parsed.validity().not_after.timestamp().to_string());
}

#[test]
fn http_2_and_1_1_and_tls_1_2_and_1_3_are_spoken() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &[]);
    let (certificate, _) = files(folder.path());
    let table: &[(&[&str], &str)] = &[
        (&["--http2"], "2"),
        (&["--http1.1"], "1.1"),
        (&["--http2", "--tlsv1.3"], "2"),
        (&["--http2", "--tls-max", "1.2"], "2"),
        // ALPN of neither: HTTP/1.1.
        (&["--http1.1", "--no-alpn"], "1.1"),
    ];
    for (options, expected) in table {
        let spoken = version(&served, &certificate, options);
        assert_eq!(spoken, (true, (*expected).to_owned()), "{options:?}");
    }
    let (old, said) = version(&served, &certificate, &["--tlsv1.0", "--tls-max", "1.1"]);
    assert!(!old, "TLS 1.1 is refused: {said}");
    let (plain, said) = curl(&[&format!("http://{}/", served.listen)]);
    assert!(!plain, "plain HTTP is refused: {said}");
}

#[test]
fn over_tls_the_flow_s_cookie_is_the_host_s_and_secure() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::with(&Options { folder: Some(folder.path()), ..Options::default() });
    let provider = demo.provider();
    let parameters = provider.parameters(Some(&anime(&unique())));
    assert_eq!(demo.terminate().code(), Some(0));

    let served = serve(folder.path(), &[]);
    let (certificate, _) = files(folder.path());
    let ask = |request: String| {
        Wire::tls(&served.listen, &certificate, b"").send(request).rest().to_lowercase()
    };
    let body =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let pushed = ask(format!(
        "POST /oauth/par HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert!(pushed.starts_with("http/1.1 201"), "{pushed}");
    // Read again from the answer as it was written: the lower case is for the headers alone.
    let sent = Wire::tls(&served.listen, &certificate, b"")
        .send(format!(
            "POST /oauth/par HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .rest();
    let (_, json) = sent.split_once("\r\n\r\n").expect("a body");
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let url = provider.authorize_url(json["request_uri"].as_str().expect("a request_uri"));
    let path = url.strip_prefix(&provider.issuer).expect("of the issuer");
    let arrived = ask(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    assert!(arrived.starts_with("http/1.1 303"), "{arrived}");
    let cookie = arrived.lines().find(|line| line.starts_with("set-cookie: __host-lp_"));
    let cookie = cookie.unwrap_or_else(|| panic!("{arrived}"));
    for attribute in ["; secure", "; httponly", "; path=/", "; samesite=lax"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    assert!(!cookie.contains("domain="), "{cookie}");
}

/// Another certificate for `localhost`, with its key.
fn certificate() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    (cert.pem(), signing_key.serialize_pem())
}

/// Puts new files in the place of the old ones, as careful tools do.
fn replace(folder: &Path, certificate: &str, key: &str) {
    let (certificate_file, key_file) = files(folder);
    for (file, text, mode) in [(certificate_file, certificate, 0o644), (key_file, key, 0o600)] {
        let fresh = file.with_extension("new");
        fs::write(&fresh, text).expect("writes");
        fs::set_permissions(&fresh, fs::Permissions::from_mode(mode)).expect("sets");
        fs::rename(&fresh, &file).expect("renames");
    }
}

/// Asks again and again until a certificate is the one in force.
fn wait_for(served: &Served, certificate: &Path) {
    let began = Instant::now();
    while !version(served, certificate, &[]).0 {
        assert!(began.elapsed() < PATIENCE, "it is never taken");
    }
}

#[test]
fn a_new_certificate_is_taken_without_a_restart_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &[]);
    let trusted = folder.path().join("trusted.crt");
    // By looking.
    let (first, key) = certificate();
    fs::write(&trusted, &first).expect("writes");
    assert!(!version(&served, &trusted, &[]).0, "not yet");
    replace(folder.path(), &first, &key);
    wait_for(&served, &trusted);
    // A key of another certificate, and no certificate at all: the one in force stays.
    let (second, other_key) = certificate();
    replace(folder.path(), &second, &key);
    served.started.signal("HUP");
    assert!(version(&served, &trusted, &[]).0, "the old one stays");
    replace(folder.path(), "rubbish", &other_key);
    served.started.signal("HUP");
    assert!(version(&served, &trusted, &[]).0, "the old one stays");
    // By SIGHUP.
    replace(folder.path(), &second, &other_key);
    fs::write(&trusted, &second).expect("writes");
    served.started.signal("HUP");
    wait_for(&served, &trusted);
    served.started.signal("TERM");
    let ended = served.started.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("the new TLS certificate cannot be used; the old"), "{ended:?}");
    assert!(ended.err.contains("is not the key of the certificate"), "{ended:?}");
    assert!(!ended.err.contains("PRIVATE"), "no key in the log: {ended:?}");
}

/// How a start ended with these files and modes.
fn start_with(certificate: Option<&str>, key: Option<(&str, u32)>) -> (tempfile::TempDir, Ended) {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate_file, key_file) = files(folder.path());
    fs::create_dir(folder.path().join("certs")).expect("creates");
    if let Some(text) = certificate {
        fs::write(certificate_file, text).expect("writes");
    }
    if let Some((text, mode)) = key {
        fs::write(&key_file, text).expect("writes");
        fs::set_permissions(&key_file, fs::Permissions::from_mode(mode)).expect("sets");
    }
    let ended = spawn(folder.path(), &[]).started.ended();
    (folder, ended)
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_stops_the_start() {
    type Case<'a> = (Option<&'a str>, Option<(&'a str, u32)>, [&'a str; 3], &'a str);
    let (good, key) = certificate();
    let other = KeyPair::generate().expect("a key").serialize_pem();
    let (key, other) = (key.as_str(), other.as_str());
    let of_certificate = ["tls.certificate_file", "server.crt", "linepass.toml:7"];
    let of_key = ["tls.key_file", "server.key", "linepass.toml:8"];
    let cut = &good[..good.len() / 2];
    let table: [Case<'_>; 9] = [
        (None, Some((key, 0o600)), of_certificate, "cannot be read"),
        (Some(&good), None, of_key, "cannot be read"),
        (Some(""), Some((key, 0o600)), of_certificate, "holds no certificate"),
        (Some("rubbish"), Some((key, 0o600)), of_certificate, "holds no certificate"),
        (Some(cut), Some((key, 0o600)), of_certificate, "is not PEM"),
        (Some(key), Some((key, 0o600)), of_certificate, "holds no certificate"),
        (Some(&good), Some(("rubbish", 0o600)), of_key, "holds no private key"),
        (Some(&good), Some((other, 0o600)), of_key, "is not the key of the certificate"),
        (Some(&good), Some((key, 0o604)), of_key, "has mode 0604"),
    ];
    for (certificate, key, named, problem) in table {
        let (folder, ended) = start_with(certificate, key);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{problem}: {ended:?}");
        for part in named.iter().chain(&[problem, "allowed: a PEM file"]) {
            assert!(ended.err.contains(part), "{part}: {ended:?}");
        }
        assert!(!ended.err.contains("PRIVATE"), "{ended:?}");
        let file = folder.path().join("linepass.toml");
        let checked = run(linepass(&["config", "check", "--config"]).arg(file));
        assert_eq!(checked.code, Some(1), "{checked:?}");
        assert!(checked.err.contains(problem), "{checked:?}");
        assert!(!folder.path().join("store").exists(), "nothing was made");
    }
    // The group may read the key, as tools that share one do.
    let (certificate, key) = (good, key.to_owned());
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("certs")).expect("creates");
    replace(folder.path(), &certificate, &key);
    let (_, key_file) = files(folder.path());
    fs::set_permissions(key_file, fs::Permissions::from_mode(0o640)).expect("sets");
    drop(serve(folder.path(), &[]));
}

/// security.md 53
#[test]
fn tls_comes_after_the_proxy_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let listen = format!("127.0.0.1:{}", free_port());
    let _served = serve(
        folder.path(),
        &[
            ("LINEPASS__PROXY_PROTOCOL__LISTEN", &listen),
            ("LINEPASS__PROXY_PROTOCOL__TRUSTED_PEERS", "127.0.0.1"),
        ],
    );
    let (certificate, _) = files(folder.path());
    let header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x0a\0\0\x01\x12\x34\x1f\x90";
    let answer = Wire::tls(&listen, &certificate, header).send(GET).rest();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let hello = Wire::plain(&listen).send(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaaaa").rest();
    assert_eq!(hello, "", "a handshake without a header");
    let ports = listen.rsplit(':').next().expect("a port");
    let certificate = certificate.to_str().expect("a path");
    let url = format!("https://localhost:{ports}/");
    assert!(!curl(&["--cacert", certificate, &url]).0, "a client that is no balancer");
}

#[test]
fn a_stop_ends_idle_tls_connections_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = serve(folder.path(), &[("LINEPASS__SERVER__SHUTDOWN_TIMEOUT_S", "600")]);
    let (certificate, _) = files(folder.path());
    let mut idle = Wire::tls(&served.listen, &certificate, b"");
    let head = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    assert!(idle.send(head).answer().starts_with("http/1.1 200"));
    served.started.signal("TERM");
    let ended = served.started.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(idle.rest(), "");
}
