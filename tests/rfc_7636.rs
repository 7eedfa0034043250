//! RFC 7636, Proof Key for Code Exchange, section by section, where S256 is the only method.
//!
//! Does not apply: 4.2 and 4.3 `plain` (refused, see here), 5 compatibility (every client has to use
//! it), 6 (registries). Proved elsewhere: appendix B (`web::provider::token`), 4.6 another
//! verifier (`provider_tokens`).

mod common;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{
    CHALLENGE, Demo, REDIRECT_URI, VERIFIER,
    door::{assert_error, code_with, push_with, quiet, request_uri, stored},
};
use linepass::security::mac;

/// The S256 challenge of a verifier (section 4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac::sha256(verifier.as_bytes()))
}

#[test]
fn a_verifier_has_43_to_128_unreserved_characters_rfc_7636_4_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let every = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    let text = |length: usize| every.chars().cycle().take(length).collect::<String>();
    let verifiers = [
        (text(43), 200),
        (text(66), 200),
        (text(128), 200),
        (text(42), 400),
        (text(129), 400),
        (format!("{}+", text(43)), 400),
        (format!("{}\n", text(43)), 400),
        (format!("{}名", text(43)), 400),
    ];
    for (verifier, status) in verifiers {
        let fitting = challenge(&verifier);
        let changes = [("code_challenge", Some(&*fitting))];
        let code = code_with(&demo, &provider, "sakura01", &changes);
        let answer = provider.exchange_with(&code, &verifier, REDIRECT_URI);
        assert_eq!(answer.status, status, "{verifier}: {answer:?}");
        if status == 400 {
            assert_error(&answer, 400, "invalid_grant", "code_verifier");
        }
    }
}

#[test]
fn a_challenge_is_43_characters_of_base64url_rfc_7636_4_2() {
    let demo = quiet();
    let (provider, before) = (demo.provider(), stored(&demo));
    let of = |length: usize| "a".repeat(length);
    let last = |end: &str| format!("{}{end}", of(42));
    for wrong in [of(42), of(44), of(128), last("="), last("+"), last("/"), last("~"), last("é")] {
        let refused = push_with(&provider, None, &[("code_challenge", Some(&wrong))]);
        assert_error(&refused, 400, "invalid_request", "code_challenge");
    }
    assert_eq!(stored(&demo), before);
}

#[test]
fn the_method_is_never_plain_by_leaving_it_away_rfc_7636_4_3() {
    let demo = Demo::start();
    let provider = demo.provider();
    for method in [None, Some(""), Some("plain"), Some("s256"), Some("S256 "), Some("S512")] {
        let refused = push_with(&provider, None, &[("code_challenge_method", method)]);
        // Section 4.4.1: the description says what is the matter.
        assert_error(&refused, 400, "invalid_request", "code_challenge_method: must be S256");
    }
}

#[test]
fn neither_code_nor_request_uri_tells_the_challenge_rfc_7636_4_4() {
    let demo = Demo::start();
    let provider = demo.provider();
    let code = code_with(&demo, &provider, "sakura01", &[]);
    let uri = request_uri(&push_with(&provider, None, &[]));
    let raw = URL_SAFE_NO_PAD.decode(CHALLENGE).expect("base64url");
    for told in [code, uri] {
        assert!(!told.contains(CHALLENGE), "{told}");
        for piece in told.split(['.', ':', '?', '=']) {
            let Ok(bytes) = URL_SAFE_NO_PAD.decode(piece) else { continue };
            let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            assert!(!holds(CHALLENGE.as_bytes()) && !holds(&raw), "{piece}");
        }
    }
}

#[test]
fn a_push_without_a_challenge_is_told_so_rfc_7636_4_4_1() {
    let demo = Demo::start();
    let provider = demo.provider();
    let both = [("code_challenge", None), ("code_challenge_method", None)];
    for changes in [&both[..1], &both] {
        let refused = push_with(&provider, None, changes);
        assert_error(&refused, 400, "invalid_request", "code_challenge");
    }
}

#[test]
fn each_code_has_the_verifier_of_its_own_request_rfc_7636_4_6() {
    let demo = Demo::start();
    let provider = demo.provider();
    let other = "0123456789-0123456789_0123456789.0123456789~";
    let fitting = challenge(other);
    let first = code_with(&demo, &provider, "sakura01", &[]);
    let changes = [("code_challenge", Some(&*fitting))];
    let second = code_with(&demo, &provider, "sakura01", &changes);
    let refused = [
        (&first, other),
        (&second, VERIFIER),
        // As `plain` would have it.
        (&first, CHALLENGE),
        (&second, &*fitting),
        (&first, &*VERIFIER.to_uppercase()),
    ]
    .map(|(code, verifier)| provider.exchange_with(code, verifier, REDIRECT_URI));
    for answer in &refused {
        assert_error(answer, 400, "invalid_grant", "code_verifier");
    }
    assert_eq!(provider.exchange_with(&second, other, REDIRECT_URI).status, 200);
    assert_eq!(provider.exchange(&first).status, 200);
}
