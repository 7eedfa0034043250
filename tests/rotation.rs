//! Keys are rotated in the running server and nothing that was made before is lost.

mod common;
mod inside;

use common::{
    Browser, Demo, Options, anime,
    door::{decisions, userinfo},
    operator::Operator,
    unique,
};
use inside::{Inside, after_s};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use linepass::app::keys::kept_for;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

fn rotate(operator: &Operator, kind: &str) -> Value {
    let body = json!({ "kind": kind, "reason": "yearly rotation" });
    operator.change("POST", "/keys/rotate", &body)
}

fn jwks(demo: &Demo) -> Value {
    jwks_at(demo.issuer())
}

fn jwks_at(issuer: &str) -> Value {
    Browser::new(issuer).open("/oauth/jwks.json").json()
}

fn kids(jwks: &Value) -> BTreeSet<String> {
    let keys = jwks["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// What a client does with a token and the keys it holds; the kid of the key that fits.
fn verify(jwks: &Value, token: &str, audience: &str) -> Option<String> {
    let kid = jsonwebtoken::decode_header(token).expect("a JWT").kid.expect("a kid");
    let keys = jwks["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == kid.as_str())?;
    let jwk: Jwk = serde_json::from_value(key.clone()).expect("a JWK");
    let key = DecodingKey::from_jwk(&jwk).expect("a public key");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[audience]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|_| kid)
}

/// A purchase through to its tokens.
fn tokens(demo: &Demo) -> Value {
    let browser = Browser::new(demo.issuer());
    let flow = common::purchase(demo, &browser, "sakura01", &anime(&unique()));
    let code = browser.go_back(&flow).parameter("code").expect("a code");
    let answer = demo.provider().exchange(&code);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn the_next_signing_key_was_shown_beforehand_and_no_verification_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { folder: Some(folder.path()), ..Default::default() };
    let mut demo = Demo::with(&options());
    let (operator, client) = (Operator::of(&demo), demo.provider().client_id);
    let (held, before) = (jwks(&demo), tokens(&demo));
    let first = verify(&held, text(&before, "id_token"), &client).expect("verifies");
    let rotated = rotate(&operator, "signing");
    assert_eq!(rotated["retired"], json!([]), "the first rotation takes nothing away");

    let after = tokens(&demo);
    let second = verify(&held, text(&after, "id_token"), &client);
    let second = second.expect("the set held since before the rotation has the key");
    assert_ne!(first, second, "another key signs");
    let fresh = jwks(&demo);
    assert!(verify(&fresh, text(&before, "id_token"), &client).is_some());
    assert_eq!(
        common::claims(text(&before, "id_token"))["sub"],
        common::claims(text(&after, "id_token"))["sub"]
    );
    // RS256 and ES256 with a new next key each; those of before are still shown.
    assert!(kids(&held).is_subset(&kids(&fresh)));
    assert_eq!((kids(&held).len(), kids(&fresh).len()), (4, 6));

    assert!(demo.terminate().success());
    let demo = Demo::with(&options());
    assert_eq!(kids(&jwks(&demo)), kids(&fresh), "a restart finds the same keys");
    let kept = verify(&jwks(&demo), text(&tokens(&demo), "id_token"), &client);
    assert_eq!(kept, Some(second));
}

#[test]
fn what_was_sealed_before_still_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || Options { folder: Some(folder.path()), ..Default::default() };
    let mut demo = Demo::with(&options());
    let (operator, provider) = (Operator::of(&demo), demo.provider());
    let before = tokens(&demo);
    let pushed = provider.push(Some(&anime(&unique())));
    let browser = Browser::new(demo.issuer());
    let flow = browser.arrive(&provider.push(Some(&anime(&unique()))));
    browser.log_in(&flow, "sakura01", demo.password("sakura01"));
    let (coded, code) = {
        let browser = Browser::new(demo.issuer());
        let flow = common::purchase(&demo, &browser, "sakura02", &anime(&unique()));
        let code = browser.go_back(&flow).parameter("code").expect("a code");
        (flow, code)
    };
    rotate(&operator, "sealing");

    // The code, the access token, the flow at its confirmation and the request that nobody opened.
    assert_eq!(provider.exchange(&code).status, 200, "{coded:?}");
    assert_eq!(userinfo(&provider, text(&before, "access_token")).status, 200);
    let bought = browser.buy(&flow);
    assert!(bought.status == 303 && bought.location().ends_with("/complete"), "{bought:?}");
    let late = Browser::new(demo.issuer());
    let late_flow = late.arrive(&pushed);
    assert_eq!(late.log_in(&late_flow, "sakura01", demo.password("sakura01")).status, 303);

    // And after a restart, all but codes, which end with the run that made them.
    assert!(demo.terminate().success());
    let options = Options {
        arguments: vec!["--port", demo.issuer().rsplit(':').next().expect("a port")],
        ..options()
    };
    let again = Demo::with(&options);
    assert_eq!(userinfo(&again.provider(), text(&before, "access_token")).status, 200);
    let bought = late.buy(&late_flow);
    assert!(bought.status == 303 && bought.location().ends_with("/complete"), "{bought:?}");
    assert_eq!(again.password("sakura01"), demo.password("sakura01"));
    tokens(&again);
}

#[test]
fn a_second_rotation_waits_until_nothing_of_the_key_before_is_left() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    for kind in ["signing", "sealing"] {
        let rehearsed = json!({ "kind": kind, "reason": "r", "dry_run": true });
        let told = operator.change("POST", "/keys/rotate", &rehearsed);
        assert_eq!((&told["dry_run"], &told["retired"]), (&json!(true), &json!([])));
        let made = rotate(&operator, kind);
        assert_ne!(made["keys"], told["keys"], "the rehearsal changed nothing");
        let text = made.to_string();
        assert!(!text.contains("wrapped"), "{text}");
        for body in [json!({ "kind": kind, "reason": "r" }), rehearsed] {
            let again = operator.send("POST", "/keys/rotate", &body.to_string());
            assert_eq!((again.status, &again.json()["code"]), (409, &json!("rotated_lately")));
        }
    }
    let logged = decisions(&demo, "rotate_keys", 4);
    let outcomes: Vec<_> =
        logged.iter().map(|line| line["outcome"].as_str().expect("one")).collect();
    assert_eq!(outcomes, ["accepted", "refused", "accepted", "refused"]);
    for body in [json!({ "kind": "subject", "reason": "r" }), json!({ "kind": "signing" })] {
        let refused = operator.send("POST", "/keys/rotate", &body.to_string());
        assert_eq!(refused.status, 422, "the keys behind sub and names never rotate: {refused:?}");
    }
}

