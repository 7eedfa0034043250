//! The ring as its callers see it.

use std::collections::HashSet;
use std::sync::LazyLock;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::*;
use crate::security::{Purpose, SecurityError};

const NOW_S: i64 = 1_790_000_000;

/// RSA keys take their time, so the tests share a first set.
static FIRST: LazyLock<(MasterKey, Vec<KeyRecord>)> = LazyLock::new(|| {
    let master = MasterKey::generate();
    let records = KeyRing::generate(&master, NOW_S).expect("keys");
    (master, records)
});

fn open(records: &[KeyRecord]) -> KeyRing {
    KeyRing::open(&FIRST.0, records).expect("a ring")
}

fn open_error(records: &[KeyRecord]) -> String {
    KeyRing::open(&FIRST.0, records).expect_err("it must not open").to_string()
}

/// What a client does: find the key by the token's kid in JWKS and check the signature.
fn verified_claims(jwks: &Value, token: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let keys = jwks["keys"].as_array().expect("a list");
    let key = keys.iter().find(|key| key["kid"].as_str() == header.kid.as_deref())?;
    let jwk: Jwk = serde_json::from_value(key.clone()).expect("a JWK");
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims = HashSet::new();
    validation.validate_exp = false;
    let decoding_key = DecodingKey::from_jwk(&jwk).expect("a public key");
    jsonwebtoken::decode::<Value>(token, &decoding_key, &validation).ok().map(|token| token.claims)
}

#[test]
fn the_first_set_is_complete() {
    let mut kinds: Vec<_> = FIRST.1.iter().map(|record| (record.purpose, record.state)).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            (KeyPurpose::Seal, KeyState::Current),
            (KeyPurpose::Subject, KeyState::Current),
            (KeyPurpose::PassportName, KeyState::Current),
            (KeyPurpose::SignRs256, KeyState::Next),
            (KeyPurpose::SignRs256, KeyState::Current),
            (KeyPurpose::SignEs256, KeyState::Next),
            (KeyPurpose::SignEs256, KeyState::Current),
        ]
    );
    let ids: HashSet<_> = FIRST.1.iter().map(|record| &record.kid).collect();
    assert_eq!(ids.len(), FIRST.1.len());
    assert!(FIRST.1.iter().all(|record| record.created_at_s == NOW_S));
}

#[test]
fn the_stored_shape_is_final() {
    let record = KeyRecord {
        kid: "abcdefgh".to_owned(),
        purpose: KeyPurpose::SignRs256,
        state: KeyState::Next,
        created_at_s: NOW_S,
        wrapped: "w".to_owned(),
    };
    let text = r#"{"kid":"abcdefgh","purpose":"sign_rs256","state":"next","created_at_s":1790000000,"wrapped":"w"}"#;
    assert_eq!(serde_json::to_string(&record).expect("JSON"), text);
    assert_eq!(serde_json::from_str::<KeyRecord>(text).expect("a record"), record);
    for purpose in [
        KeyPurpose::Seal,
        KeyPurpose::Subject,
        KeyPurpose::PassportName,
        KeyPurpose::SignRs256,
        KeyPurpose::SignEs256,
    ] {
        assert_eq!(json!(purpose), json!(purpose.to_string()), "one name in both places");
    }
    for state in [KeyState::Next, KeyState::Current, KeyState::Previous] {
        assert_eq!(json!(state), json!(state.to_string()));
    }
}

#[test]
fn what_is_missing_is_named() {
    for (purpose, name) in [
        (KeyPurpose::Seal, "seal"),
        (KeyPurpose::Subject, "subject"),
        (KeyPurpose::PassportName, "passport_name"),
        (KeyPurpose::SignRs256, "sign_rs256"),
        (KeyPurpose::SignEs256, "sign_es256"),
    ] {
        let mut records = FIRST.1.clone();
        records.retain(|record| record.purpose != purpose || record.state != KeyState::Current);
        let message = open_error(&records);
        assert_eq!(message, format!("the key ring has no current key for {name}"));
        let current =
            |record: &&KeyRecord| record.purpose == purpose && record.state == KeyState::Current;
        let twice = FIRST.1.iter().find(current).expect("a key").clone();
        let message = open_error(&[FIRST.1.clone(), vec![twice.clone()]].concat());
        assert!(message.contains("more than one current") && message.contains(&twice.kid));
    }
}

