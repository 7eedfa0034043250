//! The operators' listener: TLS with client certificates where it leaves loopback, and the bounds of
//! each request, told as problem details (security.md 66, 69).

mod common;
mod process;
mod wire;

use common::{Demo, Options, operator::Operator};
use process::{PATIENCE, Started, free_port, linepass, run};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::ClientConfig;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use wire::Wire;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// An authority, with its certificate in a file of this name.
fn authority(folder: &Path, name: &str) -> Authority {
    let mut parameters = CertificateParams::new(vec![]).expect("parameters");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(parameters, key).expect("an authority");
    fs::write(folder.join(format!("{name}.crt")), authority.pem()).expect("writes");
    authority
}

/// A certificate for `localhost` that serves and asks, valid until this year, and its key.
fn certificate(folder: &Path, name: &str, issuer: &Authority, until: i32) -> (PathBuf, PathBuf) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut parameters = CertificateParams::new(names).expect("parameters");
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.not_before = date_time_ymd(2019, 1, 1);
    parameters.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = parameters.signed_by(&key, issuer).expect("a certificate");
    let files = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
    fs::write(&files.0, certificate.pem()).expect("writes");
    fs::write(&files.1, key.serialize_pem()).expect("writes");
    fs::set_permissions(&files.1, PermissionsExt::from_mode(0o600)).expect("chmod");
    files
}

/// What a client shows and believes.
fn client(folder: &Path, (certificate, key): &(PathBuf, PathBuf)) -> Arc<ClientConfig> {
    let config = linepass::net::mutual::client_config(&folder.join("ca.crt"), certificate, key);
    config.expect("files that can be used")
}

/// `serve` with an operators' listener on all addresses, in this folder.
fn command(folder: &Path, port: u16) -> Command {
    let mut command = linepass(&["serve"]);
    for (key, value) in [
        ("SERVER__LISTEN", format!("127.0.0.1:{}", free_port())),
        ("OPERATOR__LISTEN", format!("0.0.0.0:{port}")),
        ("OPERATOR__TOKEN_FILE", text(&folder.join("operator.token"))),
        ("OPERATOR_TLS__ENABLED", "true".to_owned()),
        ("OPERATOR_TLS__CERTIFICATE_FILE", text(&folder.join("server.crt"))),
        ("OPERATOR_TLS__KEY_FILE", text(&folder.join("server.key"))),
        ("OPERATOR_TLS__CLIENT_CA_FILE", text(&folder.join("ca.crt"))),
        ("TLS__RELOAD_EVERY_S", "1".to_owned()),
        ("STORE__PATH", text(&folder.join("store"))),
        ("KEYS__MASTER_KEY_FILE", text(&folder.join("master.key"))),
    ] {
        command.env(format!("LINEPASS__{key}"), value);
    }
    command
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What this client is answered; empty where it is turned away in the handshake.
fn ask(address: &str, config: Arc<ClientConfig>, path: &str, token: &str) -> String {
    let mut wire = Wire::tls_with(address, config);
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    // With TLS 1.3 the client learns of its refusal only when it has sent and reads.
    if wire.try_send(request.as_bytes()).is_err() { String::new() } else { wire.rest() }
}

/// Starts it and waits until it answers this client.
fn start(folder: &Path, right: &Arc<ClientConfig>) -> (Started, String) {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let mut started = Started::spawn(&mut command(folder, port));
    let began = Instant::now();
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(started.runs() && began.elapsed() < PATIENCE, "it does not start");
        thread::yield_now();
    }
    assert!(ask(&address, Arc::clone(right), "/healthz", "").starts_with("HTTP/1.1 200"));
    (started, address)
}