#[test]
fn rotations_while_purchases_go_on_lose_none() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    std::thread::scope(|scope| {
        let buying: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| (0..4).map(|_| tokens(&demo)).collect::<Vec<_>>()))
            .collect();
        rotate(&operator, "sealing");
        rotate(&operator, "signing");
        let (keys, client) = (jwks(&demo), demo.provider().client_id);
        for bought in buying.into_iter().flat_map(|thread| thread.join().expect("buys")) {
            assert!(verify(&keys, text(&bought, "id_token"), &client).is_some());
        }
    });
}

#[test]
fn the_command_rotates_and_ends_with_the_codes_that_scripts_rely_on() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let run = |more: &[&str]| {
        let output = operator.run(&[&["key", "rotate", "--reason", "yearly"], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, out) = run(&["--kind", "sealing", "--dry-run"]);
    assert!(code == Some(0) && out.starts_with("Nothing was changed"), "{out}");
    let (code, out) = run(&["--kind", "sealing"]);
    assert!(code == Some(0) && out.contains("current") && out.contains("previous"), "{out}");
    assert_eq!(run(&["--kind", "sealing"]).0, Some(3));
    let (code, out) = run(&["--kind", "signing", "--json"]);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, told["keys"].as_array().map(Vec::len)), (Some(0), Some(6)));
    assert_eq!(run(&[]).0, Some(2));
}

