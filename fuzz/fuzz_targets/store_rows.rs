//! Rows of the store (`store`): whatever stands there is read or refused, never half of it, and what is
//! read is written as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linepass::{
    domain::{
        line::{Entry, Line},
        provider::ProviderEvent,
        system::SystemEvent,
    },
    security::{KeyRecord, password::check_imported},
    store::{
        Block, Holder, PersonalRow, WebhookState, key,
        record::{self, bill_row, from_json, mail_row, owner_row, to_json},
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// A body that is read is written and read again as the same.
fn reads_back<T: Serialize + DeserializeOwned>(body: &[u8]) {
    if let Ok(value) = from_json::<T>("here", body) {
        let written = to_json(&value);
        let again: T = from_json("here", &written).expect("its own JSON");
        assert_eq!(to_json(&again), written);
    }
}

fn keys(bytes: &[u8]) {
    let readable = key::readable(bytes);
    assert!(!readable.contains(char::is_control), "{readable:?}");
    if let Some(place) = key::mail_place(bytes) {
        assert_eq!(key::mail(&place), bytes);
    }
    if let Some(place) = key::bill_place(bytes) {
        let month = std::str::from_utf8(&bytes[2..9]).expect("text").parse().expect("a month");
        assert_eq!(key::bill(month, &place), bytes);
    }
    if let Some(number) = key::number_of_block(bytes) {
        assert_eq!(key::block(number), bytes);
    }
    if let Some((customer, row)) = key::place_of_personal(bytes) {
        assert_eq!(key::personal(customer, row), bytes);
    }
    if let Some((stream, seq)) = key::place_of_snapshot(bytes) {
        assert_eq!(key::snapshot(&stream, seq), bytes);
    }
    if let Some((stream, seq)) = key::stream_of_event(bytes).zip(key::seq_of_event(bytes)) {
        assert_eq!(key::event(&stream, seq), bytes);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    if let Ok((block, body)) = record::decode(b"key", rest) {
        assert_eq!(record::encode(block, body), rest);
    }
    match kind % 12 {
        0 => {
            if let Ok(block) = Block::decode(7, rest) {
                assert_eq!(block.encode(), rest);
                assert!(block.entries.iter().all(|e| Block::names(rest, &e.stream, e.seq)));
            }
        }
        1 => reads_back::<Entry>(rest),
        2 => reads_back::<PersonalRow>(rest),
        3 => reads_back::<Holder>(rest),
        4 => reads_back::<WebhookState>(rest),
        5 => reads_back::<KeyRecord>(rest),
        6 => reads_back::<Line>(rest),
        7 => reads_back::<Entry<ProviderEvent>>(rest),
        8 => reads_back::<Entry<SystemEvent>>(rest),
        9 => keys(rest),
        10 => {
            let _ = check_imported(&String::from_utf8_lossy(rest));
        }
        _ => {
            let (key, body) = rest.split_at(rest.len().min(48));
            let _ = (mail_row(key, body).is_ok(), owner_row(key, body).is_ok());
            let _ = bill_row(key, body).is_ok();
        }
    }
});
