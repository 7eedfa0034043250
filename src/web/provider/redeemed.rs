//! Codes that were exchanged, remembered for as long as one could still be used, and access
//! tokens that end because their code came twice (RFC 6749 section 4.1.2). In memory: a code from
//! before the last start is refused anyway.

use crate::security::mac::sha256;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The codes of the last minutes.
#[derive(Default)]
pub struct RedeemedCodes {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When a code's tokens have expired, and whether it came twice.
    codes: HashMap<Key, Redeemed>,
    swept_at_s: i64,
}

struct Redeemed {
    forget_at_s: i64,
    twice: bool,
}

/// Half of the hash of a code's ID: there are as many of these as purchases in the lifetime of a token, and the
/// IDs, of 128 random bits, would take three times the memory as texts.
type Key = [u8; 16];

fn key(code_id: &str) -> Key {
    let hash = sha256(code_id.as_bytes());
    std::array::from_fn(|place| hash[place])
}

impl RedeemedCodes {
    /// Notes that a code is exchanged; false when it was before, and then its access token is
    /// over. It is remembered until `forget_at_s`.
    pub fn redeem(&self, code_id: &str, now_s: i64, forget_at_s: i64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sweep(now_s);
        if let Some(code) = state.codes.get_mut(&key(code_id)) {
            code.twice = true;
            return false;
        }
        state.codes.insert(key(code_id), Redeemed { forget_at_s, twice: false });
        true
    }

    /// Notes that a code came again after its own time: if it is remembered, its access token is
    /// over. A code that was never exchanged is not remembered by this.
    pub fn came_again(&self, code_id: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = state.codes.get_mut(&key(code_id)) {
            code.twice = true;
        }
    }

    /// Whether the code came twice.
    pub fn came_twice(&self, code_id: &str) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.codes.get(&key(code_id)).is_some_and(|code| code.twice)
    }
}

impl State {
    /// Forgets what has expired, once a minute.
    fn sweep(&mut self, now_s: i64) {
        if now_s - self.swept_at_s >= 60 {
            self.codes.retain(|_, code| code.forget_at_s > now_s);
            self.swept_at_s = now_s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_exchanged_once_and_its_token_ends_when_it_comes_twice() {
        let codes = RedeemedCodes::default();
        assert!(codes.redeem("a", 100, 700));
        assert!(!codes.came_twice("a"));
        assert!(!codes.redeem("a", 101, 700));
        assert!(codes.came_twice("a"));
        assert!(codes.redeem("b", 101, 701));
    }

    #[test]
    fn a_code_that_comes_again_late_ends_its_token_and_one_never_exchanged_takes_no_room() {
        let codes = RedeemedCodes::default();
        assert!(codes.redeem("a", 100, 700));
        codes.came_again("a");
        codes.came_again("never exchanged");
        assert!(codes.came_twice("a") && !codes.came_twice("never exchanged"));
        assert_eq!(codes.state.lock().expect("no panic").codes.len(), 1);
    }

    #[test]
    fn what_has_expired_is_forgotten() {
        let codes = RedeemedCodes::default();
        for number in 0..1_000 {
            codes.redeem(&number.to_string(), 100, 700);
        }
        codes.redeem("late", 800, 1_400);
        assert_eq!(codes.state.lock().expect("no panic").codes.len(), 1);
    }
}
