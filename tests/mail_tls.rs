//! Mails go over TLS and after a login, and neither to a stranger nor in the clear (RFC 3207, RFC 8314,
//! security.md 67).

mod common;
mod mailbox;

use common::{Demo, Options};
use mailbox::{Server, buy, scraped, until};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// A certificate for `localhost` with its key, in files.
fn certificate(folder: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let (certificate, key) = (folder.join("tls.pem"), folder.join("tls.key"));
    fs::write(&certificate, made.cert.pem()).expect("writes");
    fs::write(&key, made.signing_key.serialize_pem()).expect("writes");
    (certificate.display().to_string(), key.display().to_string())
}

fn password_file(folder: &Path, name: &str, password: &str, mode: u32) -> String {
    let file = folder.join(name);
    fs::write(&file, format!("{password}\n")).expect("writes");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("sets");
    file.display().to_string()
}

#[test]
fn mails_go_over_tls_with_a_login_and_not_to_a_stranger() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = certificate(folder.path());
    let password = "canary-relay-password";
    let right = password_file(folder.path(), "right", password, 0o600);
    let wrong = password_file(folder.path(), "wrong", "canary-wrong-password", 0o600);
    let open = password_file(folder.path(), "open", password, 0o644);
    let base = ["--certificate", &certificate, "--key", &key];
    let login = ["--user", "linepass", "--password-file", &right];
    for (tls, more) in [("starttls", &[][..]), ("implicit", &["--implicit"][..])] {
        let server = Server::with(0, &[&base[..], &login[..], more].concat());
        let with = |password_file: &'_ str, ca_file: &'_ str| {
            vec![
                ("LINEPASS__MAIL__HOST", "localhost".to_owned()),
                ("LINEPASS__MAIL__TLS", tls.to_owned()),
                ("LINEPASS__MAIL__CA_FILE", ca_file.to_owned()),
                ("LINEPASS__MAIL__USER", "linepass".to_owned()),
                ("LINEPASS__MAIL__PASSWORD_FILE", password_file.to_owned()),
            ]
        };
        let start = |more: Vec<(&'static str, String)>| {
            let env = server.env().into_iter().chain(more).collect();
            Demo::with(&Options { env, ..Options::default() })
        };
        let demo = start(with(&right, &certificate));
        let (receipt, _) = buy(&demo, "sakura01");
        let mail = server.mail_with(&receipt);
        assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!("linepass")), "{tls}");
        assert!(!demo.log().contains("canary-"), "{tls}");
        // A wrong password and a certificate that nobody vouches for: the mail stays here.
        for (password_file, ca_file) in [(&*wrong, &*certificate), (&right, "")] {
            let demo = start(with(password_file, ca_file));
            let before = server.mails().len();
            for _ in 0..4 {
                buy(&demo, "sakura01");
            }
            until("silence", || {
                (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(())
            });
            assert_eq!(server.mails().len(), before, "{tls}");
            assert!(!demo.log().contains("canary-"), "{tls}");
        }
    }
    // A password that others can read stops the start.
    let mut command = Command::new(env!("CARGO_BIN_EXE_linepass"));
    let own = tempfile::tempdir().expect("a folder");
    command.args(["demo", "--json", "--data"]).arg(own.path());
    // How full the machine's disk is must not be what stops it.
    command.env("LINEPASS__STORE__MIN_FREE_SPACE_BYTES", "16777216");
    for (key, value) in [
        ("TRANSPORT", "smtp"),
        ("USER", "linepass"),
        ("PASSWORD_FILE", open.as_str()),
        ("FROM_ADDRESS", "noreply@pay.example.jp"),
    ] {
        command.env(format!("LINEPASS__MAIL__{key}"), value);
    }
    let ended = command.output().expect("runs");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("mail.password_file") && told.contains("0644"), "{told}");
}

#[test]
fn without_starttls_nothing_is_sent_in_the_clear() {
    // The server knows no TLS, and is asked for STARTTLS.
    let server = Server::start();
    let demo = server.demo_with(&[("LINEPASS__MAIL__TLS", "starttls")]);
    for _ in 0..4 {
        buy(&demo, "sakura01");
    }
    until("silence", || (scraped(&demo, "linepass_mail_server_silent") > 0.5).then_some(()));
    assert!(server.mails().is_empty());
}