#[test]
fn away_from_loopback_a_certificate_and_a_token_are_asked_for_security_66() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (ours, foreign) = (authority(folder, "ca"), authority(folder, "foreign"));
    certificate(folder, "server", &ours, 2100);
    let own = certificate(folder, "own", &ours, 2100);
    let right = client(folder, &own);
    let (started, address) = start(folder, &right);
    let token = fs::read_to_string(folder.join("operator.token")).expect("a token");
    let token = token.trim();
    let status = "/operator/v1/maintenance";

    let with_both = ask(&address, Arc::clone(&right), status, token);
    assert!(with_both.starts_with("HTTP/1.1 200"), "{with_both}");
    let without_token = ask(&address, Arc::clone(&right), status, "none");
    assert!(without_token.starts_with("HTTP/1.1 401"), "{without_token}");

    // When its own certificate expires is told, for an alert before that.
    let scrape = ask(&address, Arc::clone(&right), "/metrics", "");
    let name = "linepass_operator_tls_certificate_expires_timestamp_seconds";
    let told = scrape.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    assert_eq!(told, Some("4102444800"), "2100-01-01: {scrape}");

    // Without a right certificate nothing is answered, not even to monitoring.
    let expired = client(folder, &certificate(folder, "expired", &ours, 2020));
    let from_elsewhere = client(folder, &certificate(folder, "elsewhere", &foreign, 2100));
    let none = wire::client_config(&folder.join("ca.crt"));
    for (what, config) in [("none", none), ("expired", expired), ("foreign", from_elsewhere)] {
        for path in ["/healthz", "/metrics", status] {
            assert_eq!(ask(&address, Arc::clone(&config), path, token), "", "{what} {path}");
        }
    }
    // Plain HTTP is no way around it.
    let mut plain = Wire::plain(&address);
    plain.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!plain.rest().contains("HTTP/1.1"));

    // The commands speak it.
    let port = address.rsplit(':').next().expect("a port");
    let url = format!("https://localhost:{port}");
    let status = |url: &str, files: &[(&str, &Path)]| {
        let mut command = linepass(&["maintenance", "status", "--json"]);
        command.env("LINEPASS_OPERATOR_URL", url);
        command.env("LINEPASS_OPERATOR_TOKEN_FILE", folder.join("operator.token"));
        run(command.envs(files.iter().copied()))
    };
    let ca = folder.join("ca.crt");
    let files = [
        ("LINEPASS_OPERATOR_CA_FILE", ca.as_path()),
        ("LINEPASS_OPERATOR_CERT_FILE", own.0.as_path()),
        ("LINEPASS_OPERATOR_KEY_FILE", own.1.as_path()),
    ];
    let told = status(&url, &files);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(serde_json::from_str::<Value>(&told.out).expect("JSON")["on"], false);
    let unnamed = status(&url, &files[..2]);
    assert_eq!(unnamed.code, Some(1), "{unnamed:?}");
    assert!(unnamed.err.contains("LINEPASS_OPERATOR_KEY_FILE"), "{unnamed:?}");
    let other_ca = folder.join("foreign.crt");
    let unknown_server =
        status(&url, &[("LINEPASS_OPERATOR_CA_FILE", other_ca.as_path()), files[1], files[2]]);
    assert_eq!(unknown_server.code, Some(1), "{unknown_server:?}");
    let in_the_clear = status(&format!("http://{}:{port}", "192.0.2.1"), &files);
    assert!(in_the_clear.err.contains("loopback"), "{in_the_clear:?}");

    // The configuration may name the same.
    let file = folder.join("client.toml");
    let named = format!(
        "[operator_client]\nca_file = {ca:?}\ncertificate_file = {:?}\nkey_file = {:?}\n",
        own.0, own.1
    );
    fs::write(&file, named).expect("writes");
    let mut command = linepass(&["maintenance", "status", "--config"]);
    command.arg(&file).env("LINEPASS_OPERATOR_URL", &url);
    command.env("LINEPASS_OPERATOR_TOKEN_FILE", folder.join("operator.token"));
    let told = run(&mut command);
    assert_eq!(told.code, Some(0), "{told:?}");

    started.signal("TERM");
    assert_eq!(started.ended().code, Some(0));
}

#[test]
fn its_certificate_is_replaced_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (ours, next) = (authority(folder, "ca"), authority(folder, "next"));
    certificate(folder, "server", &ours, 2100);
    let own = certificate(folder, "own", &ours, 2100);
    let (started, address) = start(folder, &client(folder, &own));
    // Another authority's certificate is known by who believes it.
    certificate(folder, "server", &next, 2100);
    let of_next = linepass::net::mutual::client_config(&folder.join("next.crt"), &own.0, &own.1);
    let of_next = of_next.expect("files");
    started.signal("HUP");
    let began = Instant::now();
    while ask(&address, Arc::clone(&of_next), "/healthz", "").is_empty() {
        assert!(began.elapsed() < PATIENCE, "it never takes the new certificate");
    }
}

#[test]
fn a_start_that_would_leave_it_open_is_refused_with_file_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let ours = authority(folder, "ca");
    let port = free_port();
    let mut open = command(folder, port);
    open.env("LINEPASS__OPERATOR_TLS__ENABLED", "false");
    let refused = run(&mut open);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("operator.listen: plain HTTP would leave"), "{refused:?}");
    let missing = run(&mut command(folder, port));
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("operator_tls.certificate_file"), "{missing:?}");
    assert!(missing.err.contains("server.crt"), "{missing:?}");
    certificate(folder, "server", &ours, 2100);
    for (content, wanted) in [("", "holds no certificate"), ("-----BEGIN", "ca.crt")] {
        fs::write(folder.join("ca.crt"), content).expect("writes");
        let refused = run(&mut command(folder, port));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains("operator_tls.client_ca_file"), "{refused:?}");
        assert!(refused.err.contains(wanted), "{refused:?}");
    }
    let checked = {
        let mut check = linepass(&["config", "check"]);
        check.env("LINEPASS__OPERATOR_TLS__ENABLED", "true");
        check.env("LINEPASS__OPERATOR_TLS__CERTIFICATE_FILE", folder.join("none.crt"));
        run(&mut check)
    };
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.err.contains("operator_tls.certificate_file"), "{checked:?}");
}

