//! Sealed tokens, which cookies, codes and `request_uri`s are (`security::sealed`): what nobody sealed
//! opens nothing, and what was sealed opens for its purpose alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::security::{Purpose, Sealer};

const PURPOSES: [Purpose; 3] = [Purpose::Flow, Purpose::PushedOrder, Purpose::AuthorizationCode];

fuzz_target!(|bytes: &[u8]| {
    let sealer = Sealer::new(("k2".to_owned(), [2; 32]), vec![("k1".to_owned(), [1; 32])]);
    let text = String::from_utf8_lossy(bytes);
    for purpose in PURPOSES {
        assert!(sealer.open::<serde_json::Value>(purpose, &text, 0).is_err(), "a forgery: {text}");
    }
    // The first two bytes choose what is spoilt of a token that holds the rest.
    let Some((choice, content)) = bytes.split_first_chunk::<2>() else { return };
    let content = String::from_utf8_lossy(content).into_owned();
    let purpose = PURPOSES[usize::from(choice[0]) % PURPOSES.len()];
    let Ok(token) = sealer.seal(purpose, &content, 10) else { return };
    assert_eq!(sealer.open::<String>(purpose, &token, 9).as_ref().ok(), Some(&content));
    assert!(sealer.open::<String>(purpose, &token, 10).is_err(), "it is over");
    for other in PURPOSES.into_iter().filter(|other| *other != purpose) {
        assert!(sealer.open::<String>(other, &token, 9).is_err(), "another purpose");
    }
    let place = usize::from(choice[1]) % token.len();
    let spoilt: String = token
        .char_indices()
        .map(|(at, c)| if at == place { if c == 'A' { 'B' } else { 'A' } } else { c })
        .collect();
    assert!(sealer.open::<String>(purpose, &spoilt, 9).is_err(), "spoilt at {place}: {spoilt}");
});