#[test]
fn an_operator_who_goes_away_leaves_no_half_rotation() {
    let demo = Demo::start();
    let operator = Operator::of(&demo);
    let host = operator.url.trim_start_matches("http://");
    let body = json!({ "kind": "signing", "reason": "gone at once" }).to_string();
    let head = format!(
        "POST /operator/v1/keys/rotate HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        operator.token,
        body.len()
    );
    let mut stream = TcpStream::connect(host).expect("connects");
    stream.write_all(format!("{head}{body}").as_bytes()).expect("writes");
    drop(stream);
    let began = Instant::now();
    while kids(&jwks(&demo)).len() < 6 {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not in use");
        std::thread::yield_now();
    }
    assert!(
        verify(&jwks(&demo), text(&tokens(&demo), "id_token"), &demo.provider().client_id)
            .is_some()
    );
}

/// Asks for a rotation that is too early.
fn assert_too_soon(operator: &Operator, kind: &str) {
    let body = json!({ "kind": kind, "reason": "impatient" });
    let refused = operator.send("POST", "/keys/rotate", &body.to_string());
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("rotated_lately")));
}

#[test]
fn a_second_rotation_of_signing_keys_takes_the_first_away_and_no_earlier() {
    let inside = Inside::start(&[]);
    let (operator, client) = (&inside.operator, inside.provider().client_id);
    let kid = |keys: &Value, tokens: &Value| verify(keys, text(tokens, "id_token"), &client);
    let (began, first) = (inside.host.now(), inside.tokens());
    let held_first = jwks_at(&inside.issuer);
    let first_kid = kid(&held_first, &first).expect("verifies");
    rotate(operator, "signing");
    let (second, held_second) = (inside.tokens(), jwks_at(&inside.issuer));
    assert_eq!(kid(&held_second, &first).as_ref(), Some(&first_kid));

    let wait_s = kept_for(&inside.config.flow, &inside.config.portal).signed_s;
    for seconds in [0, 1, wait_s - 1] {
        inside.set(after_s(began, seconds));
        assert_too_soon(operator, "signing");
    }
    assert_eq!(kids(&jwks_at(&inside.issuer)), kids(&held_second), "nothing has changed");
    inside.set(after_s(began, wait_s));
    let rotated = rotate(operator, "signing");
    let retired = rotated["retired"].as_array().expect("kids");
    assert!(retired.len() == 2 && retired.contains(&json!(first_kid)), "{rotated}");

    let shown = jwks_at(&inside.issuer);
    assert!(!kids(&shown).contains(&first_kid) && kids(&shown).len() == 6);
    assert_eq!(kid(&shown, &first), None, "the first key is gone");
    assert!(kid(&shown, &second).is_some(), "the second is still shown");
    let third = inside.tokens();
    let third_kid = kid(&held_second, &third).expect("shown since the first rotation");
    assert!(Some(third_kid) != kid(&held_second, &second));
    assert_too_soon(operator, "signing");
}

#[test]
fn a_second_rotation_of_the_sealing_key_closes_what_the_first_sealed_and_no_earlier() {
    let inside = Inside::start(&[]);
    let (operator, provider) = (&inside.operator, inside.provider());
    let (began, sealed) = (inside.host.now(), inside.tokens());
    let open = || userinfo(&provider, text(&sealed, "access_token")).status;
    rotate(operator, "sealing");
    assert_eq!(open(), 200, "the previous key opens it");

    let wait_s = kept_for(&inside.config.flow, &inside.config.portal).sealed_s;
    for seconds in [0, 1, wait_s - 1] {
        inside.set(after_s(began, seconds));
        assert_too_soon(operator, "sealing");
    }
    // By a clock that is set back it has not expired: the key alone decides.
    inside.set(began);
    assert_eq!(open(), 200);
    inside.set(after_s(began, wait_s));
    assert_eq!(open(), 401, "no key goes before all that it sealed has expired");
    let rotated = rotate(operator, "sealing");
    assert_eq!(rotated["retired"].as_array().map(Vec::len), Some(1), "{rotated}");
    inside.set(began);
    assert_eq!(open(), 401, "nothing opens it any more");
    assert_eq!(userinfo(&provider, text(&inside.tokens(), "access_token")).status, 200);
    assert_too_soon(operator, "sealing");
}
