//! Where a webhook does not go: after a redirect, into a network that nobody allowed, to a stranger's
//! certificate (security.md 45, reliability.md 24).

mod common;
mod webhook;

use common::{
    door::{figure, until},
    operator::Operator,
    receiver::{Receiver, Reply},
};
use rustls::ServerConfig;
use serde_json::json;
use std::sync::Arc;
use webhook::{buy, demo, demo_on, message_of, secret, seen};

#[test]
fn a_redirect_is_not_followed_security_45() {
    let inside = Receiver::taking();
    let location = format!("location: {}\r\n", inside.url());
    let receiver =
        Receiver::with(move |_, _| Reply::Answer("307 Temporary Redirect", location.clone()));
    let demo = demo(&receiver);
    buy(&demo, "sakura01");
    until("three tries", || (receiver.received().len() >= 3).then_some(()));
    assert_eq!(inside.connections(), 0);
    until("the figure", || {
        (figure(&demo, r#"linepass_webhook_failed_total{reason="redirect"}"#) >= 3).then_some(())
    });
}

#[test]
fn an_address_inside_a_network_is_neither_registered_nor_called_security_45() {
    let receiver = Receiver::taking();
    // A name that stands for this machine, whose network nobody allowed.
    let url = format!("https://localhost:{}/webhook", receiver.port());
    let closed = [("LINEPASS__WEBHOOK__ALLOWED_NETWORKS", "10.255.255.0/24")];
    let demo = demo_on(None, &url, &closed);
    let operator = Operator::of(&demo);
    buy(&demo, "sakura01");
    until("it is refused", || {
        (figure(&demo, r#"linepass_webhook_failed_total{reason="address_not_allowed"}"#) >= 2)
            .then_some(())
    });
    assert_eq!(receiver.connections(), 0);
    assert_eq!(seen(&operator)["messages"][0]["reason"], "address_not_allowed");
    for address in [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://0x7f000001/",
        "https://10.0.0.1:8443/",
        "http://shop.example/",
        "http://1.1.1.1/",
        "https://u:p@shop.example/",
        "shop.example",
    ] {
        let body = json!({ "reason": "r", "url": address }).to_string();
        let answer = operator.send("POST", "/providers/b-sha/webhook", &body);
        assert_eq!(answer.status, 422, "{address}: {answer:?}");
        let detail = answer.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.starts_with("url: "), "{address}: {detail}");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_gets_no_message_reliability_24() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("made");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, made.cert.pem()).expect("writes");
    let key = made.signing_key.serialize_der().try_into().expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let receiver = Receiver::over_tls(Arc::new(config));
    let url = format!("https://localhost:{}/webhook", receiver.port());

    let stranger = demo_on(None, &url, &[]);
    buy(&stranger, "sakura01");
    until("it is refused", || {
        (figure(&stranger, r#"linepass_webhook_failed_total{reason="tls"}"#) >= 2).then_some(())
    });
    assert_eq!(receiver.received().len(), 0);
    let authority = authority.display().to_string();
    let known = demo_on(None, &url, &[("LINEPASS__WEBHOOK__CA_FILE", &authority)]);
    let message = message_of(&buy(&known, "sakura01"));
    let received = until("the message", || receiver.received().first().cloned());
    assert_eq!((received.id.as_str(), received.signed_by(secret(&known))), (&*message, 1));
    // Another name on the certificate is a stranger's too.
    let elsewhere = format!("https://127.0.0.1:{}/webhook", receiver.port());
    let wrong_name = demo_on(None, &elsewhere, &[("LINEPASS__WEBHOOK__CA_FILE", &authority)]);
    buy(&wrong_name, "sakura01");
    until("it is refused", || {
        (figure(&wrong_name, r#"linepass_webhook_failed_total{reason="tls"}"#) >= 1).then_some(())
    });
    assert_eq!(receiver.received().len(), 1);
}