#[test]
fn a_record_opens_unaltered_under_its_master_only() {
    let other_master = KeyRing::open(&MasterKey::generate(), &FIRST.1);
    assert!(matches!(other_master, Err(SecurityError::Unwrap { .. })));
    for at in 0..FIRST.1.len() {
        let mut records = FIRST.1.clone();
        records[at].kid = "exchange".to_owned();
        let message = open_error(&records);
        assert!(message.contains(&format!("{}/exchange", records[at].purpose)), "{message}");
        let mut records = FIRST.1.clone();
        records[at].wrapped = FIRST.1[(at + 1) % FIRST.1.len()].wrapped.clone();
        assert!(open_error(&records).contains(&records[at].kid));
    }
}

#[test]
fn subjects_are_pairwise_and_unambiguous() {
    let ring = open(&FIRST.1);
    let subject = ring.subject("shop-a", "CAF0000000001", 1);
    assert_eq!(subject.len(), 43);
    assert_eq!(subject, open(&FIRST.1).subject("shop-a", "CAF0000000001", 1));
    let all = [
        subject,
        ring.subject("shop-b", "CAF0000000001", 1),
        ring.subject("shop-a", "CAF0000000002", 1),
        ring.subject("shop-a", "CAF0000000001", 2),
        ring.subject("shop-aCAF", "0000000001", 1),
        ring.subject("", "shop-aCAF0000000001", 1),
    ];
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
}

#[test]
fn names_are_found_without_regard_to_case() {
    // R-092
    let ring = open(&FIRST.1);
    assert_eq!(ring.name_hash("user01"), ring.name_hash("USER01"));
    assert_ne!(ring.name_hash("user01"), ring.name_hash("user02"));
    assert_ne!(ring.name_hash("user01"), ring.name_hash("user0"));
}

#[test]
fn jwks_shows_public_halves_only() {
    let jwks = open(&FIRST.1).jwks();
    let keys = jwks["keys"].as_array().expect("a list");
    assert_eq!(keys.len(), 4);
    for key in keys {
        let mut names: Vec<_> = key.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        let expected: &[&str] = match key["kty"].as_str() {
            Some("RSA") => &["alg", "e", "kid", "kty", "n", "use"],
            _ => &["alg", "crv", "kid", "kty", "use", "x", "y"],
        };
        assert_eq!(names, expected, "nothing private");
        assert_eq!(key["use"], "sig");
    }
    let algorithms: Vec<_> = keys.iter().map(|key| &key["alg"]).collect();
    assert_eq!(algorithms, ["RS256", "RS256", "ES256", "ES256"]);
    let modulus = keys[0]["n"].as_str().expect("text");
    assert_eq!(modulus.len(), 342, "2048 bits in base64url");
}

#[test]
fn a_client_can_check_what_is_signed() {
    let ring = open(&FIRST.1);
    let claims = json!({ "iss": "https://id.example", "sub": "s" });
    for algorithm in SigningAlgorithm::ALL {
        let token = ring.sign(algorithm, &claims).expect("signed");
        let header = jsonwebtoken::decode_header(&token).expect("a header");
        let expected =
            if algorithm == SigningAlgorithm::Rs256 { Algorithm::RS256 } else { Algorithm::ES256 };
        assert_eq!(header.alg, expected);
        assert_eq!(verified_claims(&ring.jwks(), &token).as_ref(), Some(&claims));
        let (head, signature) = token.rsplit_once('.').expect("three parts");
        let altered = format!("{head}A.{signature}");
        assert_eq!(verified_claims(&ring.jwks(), &altered), None);
    }
}

#[test]
fn signing_keys_rotate_without_a_gap() {
    let algorithm = SigningAlgorithm::Es256;
    let claims = json!({ "sub": "s" });
    let rotate = |records: &[KeyRecord]| {
        KeyRing::rotate_signing(&FIRST.0, records, algorithm, NOW_S + 1).expect("rotated")
    };
    let first = open(&FIRST.1);
    let by_first = first.sign(algorithm, &claims).expect("signed");
    let once = rotate(&FIRST.1);
    let second = open(&once);
    let by_second = second.sign(algorithm, &claims).expect("signed");
    assert!(verified_claims(&first.jwks(), &by_second).is_some(), "the next key was known before");
    assert!(verified_claims(&second.jwks(), &by_first).is_some(), "the previous is known after");
    let twice = rotate(&once);
    let third = open(&twice);
    assert!(verified_claims(&third.jwks(), &by_second).is_some());
    assert!(verified_claims(&third.jwks(), &by_first).is_none(), "the oldest is gone");
    assert_eq!(third.jwks()["keys"].as_array().map(Vec::len), Some(5));
    let untouched = |records: &[KeyRecord]| -> Vec<KeyRecord> {
        let of_others = |record: &&KeyRecord| record.purpose != KeyPurpose::SignEs256;
        records.iter().filter(of_others).cloned().collect()
    };
    assert_eq!(untouched(&twice), untouched(&FIRST.1));
}