fn problem(answer: &str) -> (String, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/problem+json"), "{answer}");
    assert!(head.contains("cache-control: no-store"), "{answer}");
    assert!(head.contains("x-content-type-options: nosniff"), "{answer}");
    (head, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn slow_and_large_requests_end_and_every_refusal_is_a_problem_security_69() {
    // actix-http's clock has steps of half a second, so the first is longer than that.
    let short = [("REQUEST_HEADER", 600), ("REQUEST_BODY", 700), ("IDLE", 900)];
    let keys = short.map(|(what, ms)| (format!("LINEPASS__SERVER__{what}_TIMEOUT_MS"), ms));
    let env = keys.iter().map(|(key, ms)| (key.as_str(), ms.to_string())).collect();
    let demo = Demo::with(&Options { env, ..Options::default() });
    let operator = Operator::of(&demo);
    let address = operator.url.trim_start_matches("http://");
    let token = format!("authorization: Bearer {}\r\n", operator.token);
    let answer = |request: String| Wire::plain(address).send(request).rest();

    // A connection that says nothing, and a head that never ends.
    let silent = Wire::plain(address).rest();
    assert!(silent.is_empty() || silent.starts_with("HTTP/1.1 408"), "{silent}");
    let whole = answer("GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: x\r\n\r\n".to_owned());
    assert!(whole.starts_with("HTTP/1.1 200"), "with its end it is answered: {whole}");
    let said = Wire::plain(address)
        .send("GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
        .dribble(b"a", Duration::from_millis(50));
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    // A body that does not come.
    let slow = answer(format!(
        "PUT /operator/v1/maintenance HTTP/1.1\r\nhost: x\r\n{token}content-length: 100\r\n\
         content-type: application/json\r\n\r\n{{"
    ));
    assert!(slow.starts_with("HTTP/1.1 408"), "{slow}");
    let (_, told) = problem(&slow);
    assert_eq!((&told["status"], &told["code"]), (&408.into(), &"too_slow".into()));
    // A head and a body that are too large.
    let long = "x".repeat(20_000);
    let large = answer(format!("GET /operator/v1/mails HTTP/1.1\r\nhost: x\r\ny: {long}\r\n\r\n"));
    assert!(large.starts_with("HTTP/1.1 431"), "{large}");
    assert_eq!(problem(&large).1["code"], "head_too_large");
    let large = operator.send("PUT", "/maintenance", &long);
    assert_eq!((large.status, &large.json()["code"]), (413, &"unreadable_body".into()));

    // What does not exist or is not taken there, with and without a token.
    let ask = |method: &str, path: &str| {
        answer(format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{token}connection: close\r\n\r\n"))
    };
    for (method, path, status, code) in [
        ("GET", "/", 404, "no_such_route"),
        ("GET", "/wso/", 404, "no_such_route"),
        ("GET", "/operator/v1/nothing", 404, "no_such_route"),
        ("HEAD", "/operator/v1/nothing", 404, ""),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("DELETE", "/metrics", 405, "method_not_allowed"),
        ("PATCH", "/operator/v1/maintenance", 405, "method_not_allowed"),
        ("GET", "/operator/v1/keys/rotate", 405, "method_not_allowed"),
        ("HEAD", "/operator/v1/keys/rotate", 405, ""),
    ] {
        let answered = ask(method, path);
        let line = format!("HTTP/1.1 {status} ");
        assert!(answered.starts_with(&line), "{method} {path}: {answered}");
        let (head, told) = problem(&answered);
        assert_eq!(told["code"].as_str().unwrap_or_default(), code, "{method} {path}");
        assert_eq!(head.contains("allow: "), status == 405, "{method} {path}: {head}");
    }
    // What is answered is kept by nobody either.
    for path in ["/healthz", "/metrics", "/operator/v1/maintenance", "/operator/v1/openapi.json"] {
        let answered = ask("GET", path).to_ascii_lowercase();
        assert!(answered.starts_with("http/1.1 200"), "{answered}");
        assert!(answered.contains("cache-control: no-store"), "{path}: {answered}");
        assert!(answered.contains("x-content-type-options: nosniff"), "{path}: {answered}");
    }
}