#[test]
fn the_sealing_key_rotates() {
    let seal = |records: &[KeyRecord]| {
        open(records).sealer().seal(Purpose::Flow, &1, NOW_S + 60).expect("a token")
    };
    let opens = |records: &[KeyRecord], token: &str| {
        open(records).sealer().open::<i32>(Purpose::Flow, token, NOW_S).is_ok()
    };
    let rotate = |records: &[KeyRecord]| {
        KeyRing::rotate_seal(&FIRST.0, records, NOW_S + 1).expect("rotated")
    };
    let once = rotate(&FIRST.1);
    let twice = rotate(&once);
    let (by_first, by_second) = (seal(&FIRST.1), seal(&once));
    assert!(opens(&once, &by_first) && opens(&twice, &by_second));
    assert!(!opens(&twice, &by_first), "the oldest is gone");
    assert!(!opens(&FIRST.1, &by_second), "a new key was made");
    assert_eq!(open(&twice).name_hash("a"), open(&FIRST.1).name_hash("a"), "names never rotate");
    assert_eq!(open(&twice).subject("a", "b", 1), open(&FIRST.1).subject("a", "b", 1));
}

#[test]
fn rotation_without_a_next_key_is_refused() {
    let mut records = FIRST.1.clone();
    records.retain(|record| record.state != KeyState::Next);
    let rotated = KeyRing::rotate_signing(&FIRST.0, &records, SigningAlgorithm::Rs256, NOW_S)
        .expect_err("no");
    assert_eq!(rotated.to_string(), "the key ring has no next key for sign_rs256");
}

#[test]
fn a_running_ring_takes_rotated_keys_and_still_opens_what_it_sealed_before() {
    let ring = open(&FIRST.1);
    let before = ring.sealer().seal(Purpose::Flow, &"before", NOW_S + 60).expect("sealed");
    let signed = ring.sign(SigningAlgorithm::Es256, &json!({ "n": 1 })).expect("signed");
    let known = ring.jwks();
    let rotated = KeyRing::rotate_seal(&FIRST.0, &FIRST.1, NOW_S).expect("rotated");
    let rotated = KeyRing::rotate_signing(&FIRST.0, &rotated, SigningAlgorithm::Es256, NOW_S);
    let subject = ring.subject("client", "CAF0000012573", 1);
    ring.exchange(open(&rotated.expect("rotated")));
    assert_eq!(ring.sealer().open::<String>(Purpose::Flow, &before, NOW_S), Ok("before".into()));
    assert!(verified_claims(&ring.jwks(), &signed).is_some());
    let fresh = ring.sign(SigningAlgorithm::Es256, &json!({ "n": 2 })).expect("signed");
    assert!(verified_claims(&known, &fresh).is_some(), "the next key was shown beforehand");
    assert_eq!(ring.subject("client", "CAF0000012573", 1), subject, "`sub` never changes");
}

#[test]
fn a_key_is_taken_away_when_nothing_it_made_is_left() {
    let seal = |records: &[KeyRecord], now_s| KeyRing::rotate_seal(&FIRST.0, records, now_s);
    let opens =
        |records: &[KeyRecord]| KeyRing::rotation_opens_at_s(records, KeyPurpose::Seal, 3_600);
    assert_eq!(opens(&FIRST.1), None, "the first rotation takes nothing away");
    let once = seal(&FIRST.1, NOW_S + 10).expect("rotated");
    assert_eq!(opens(&once), Some(NOW_S + 10 + 3_600));
    let twice = seal(&once, NOW_S + 10_000).expect("rotated");
    assert_eq!(opens(&twice), Some(NOW_S + 10_000 + 3_600));
    assert_eq!(KeyRing::rotation_opens_at_s(&twice, KeyPurpose::SignRs256, 300), None);
}
